package nftables

import (
	"math"
	"net/netip"
	"slices"

	"gaol/jail"
)

// kindsOf are those that prefixes are of, IPv4 first and the longest first, which most entries are of.
func kindsOf(prefixes []netip.Prefix) []kind {
	var seen [2][129]bool
	for _, p := range prefixes {
		family := 0
		if p.Addr().Is6() {
			family = 1
		}
		seen[family][p.Bits()] = true
	}
	var kinds []kind
	for family, lengths := range seen {
		for bits, is := range slices.Backward(lengths[:]) {
			if is {
				kinds = append(kinds, kind{v6: family == 1, bits: bits})
			}
		}
	}
	return kinds
}

// maxLengths is how many prefix lengths of IPv6 a rule can look for: it has less than 4 KiB (the 12 bits of dlen in struct nft_rule,
// net/netfilter/nf_tables.h), of which each length takes some 120 bytes. IPv4 has 25 at most, from /8 on.
const maxLengths = 30

// fewerLengths returns prefixes, cut into longer ones where there are more lengths of IPv6 than a rule can look for: some four times as
// many if all lengths are used alike. That also bounds what a list can make each packet cost.
func fewerLengths(prefixes []netip.Prefix) []netip.Prefix {
	var counts [129]int
	for _, p := range prefixes {
		if p.Addr().Is6() {
			counts[p.Bits()]++
		}
	}
	kept, all := keptLengths(counts)
	if all {
		return prefixes
	}
	cut := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		bits := p.Bits()
		if p.Addr().Is6() {
			next, _ := slices.BinarySearch(kept, bits)
			bits = kept[next]
		}
		cut = appendCut(cut, p, bits)
	}
	return cut
}

// keptLengths are those that remain, in order, of lengths that are used so often: one after the other goes, always the one whose
// prefixes are the fewest once they are cut into those of the next. all says that none had to.
func keptLengths(counts [129]int) (kept []int, all bool) {
	for bits, n := range counts {
		if n > 0 {
			kept = append(kept, bits)
		}
	}
	if len(kept) <= maxLengths {
		return kept, true
	}
	for len(kept) > maxLengths {
		cheapest, least := 0, math.Inf(1)
		for i := range len(kept) - 1 {
			if cost := math.Ldexp(float64(counts[kept[i]]), kept[i+1]-kept[i]); cost < least {
				cheapest, least = i, cost
			}
		}
		counts[kept[cheapest+1]] += int(least)
		kept = slices.Delete(kept, cheapest, cheapest+1)
	}
	return kept, false
}

// appendCut appends p, cut into prefixes of bits.
func appendCut(to []netip.Prefix, p netip.Prefix, bits int) []netip.Prefix {
	if p.Bits() == bits {
		return append(to, p)
	}
	lower, upper := jail.Halves(p)
	return appendCut(appendCut(to, lower, bits), upper, bits)
}
