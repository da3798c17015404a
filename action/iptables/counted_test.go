package iptables

import (
	"testing"

	"gaol/action"
)

func TestParseCounts(t *testing.T) {
	const out = `Chain gaol-web (2 references)
    pkts      bytes target     prot opt in     out     source               destination
      12      720 REJECT     0    --  *      *       0.0.0.0/0            0.0.0.0/0            reject-with icmp-port-unreachable
       3      180 DROP       all  --  *      *       0.0.0.0/0            0.0.0.0/0
    9999    99999 RETURN     all  --  *      *       0.0.0.0/0            0.0.0.0/0
 nonsense
`
	if got := parseCounts(out); got != (action.Counts{Packets: 15, Bytes: 900}) {
		t.Errorf("got %+v", got)
	}
}
