package jail

import (
	"net/netip"
	"slices"
)

// ranges finds the prefix that holds an address, in time that grows with the logarithm of
// their number.
//
// Two prefixes are either apart or one lies in the other. Without those that lie in another one, a
// sorted list has at most one candidate: the last that does not begin behind the address.
type ranges struct {
	v4, v6 []rule
}

func newRanges(rules []rule) *ranges {
	var r ranges
	for _, x := range rules {
		if x.prefix.Addr().Is4() {
			r.v4 = append(r.v4, x)
		} else {
			r.v6 = append(r.v6, x)
		}
	}
	r.v4, r.v6 = outermost(r.v4), outermost(r.v6)
	return &r
}

// outermost sorts rules and drops those that lie in another one; of equal ones the first stays.
func outermost(rules []rule) []rule {
	slices.SortStableFunc(rules, func(a, b rule) int {
		if c := a.prefix.Addr().Compare(b.prefix.Addr()); c != 0 {
			return c
		}
		return a.prefix.Bits() - b.prefix.Bits()
	})
	kept := rules[:0]
	for _, x := range rules {
		if n := len(kept); n == 0 || !kept[n-1].prefix.Contains(x.prefix.Addr()) {
			kept = append(kept, x)
		}
	}
	return slices.Clip(kept)
}

func (r *ranges) of(addr netip.Addr) []rule {
	if addr.Is4() {
		return r.v4
	}
	return r.v6
}

// after is the number of rules that do not begin behind addr.
func after(rules []rule, addr netip.Addr) int {
	n, found := slices.BinarySearchFunc(rules, addr, func(x rule, a netip.Addr) int { return x.prefix.Addr().Compare(a) })
	if found {
		n++
	}
	return n
}

func (r *ranges) match(addr netip.Addr) (name string, ok bool) {
	rules := r.of(addr)
	if n := after(rules, addr); n > 0 && rules[n-1].prefix.Contains(addr) {
		return rules[n-1].name, true
	}
	return "", false
}

// overlaps finds a rule that holds p, or the first that lies in p.
func (r *ranges) overlaps(p netip.Prefix) (name string, ok bool) {
	rules := r.of(p.Addr())
	n := after(rules, p.Addr())
	if n > 0 && rules[n-1].prefix.Overlaps(p) {
		return rules[n-1].name, true
	}
	if n < len(rules) && rules[n].prefix.Overlaps(p) {
		return rules[n].name, true
	}
	return "", false
}
