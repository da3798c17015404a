package filter_test

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

// TestAddressesAgainstNetip writes addresses in all ways, and spoils them: what stands for <ADDR> matches if
// package netip takes it (each bracket optional, no zone), and is that address.
// GAOL_ADDRESSES says how many; "make bench" tries ten million.
func TestAddressesAgainstNetip(t *testing.T) {
	count := 200_000
	if text := os.Getenv("GAOL_ADDRESSES"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	f, err := filter.Compile(filter.Spec{Failregex: []string{`^from <ADDR>$`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := f.NewMatcher()
	m.Borrow()
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Unix(1773100000, 0)
	taken := 0
	for range count {
		text := spoiled(random, written(random))
		want, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
		valid := err == nil && want.Zone() == ""
		got := m.Match(filter.Line{Text: "from " + text, Read: now}).Failure
		switch {
		case valid != (got != nil):
			t.Fatalf("%q: matched %t, netip takes it: %t", text, got != nil, valid)
		case valid && got.Prefix != netip.PrefixFrom(want.Unmap(), want.Unmap().BitLen()):
			t.Fatalf("%q is %v, want %v", text, got.Prefix, want)
		case valid:
			taken++
		}
	}
	t.Logf("%d texts, %d of them addresses: no difference", count, taken)
}

// written is a random address in one of the ways of writing it.
func written(random *rand.Rand) string {
	var bytes [16]byte
	for i := range bytes {
		bytes[i] = byte(random.Uint32() >> (random.Uint32() % 9)) // small ones more often
	}
	// Groups that are zero are what can be left out.
	for range random.IntN(8) {
		i := random.IntN(8) * 2
		bytes[i], bytes[i+1] = 0, 0
	}
	v4 := netip.AddrFrom4([4]byte(bytes[:4]))
	v6 := netip.AddrFrom16(bytes)
	switch random.IntN(7) {
	case 0, 1:
		return v4.String()
	case 2:
		return v6.String()
	case 3:
		return v6.StringExpanded()
	case 4:
		return strings.ToUpper(v6.String())
	case 5:
		return "::ffff:" + v4.String()
	default:
		return "[" + v6.String() + "]"
	}
}

// spoiled is text with up to three characters changed, added or taken away.
func spoiled(random *rand.Rand, text string) string {
	const alphabet = "0123456789abcdefABCDEF::::....%[]-gG/"
	b := []byte(text)
	for range random.IntN(4) {
		if len(b) == 0 {
			break
		}
		i, c := random.IntN(len(b)), alphabet[random.IntN(len(alphabet))]
		switch random.IntN(3) {
		case 0:
			b[i] = c
		case 1:
			b = append(b[:i], append([]byte{c}, b[i:]...)...)
		default:
			b = append(b[:i], b[i+1:]...)
		}
	}
	return string(b)
}

// TestTaggedAddresses: "IPv6:" before an address is no part of it, and does not hide that more of it stands there.
func TestTaggedAddresses(t *testing.T) {
	for _, tt := range []struct{ pattern, text, want string }{
		{`\[(?:IPv6:)?<IP6>\]`, "[IPv6:2001:db8:0:0:0:0:0:5]", "2001:db8::5"},
		{`\[(?:IPv6:)?<IP6>\]`, "[IPv6:2001:db8::5]", "2001:db8::5"},
		{`\[(?:ipv6:)?<ADDR>\]`, "[ipv6:2001:db8::5]", "2001:db8::5"},
		{`from .*<IP6>$`, "from IPv6:2001:db8::5", ""},
		{`from .*<IP6>$`, "from IPv6:0:2001:db8:0:0:0:0:0:5", ""},
	} {
		f, err := filter.Compile(filter.Spec{Failregex: []string{tt.pattern}}, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if failure := f.NewMatcher().Match(filter.Line{Text: tt.text, Read: time.Unix(1773100000, 0)}).Failure; failure != nil {
			got = failure.Host
		}
		if got != tt.want {
			t.Errorf("%s in %q finds %q, want %q", tt.pattern, tt.text, got, tt.want)
		}
	}
}
