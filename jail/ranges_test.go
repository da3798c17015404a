package jail_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"gaol/jail"
)

// TestIgnoreAgreesWithPackageNetip asks lists of all kinds of prefixes, far apart and close together,
// and compares with looking at each entry.
func TestIgnoreAgreesWithPackageNetip(t *testing.T) {
	for _, tt := range []struct {
		name   string
		family string
		spread int // how many of the first bits are chance, besides the last byte
	}{
		{"IPv4 everywhere", "IPv4", 32},
		{"IPv4 close together", "IPv4", 4},
		{"IPv6 everywhere", "IPv6", 128},
		{"IPv6 close together", "IPv6", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(tt.spread), 7))
			for round := range 200 {
				var entries []string
				var prefixes []netip.Prefix
				for range random.IntN(40) {
					p := randomPrefix(random, tt.family, tt.spread)
					prefixes, entries = append(prefixes, p), append(entries, p.String())
				}
				ig, err := jail.NewIgnore(entries, jail.IgnoreOptions{})
				if err != nil {
					t.Fatal(err)
				}
				for range 100 {
					p := randomPrefix(random, tt.family, tt.spread)
					want := false
					for _, q := range prefixes {
						want = want || p.Overlaps(q)
					}
					rule, got := ig.Overlaps(p)
					if got != want {
						t.Fatalf("round %d: %v in %v: got %t, want %t", round, p, prefixes, got, want)
					}
					if got && !netip.MustParsePrefix(rule[len("ignoreip "):]).Overlaps(p) {
						t.Fatalf("round %d: %v is ignored by %q", round, p, rule)
					}
				}
			}
		})
	}
}

func randomPrefix(random *rand.Rand, family string, spread int) netip.Prefix {
	text := "16.0.0.0"
	if family == "IPv6" {
		text = "2001:db8::"
	}
	a := addr(text).AsSlice()
	for bit := range min(spread, 8*len(a)) {
		a[bit/8] ^= byte(random.IntN(2)) << (bit % 8)
	}
	a[len(a)-1] = byte(random.IntN(256))
	made, _ := netip.AddrFromSlice(a)
	bits := made.BitLen()
	if random.IntN(3) > 0 {
		bits = 1 + random.IntN(bits)
	}
	p, err := made.Prefix(bits)
	if err != nil {
		panic(fmt.Sprintf("%v/%d: %v", made, bits, err))
	}
	return p
}
