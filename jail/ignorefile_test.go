package jail

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// Whatever a file says, an address it names is ignored and a fault is told, and what is
// read means the same when it is written out again.
func FuzzIgnoreFile(f *testing.F) {
	for _, seed := range []string{
		"192.0.2.1", "# x\n10.0.0.0/8, ::1", "a;b ;c", "10.0.0.0/255.0.0.0", "\x00\xff", "::ffff:1.2.3.4/96", "1.2.3.4/33", "fe80::1%eth0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		prefixes, faults := parseList(text)
		words := 0
		var again strings.Builder
		for line := range strings.SplitSeq(text, "\n") {
			words += len(strings.FieldsFunc(withoutComment(line), isSeparator))
		}
		if n := len(prefixes) + len(faults); n != words && len(faults) <= maxListFaults {
			t.Fatalf("%d words, but %d prefixes and %d faults", words, len(prefixes), len(faults))
		}
		rules := make([]rule, 0, len(prefixes))
		for _, p := range prefixes {
			if p != p.Masked() || p.Addr().Is4In6() && p.Bits() >= mappedBits {
				t.Fatalf("%s is not in its canonical form", p)
			}
			again.WriteString(p.String() + "\n")
			rules = append(rules, rule{prefix: p})
		}
		same, faults := parseList(again.String())
		if len(faults) > 0 || len(same) != len(prefixes) {
			t.Fatalf("written out again: %v", faults)
		}
		r := newRanges(rules)
		for i, p := range prefixes {
			if same[i] != p {
				t.Fatalf("%s became %s", p, same[i])
			}
			if _, ok := r.overlaps(about(single(p.Addr()))); !ok {
				t.Fatalf("%s is named and not ignored", p.Addr())
			}
		}
	})
}

// What somebody else sends is either taken as a whole, and then means the same when it is sent
// as JSON, or not at all; and it never is about everybody.
func FuzzIgnoreAnswer(f *testing.F) {
	for _, seed := range []string{
		"192.0.2.1 10.0.0.0/8", `["192.0.2.1", "::1"]`, "[]", "# nobody", "", "0.0.0.0/0", "0.0.0.0/1\n128.0.0.0/1", "<html>", "[1]", `["x"`, "2000::/4",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		prefixes, err := parseAnswer(text)
		if err != nil {
			if prefixes != nil && tooWide(prefixes) == nil {
				t.Fatalf("%v, and yet %v", err, prefixes)
			}
			return
		}
		sent, err := json.Marshal(prefixes)
		if err != nil {
			t.Fatal(err)
		}
		if len(prefixes) == 0 {
			sent = []byte("[]")
		}
		again, err := parseAnswer(string(sent))
		if err != nil || !slices.Equal(prefixes, again) {
			t.Fatalf("%v became %v, %v", prefixes, again, err)
		}
		rules := make([]rule, len(prefixes))
		for i, p := range prefixes {
			rules[i].prefix = p
		}
		r, missed := newRanges(rules), 0
		for i := range 32 { // one in each thirty-second of all addresses
			if _, ok := r.overlaps(about(single(netip.AddrFrom4([4]byte{byte(i << 3), 1, 2, 3})))); !ok {
				missed++
			}
		}
		if missed == 0 {
			t.Fatalf("%v is everybody", prefixes)
		}
	})
}

// The sorted list must answer as a look at each rule would.
func FuzzRanges(f *testing.F) {
	f.Add([]byte{10, 0, 8, 10, 1, 16, 192, 2, 32}, byte(10), byte(1), byte(12))
	f.Fuzz(func(t *testing.T, data []byte, a, b, length byte) {
		var rules []rule
		for ; len(data) >= 3; data = data[3:] {
			rules = append(rules, rule{prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{data[0], data[1]}), int(data[2])%33).Masked()})
		}
		asked := netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b}), int(length)%33).Masked()
		var matches, overlaps bool
		for _, x := range rules {
			matches = matches || x.prefix.Contains(asked.Addr())
			overlaps = overlaps || x.prefix.Overlaps(asked)
		}
		r := newRanges(append([]rule(nil), rules...))
		if _, got := r.overlaps(about(single(asked.Addr()))); got != matches {
			t.Errorf("match %s: got %t, want %t", asked.Addr(), got, matches)
		}
		if _, got := r.overlaps(about(asked)); got != overlaps {
			t.Errorf("overlaps %s: got %t, want %t", asked, got, overlaps)
		}
	})
}

// A key says the same as the prefix it was made of.
func FuzzKey(f *testing.F) {
	f.Add([]byte{192, 0, 2, 6}, byte(24), byte(16))
	f.Add([]byte("0123456789abcdef"), byte(64), byte(100))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04"), byte(120), byte(3))
	f.Fuzz(func(t *testing.T, raw []byte, bits, wide byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		p := netip.PrefixFrom(a, int(bits)%(a.BitLen()+1))
		k := prefixKey(p)
		if got, want := k.prefix(), unmap(p).Masked(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		q := netip.PrefixFrom(a, int(wide)%(a.BitLen()+1))
		want := unmap(q).Addr().Is4() == unmap(p).Addr().Is4() && p.Bits() >= q.Bits()
		if got := k.within(prefixKey(q)); got != want {
			t.Fatalf("%s within %s: got %t, want %t", p, q, got, want)
		}
	})
}
