package filter

import (
	"slices"
	"testing"
)

// FuzzFastSameAsRegexp: with tags and all, the automaton finds what package regexp
// finds.
func FuzzFastSameAsRegexp(f *testing.F) {
	for _, seed := range [][2]string{
		{`^Failed \S+ for (?:invalid user )?<F-USER>.*</F-USER> from <F-MLFID><ADDR> port \d+</F-MLFID>(?: ssh\d)?\]?$`, "Failed password for root from x from 192.0.2.1 port 22 ssh2"},
		{`^(?:[A-Za-z0-9.-]+:\d+ )?<ADDR> - <F-USER>.*?</F-USER> \[\] "POST (?:/[\w.~-]+)*/admin/login/(?:\?[^ "]*)? HTTP/\d(?:\.\d)?" 200 `, `2001:db8::1 - a [] "POST /x/admin/login/?a HTTP/1.1" 200 5`},
		{`.*<HOST>`, "x 1192.0.2.1999 é 2001:db8::1"},
		{`<SUBNET>|<DNS>`, "[192.0.2.1]/24 example.org"},
		{`(?i)<IP4>\b.(?:a|<F-ID/>)+?$`, "::ffff:192.0.2.1 aA\xff"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, line string) {
		if len(text) > 200 || len(line) > 500 {
			t.Skip()
		}
		for _, d := range []dialect{{}, {names: true}, {lines: true}, {lines: true, toLast: true}, {fail2ban: true}} {
			p, err := compilePattern(text, d)
			if err != nil || p.fast == nil {
				continue
			}
			var w work
			got, want := p.submatches(line, &w), p.re().FindStringSubmatchIndex(line)
			if !slices.Equal(got, want) {
				t.Errorf("%q on %q: %v, want %v", text, line, got, want)
			}
			if want != nil && !p.possible(line) {
				t.Errorf("%q on %q: matches, but is not possible", text, line)
			}
		}
	})
}

// What look-around says can often be said without it.
func TestNeedsNoGoingBack(t *testing.T) {
	for pattern, want := range map[string]bool{
		`^(?!ok )user <HOST>`:             true,
		`^(?!ok |fine )(?!x)user <HOST>`:  true,
		`(?<=\s)user <HOST>(?= port|$)`:   true,
		`^user "[^"]*+" from <HOST>$`:     true,
		`^(?>user|name) "[^"]*" <HOST>$`:  false,
		`^user (?!x)\w+ from <HOST>$`:     false,
		`^(?P<a>\w+):(?P=a) from <HOST>$`: false,
	} {
		p, err := compilePattern(pattern, dialect{fail2ban: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.slow == nil; got != want {
			t.Errorf("%s: needs no going back: %v, want %v", pattern, got, want)
		}
	}
}
