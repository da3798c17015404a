package action

import (
	"net/netip"
	"time"

	"gaol/jail"
)

// Tick is the longest that a kernel's clock stands still between two steps (CONFIG_HZ=100). It
// counts a timeout from the last of them.
const Tick = 10 * time.Millisecond

// Member is what a firewall set holds of a ban.
type Member struct {
	// Prefix is masked, and never an IPv4 address in IPv6 clothes.
	Prefix netip.Prefix
	// Timeout is how long it is to be held from now on, with a [Tick] more, so that no ban ends
	// before its time; 0: for ever.
	Timeout time.Duration
}

// Members returns what sets must hold for bans from now on, a prefix once and
// the last word about it. Left out are bans that are over at now, and those of ids.
// The zero time as now stands for "whenever": then no ban is over and no
// Timeout is set, as is right for taking them out.
func Members(bans []jail.Ban, now time.Time) (v4, v6 []Member) {
	seen := make(map[netip.Prefix]int, len(bans))
	for _, b := range bans {
		p, ok := Normal(b.Prefix)
		if b.ID != "" || !ok || !now.IsZero() && b.Over(now) {
			continue
		}
		m := Member{Prefix: p}
		if !b.Forever() && !now.IsZero() {
			m.Timeout = b.End.Sub(now) + Tick
		}
		list := &v6
		if p.Addr().Is4() {
			list = &v4
		}
		if i, dup := seen[p]; dup {
			(*list)[i] = m
			continue
		}
		seen[p] = len(*list)
		*list = append(*list, m)
	}
	return v4, v6
}

// Normal returns p as the kernel sees its packets: host bits cut off, and
// ::ffff:192.0.2.0/120 as 192.0.2.0/24, since such packets travel as IPv4. It
// is false for a prefix that is not valid.
func Normal(p netip.Prefix) (netip.Prefix, bool) {
	if !p.IsValid() {
		return netip.Prefix{}, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
