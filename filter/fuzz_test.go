package filter_test

import (
	"net/netip"
	"strings"
	"testing"

	"gaol/filter"
)

// Whatever the pattern, compiling it doesn't panic; whatever the line, the
// accused address or name stands in it.
func FuzzCompile(f *testing.F) {
	for _, seed := range [][2]string{
		{`^Failed \S+ for <F-USER>.*</F-USER> from <HOST> port \d+$`, "Failed password for root from 192.0.2.1 port 22"},
		{`<ADDR>`, "1192.0.2.1999"},
		{`.*<ADDR>`, "x 2001:db8::1"},
		{`<HOST>:\d+`, "2001:db8::1:80"},
		{`from <SUBNET>`, "from [192.0.2.1]/24"},
		{`(?P<host>\S+) (?<ip6>.*)`, "192.0.2.1 ::1"},
		{`a{,3}<IP4>(?#x)|<F-DNS/>[<HOST]`, "::ffff:192.0.2.1"},
		{`(?i)\Q<HOST>\E(?:(<IP6>)|\u0041){0,2}`, "<host>2001:db8::1"},
		{`<F-A><F-B>(x)</F-B></F-A></F-C><HOST>\Z`, "x192.0.2.1"},
		{`.<HOST>.`, "\xff192.0.2.1\x00"},
		{`(?<=(a))(?!b)(?>x*+)\1(?(1)<HOST>|y)(?=.?)`, "axa192.0.2.1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 1000 {
			t.Skip()
		}
		for i, spec := range []filter.Spec{{}, {}, {Fail2ban: true}, {Fail2ban: true, MaxLines: 2}} {
			spec.Failregex = []string{pattern}
			compiled, err := filter.Compile(spec, filter.Options{Names: i == 1})
			if err != nil {
				continue
			}
			m := compiled.NewMatcher()
			failure := m.Match(line(text)).Failure
			m.Explain(line(text))
			if failure == nil || failure.Host == "" {
				continue
			}
			if failure.Prefix.IsValid() && !standsIn(text, failure.Prefix) || !failure.Prefix.IsValid() && !strings.Contains(text, failure.Host) {
				t.Errorf("%q on %q accuses %q", pattern, text, failure.Host)
			}
		}
	})
}

// standsIn looks for an address of prefix in text, in any spelling.
func standsIn(text string, prefix netip.Prefix) bool {
	isPart := func(c byte) bool {
		return c == '.' || c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	}
	for start := range len(text) {
		for end := start + 1; end <= len(text) && end-start <= 45 && isPart(text[end-1]); end++ {
			addr, err := netip.ParseAddr(text[start:end])
			if err == nil && prefix.Contains(addr.Unmap()) {
				return true
			}
		}
	}
	return false
}

// Looking for literals first never changes what a filter makes of a line.
func FuzzCandidates(f *testing.F) {
	f.Add(`\[\] ERROR from <HOST>`, "[2026-03-10 21:31:23] ERROR from 192.0.2.1")
	f.Add(`^<HOST> - \[\] "POST`, `192.0.2.1 - [10/Mar/2026:21:31:23 +0000] "POST /`)
	f.Add(`from <HOST>, at,`, "from 192.0.2.1, at 2026-03-10 21:31:23, x")
	f.Add(`\[\w\]\s(?:x\n|from <HOST>\n)`, "[ü] from 192.0.2.1")
	f.Add(`(?:abc|from) <HOST>`, "abc 1773178283 from 192.0.2.1")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 1000 {
			t.Skip()
		}
		for _, fail2ban := range []bool{false, true} {
			spec := filter.Spec{Failregex: []string{pattern}, Fail2ban: fail2ban}
			plain, err := filter.Compile(spec, filter.Options{})
			if err != nil {
				continue
			}
			// An ignoreregex that requires no text lets every line through.
			spec.Ignoreregex = []string{`[^\x00-\x{10FFFF}]`}
			open, err := filter.Compile(spec, filter.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, want := plain.NewMatcher().Match(line(text)), open.NewMatcher().Match(line(text))
			one := strings.ReplaceAll(text, "\n", " ")
			if v := plain.NewMatcher().Match(line(one)).Verdict; v != filter.Missed && plain.Candidate("\n"+one+"\nx", 1) != 1 {
				t.Errorf("%q on %q: %s, but no candidate", pattern, one, v)
			}
			if got.Verdict != want.Verdict || accused(got) != accused(want) {
				t.Errorf("%q on %q: %s of %q with literals, %s of %q without", pattern, text, got.Verdict, accused(got), want.Verdict, accused(want))
			}
		}
	})
}
