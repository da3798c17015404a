package leak_test

import (
	"net/netip"
	"testing"

	"gaol/action"
	"gaol/cmd/internal/leak"
)

func TestAccused(t *testing.T) {
	rule := action.Rule{Jail: "web", Protocol: "tcp", Ports: []action.Port{{First: 80, Last: 80}}}
	conns := func(n int, port uint16, open bool) []leak.Conn {
		var list []leak.Conn
		for range n {
			list = append(list, leak.Conn{Protocol: "tcp", Port: port, To: end("10.0.1.1:80"), Open: open})
		}
		return list
	}
	for _, tt := range []struct {
		name  string
		addr  string
		facts leak.Facts
		want  bool
	}{
		{"most of the connections", "10.0.0.5", leak.Facts{Conns: conns(4, 80, true), Connected: 3}, true},
		{"half of them", "10.0.0.5", leak.Facts{Conns: conns(4, 80, true), Connected: 4}, false},
		{"few", "10.0.0.5", leak.Facts{Conns: conns(3, 80, true)}, false},
		{"ended ones", "10.0.0.5", leak.Facts{Conns: conns(4, 80, false)}, false},
		{"of another port", "10.0.0.5", leak.Facts{Conns: conns(4, 22, true)}, false},
		{"a stranger", "203.0.113.7", leak.Facts{Conns: conns(40, 80, true)}, false},
		{"an address of the host", "203.0.113.7", leak.Facts{Conns: conns(40, 80, true), Own: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := netip.MustParseAddr(tt.addr)
			tt.facts.Prefix, tt.facts.Rule = netip.PrefixFrom(addr, addr.BitLen()), rule
			if _, _, got := leak.Accused(tt.facts); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
