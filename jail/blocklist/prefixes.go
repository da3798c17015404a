package blocklist

import (
	"cmp"
	"net/netip"
	"slices"

	"gaol/jail"
)

// Merge returns the fewest prefixes that hold what prefixes do, and nothing else, in order: those that lie in others
// go, two halves become the whole, though no wider than MaxIPv4 and MaxIPv6. It works in place.
func Merge(prefixes []netip.Prefix) []netip.Prefix {
	slices.SortFunc(prefixes, compare)
	merged := prefixes[:0]
	for _, p := range prefixes {
		if n := len(merged); n > 0 && merged[n-1].Contains(p.Addr()) {
			continue
		}
		merged = append(merged, p)
		for n := len(merged); n > 1; n-- {
			whole, ok := join(merged[n-2], merged[n-1])
			if !ok {
				break
			}
			merged = append(merged[:n-2], whole)
		}
	}
	return merged
}

// compare orders prefixes by where they begin, the wider first.
func compare(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return cmp.Compare(a.Bits(), b.Bits())
}

// join is the prefix of which a and b are the halves.
func join(a, b netip.Prefix) (whole netip.Prefix, ok bool) {
	if a.Bits() != b.Bits() || a.Bits() <= narrowest(a) || a.Addr().BitLen() != b.Addr().BitLen() {
		return netip.Prefix{}, false
	}
	whole = netip.PrefixFrom(a.Addr(), a.Bits()-1)
	return whole, whole.Masked() == whole && whole.Contains(b.Addr())
}

// Networks are some that must not be refused.
type Networks interface {
	// Overlaps says whether p holds or is held by one of them, and why that is one.
	Overlaps(p netip.Prefix) (why string, ok bool)
	// Holds says whether all of p is theirs.
	Holds(p netip.Prefix) (why string, ok bool)
}

// Outside leaves out of prefixes who must not be refused: the reserved networks, and spared. Prefixes that are all theirs go. inside is
// what the others hold of them: it lies in one of kept each. touched is how many prefixes that were. If none goes, kept is prefixes
// itself.
func Outside(prefixes []netip.Prefix, spared Networks) (kept, inside []netip.Prefix, touched int) {
	both := either{reservedNetworks{}, spared}
	gone := 0
	for i, p := range prefixes {
		_, overlaps := both.Overlaps(p)
		if overlaps {
			touched++
			if _, holds := both.Holds(p); holds || p.IsSingleIP() {
				if gone++; gone == 1 {
					kept = slices.Clone(prefixes[:i])
				}
				continue
			}
			inside = appendInside(inside, p, both)
		}
		if gone > 0 {
			kept = append(kept, p)
		}
	}
	if gone == 0 {
		kept = prefixes
	}
	return kept, inside, touched
}

// appendInside appends what p holds of spared, in order.
func appendInside(to []netip.Prefix, p netip.Prefix, spared Networks) []netip.Prefix {
	if _, overlaps := spared.Overlaps(p); !overlaps {
		return to
	}
	if _, holds := spared.Holds(p); holds || p.IsSingleIP() {
		return append(to, p)
	}
	lower, upper := jail.Halves(p)
	return appendInside(appendInside(to, lower, spared), upper, spared)
}

// either is what one or the other has.
type either struct{ one, other Networks }

// Overlaps implements [Networks].
func (e either) Overlaps(p netip.Prefix) (string, bool) {
	if why, ok := e.one.Overlaps(p); ok {
		return why, true
	}
	return e.other.Overlaps(p)
}

// Holds implements [Networks].
func (e either) Holds(p netip.Prefix) (string, bool) {
	if why, ok := e.one.Holds(p); ok {
		return why, true
	}
	return e.other.Holds(p)
}

// common is the longest prefix that holds both addresses.
func common(a, b netip.Addr) netip.Prefix {
	for bits := a.BitLen(); ; bits-- {
		if p := netip.PrefixFrom(a, bits).Masked(); p.Contains(b) {
			return p
		}
	}
}

// cover appends the prefixes inside of p that make up the range from first to last.
func cover(to []netip.Prefix, p netip.Prefix, first, last netip.Addr) []netip.Prefix {
	end := lastOf(p)
	switch {
	case end.Less(first) || last.Less(p.Addr()):
		return to
	case !p.Addr().Less(first) && !last.Less(end):
		return append(to, p)
	}
	lower, upper := jail.Halves(p)
	return cover(cover(to, lower, first, last), upper, first, last)
}

// lastOf is the last address of p.
func lastOf(p netip.Prefix) netip.Addr {
	raw := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(raw)
	return addr
}

// Find is the one of prefixes, which are as Merge leaves them, that holds p; ok is false if none does.
func Find(prefixes []netip.Prefix, p netip.Prefix) (entry netip.Prefix, ok bool) {
	i, exact := slices.BinarySearchFunc(prefixes, p, compare)
	if exact {
		return prefixes[i], true
	}
	if i == 0 || prefixes[i-1].Bits() > p.Bits() || !prefixes[i-1].Contains(p.Addr()) {
		return netip.Prefix{}, false
	}
	return prefixes[i-1], true
}
