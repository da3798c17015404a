package blocklist_test

import (
	"bytes"
	"compress/gzip"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gaol/jail/blocklist"
)

var limits = blocklist.Limits{Bytes: 1 << 20, Entries: 10_000}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		format     blocklist.Format
		want       string
		faults     int
	}{
		{name: "addresses", text: "192.0.2.1\n2001:db8::1\n", want: "192.0.2.1/32 2001:db8::1/128"},
		{name: "Spamhaus DROP", text: "; Spamhaus\n1.10.16.0/20 ; SBL256894\n", want: "1.10.16.0/20"},
		{name: "comments and empty lines", text: "# a\n\n// b\n192.0.2.1 # c\n192.0.2.9#d\r\n", want: "192.0.2.1/32 192.0.2.9/32"},
		{name: "fields behind it", text: "192.0.2.1\t2026-01-01\t7\n192.0.2.3,x\n", want: "192.0.2.1/32 192.0.2.3/32"},
		{name: "a range", text: "192.0.2.1-192.0.2.4\n", want: "192.0.2.1/32 192.0.2.2/31 192.0.2.4/32"},
		{name: "a range with blanks", text: "192.0.2.0 - 192.0.2.255 , 100 , x\n", want: "192.0.2.0/24"},
		{name: "a column", text: "date;ip\n2026;\"192.0.2.1\"\n2026;192.0.2.3\n", format: blocklist.Format{Column: 2, Separator: ';'}, want: "192.0.2.1/32 192.0.2.3/32"},
		{name: "a separator in quotes", text: "\"a,b\",192.0.2.1\n", format: blocklist.Format{Column: 2}, want: "192.0.2.1/32"},
		{name: "host bits", text: "192.0.2.77/24\n", want: "192.0.2.0/24"},
		{name: "mapped", text: "::ffff:192.0.2.1\n", want: "192.0.2.1/32"},
		{name: "halves become the whole", text: "192.0.2.128/25\n192.0.2.0/25\n192.0.2.9\n", want: "192.0.2.0/24"},
		{name: "too wide", text: "0.0.0.0/0\n1.0.0.0/7\n::/0\n2000::/3\n192.0.2.1\n", want: "192.0.2.1/32"},
		{name: "bogons", text: "10.0.0.0/8\n192.168.1.0/24\n127.0.0.1\nfe80::/10\nfc00::1\n192.0.2.1\n", want: "192.0.2.1/32"},
		{name: "more than the private", text: "192.168.0.0/15\n192.168.7.7\n", want: "192.168.0.0/15"},
		{name: "names and nonsense", text: "example.org\n192.0.2.1\n300.1.1.1\n1.2.3\n", want: "192.0.2.1/32", faults: 3},
		{name: "a backward range", text: "192.0.2.9-192.0.2.1\n", faults: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := blocklist.Parse(strings.NewReader(tt.text), tt.format, limits)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, prefix := range p.Prefixes {
				got = append(got, prefix.String())
			}
			if g := strings.Join(got, " "); g != tt.want || p.Faults != tt.faults {
				t.Errorf("got %q and %d faults (%s), want %q and %d", g, p.Faults, p.Fault, tt.want, tt.faults)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	bomb := pack(strings.Repeat("# nothing\n", 200_000))
	for name, text := range map[string]string{
		"more bytes than allowed":   strings.Repeat("# nothing\n", 200_000),
		"a gzip bomb":               bomb,
		"a packed list cut off":     pack("192.0.2.1\n")[:20],
		"more entries than allowed": strings.Repeat("192.0.2.1\n", 10_001),
		"a line without end":        strings.Repeat("x", 70<<10),
	} {
		if p, err := blocklist.Parse(strings.NewReader(text), blocklist.Format{}, limits); err == nil {
			t.Errorf("%s: got %+v", name, p)
		}
	}
	p, err := blocklist.Parse(strings.NewReader(pack("192.0.2.1\n")), blocklist.Format{}, limits)
	if err != nil || len(p.Prefixes) != 1 {
		t.Errorf("packed: %+v, %v", p, err)
	}
}

func pack(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

// spared are a few networks.
type spared []netip.Prefix

func (s spared) Overlaps(p netip.Prefix) (string, bool) {
	return "", slices.ContainsFunc(s, func(o netip.Prefix) bool { return o.Overlaps(p) })
}

func (s spared) Holds(p netip.Prefix) (string, bool) {
	return "", slices.ContainsFunc(s, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) })
}

func TestOutside(t *testing.T) {
	for name, tt := range map[string]struct {
		list, spared, kept, inside string
		touched                    int
	}{
		"nothing in common":    {"192.0.2.0/24 198.51.100.7/32", "203.0.113.0/24", "192.0.2.0/24 198.51.100.7/32", "", 0},
		"one inside":           {"192.0.2.0/24 198.51.100.0/24", "192.0.2.77/32", "192.0.2.0/24 198.51.100.0/24", "192.0.2.77/32", 1},
		"all of an entry":      {"192.0.2.0/24 198.51.100.0/24 203.0.113.0/24", "198.51.0.0/16", "192.0.2.0/24 203.0.113.0/24", "", 1},
		"the entry itself":     {"192.0.2.7/32", "192.0.2.7/32", "", "", 1},
		"some in some entries": {"192.0.2.0/24 192.0.4.1/32 2001:db8::/32", "192.0.2.8/29 192.0.2.255/32 192.0.4.0/24 2001:db8:1::1/128", "192.0.2.0/24 2001:db8::/32", "192.0.2.8/29 192.0.2.255/32 2001:db8:1::1/128", 3},
		"reserved networks":    {"172.0.0.0/8 192.168.7.0/24 fe00::/16", "", "172.0.0.0/8 fe00::/16", "172.16.0.0/12", 2},
	} {
		t.Run(name, func(t *testing.T) {
			kept, inside, touched := blocklist.Outside(prefixes(tt.list), spared(prefixes(tt.spared)))
			if got := text(kept); got != tt.kept {
				t.Errorf("kept: got %s, want %s", got, tt.kept)
			}
			if got := text(inside); got != tt.inside {
				t.Errorf("inside: got %s, want %s", got, tt.inside)
			}
			if touched != tt.touched {
				t.Errorf("touched: got %d, want %d", touched, tt.touched)
			}
		})
	}
}

func prefixes(words string) (all []netip.Prefix) {
	for word := range strings.FieldsSeq(words) {
		all = append(all, netip.MustParsePrefix(word))
	}
	return all
}

func text(prefixes []netip.Prefix) string {
	var words []string
	for _, p := range prefixes {
		words = append(words, p.String())
	}
	return strings.Join(words, " ")
}

// FuzzParse looks for prefixes that the text doesn't have, that are too wide or reserved, or not in order.
func FuzzParse(f *testing.F) {
	f.Add("192.0.2.1\n192.0.2.0/25 ; x\n2001:db8::/32\n1.2.3.4-1.2.3.9\n", 0)
	f.Add("a,192.0.2.1\n", 2)
	private := netip.MustParsePrefix("10.0.0.0/8")
	f.Fuzz(func(t *testing.T, text string, column int) {
		p, err := blocklist.Parse(strings.NewReader(text), blocklist.Format{Column: max(column, 0) % 5}, limits)
		if err != nil {
			return
		}
		for i, prefix := range p.Prefixes {
			if prefix.Masked() != prefix || prefix.Addr().Is4() && prefix.Bits() < blocklist.MaxIPv4 || prefix.Addr().Is6() && prefix.Bits() < blocklist.MaxIPv6 || private.Contains(prefix.Addr()) && prefix.Bits() >= private.Bits() {
				t.Errorf("%s of %q", prefix, text)
			}
			if i > 0 && (p.Prefixes[i-1].Overlaps(prefix) || prefix.Addr().Less(p.Prefixes[i-1].Addr())) {
				t.Errorf("%s and %s", p.Prefixes[i-1], prefix)
			}
		}
		if p.Entries > strings.Count(text, "\n")+1 {
			t.Errorf("%d entries of %q", p.Entries, text)
		}
	})
}
