package daemon

import (
	"net/netip"
	"testing"
	"time"
)

func TestAccusedProxiesPass(t *testing.T) {
	var a accusedProxies
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for i := range 100 {
		addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
		a.see(netip.PrefixFrom(addr, 32), now.Add(time.Duration(i)*time.Second))
	}
	if got := len(a.problems(now)); got != proxiesShown {
		t.Errorf("%d problems", got)
	}
	a.see(netip.MustParsePrefix("10.0.0.2/32"), now.Add(proxyHold))
	got := a.problems(now.Add(proxyHold + time.Minute))
	if len(got) != 1 || got["10.0.0.2/32"] == "" {
		t.Errorf("got %v", got)
	}
}
