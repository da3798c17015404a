package filter_test

import (
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

func TestExplain(t *testing.T) {
	plain := filter.Spec{
		Failregex:   []string{`^never from <HOST>$`, `Login failure for \S+ from <HOST>$`, `^port <HOST>:\d+$`, `^old <IP4>`, `^new <IP6>`},
		Ignoreregex: []string{`x^`, `for admin`},
		Unless:      []string{`^y`, `for nobody`},
	}
	pref := filter.Spec{Prefregex: `^<HOST>: <F-CONTENT>.*</F-CONTENT>$`, Failregex: []string{`^failed$`}, Ignoreregex: []string{`^failed$`}}
	for _, tt := range []struct {
		name string
		spec filter.Spec
		text string
		want string
	}{
		{"no address", plain, "2015-03-10 21:31:23,899 ERROR Login failure for root from 555.5.5.6", `"555.5.5.6" is not an address`},
		{"no address, undated", plain, "Login failure for root from 555.5.5.6", `"555.5.5.6" is not an address`},
		{"too many digits", plain, "Login failure for root from 192.0.2.1999", `"192.0.2.1999" is not an address`},
		{"host name", plain, "Login failure for root from www.example.com", `"www.example.com" is a host name, not an address (usedns takes names)`},
		{"zone", plain, "Login failure for root from fe80::1%eth0", `"fe80::1%eth0" has a zone, which stands for a link and not for a host`},
		{"with a port", plain, "port 192.0.2:22", `"192.0.2" is not an address`},
		{"control characters", plain, "Login failure for root from \x1b[2J", `"\x1b[2J" is not an address`},
		{"IPv6 for IPv4", plain, "old 2001:db8::1", `"2001:db8::1" is not an IPv4 address`},
		{"IPv4 for IPv6", plain, "new 192.0.2.1", `"192.0.2.1" is not an IPv6 address`},
		{"ignored", plain, "Login failure for admin from 192.0.2.1", "ignored by ignoreregex 2"},
		{"vetoed", plain, "Login failure for nobody from 192.0.2.1", "failregex 2 matched, but unless 2 forbids it"},
		{"a match", plain, "Login failure for root from 192.0.2.1", "failregex 2 matched"},
		{"nearest", plain, "2026-03-10 21:31:23 Login failed for root", `failregex 2 comes nearest, but wants "ure for " where the line has "ed"`},
		{"nearest, undated", plain, "Login failed", `failregex 2 comes nearest, but wants "ure for " where the line has "ed"`},
		{"nearest, the line ends", plain, "Login fail", `failregex 2 comes nearest, but wants "ure for " where the line ends`},
		{"nearest, the line goes on", plain, "Login failure for root from 192.0.2.1 port 22", `failregex 2 comes nearest, but wants the end where the line goes on with " port"`},
		{"nearest, a class", plain, "port x", `failregex 3 comes nearest, but wants something else than "x"`},
		{"nearest, behind any text", filter.Spec{Failregex: []string{`^Failed password for .* from <HOST>$`}}, "2026-03-10 21:31:23 Failed password for root by 192.0.2.1", `failregex comes nearest, but finds no " from " from here on`},
		{"nearest prefregex", pref, "192.0.2.1 failed", `prefregex comes nearest, but wants something else than " failed"`},
		{"nothing alike", plain, "2026-03-10 21:31:23 all is well", "no pattern matched"},
		{"nothing alike, undated", plain, "all is well", "no pattern matched, and no date found"},
		{"prefregex", pref, "all is well", "prefregex did not match"},
		{"prefregex without an address", pref, "555.5.5.6: failed", `"555.5.5.6" is not an address`},
		{"ignored after prefregex", pref, "192.0.2.1: failed", "ignored by ignoreregex 1"},
		{"another daemon", sshd, "Mar 10 21:31:23 host cron[1]: Failed password for root from 192.0.2.1 port 22", `header of another daemon ("cron", want "sshd" or "sshd-session")`},
		{"no header", sshd, "2026-03-10 21:31:23 sshd", `no syslog header (want that of "sshd" or "sshd-session")`},
		{"no header and no date", sshd, "sshd", `no date found, and no syslog header (want that of "sshd" or "sshd-session")`},
		{"message of the daemon", sshd, "Mar 10 21:31:23 host sshd[1]: Failed password for root from 192.0.2 port 22", `"192.0.2" is not an address`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := compile(t, tt.spec, filter.Options{}).NewMatcher().Explain(line(tt.text)).Text; got != tt.want {
				t.Errorf("Explain(%q)\n got %s\nwant %s", tt.text, got, tt.want)
			}
		})
	}
}

// The place that a reason is about is one in the line, whatever was cut out of it.
func TestExplainPlace(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec filter.Spec
		text string // with ‸ before the place
	}{
		{"date at the start", filter.Spec{Failregex: []string{`^Login failure <HOST>$`}}, "2026-03-10 21:31:23  Login fail‸ed 192.0.2.1"},
		{"date inside", filter.Spec{Failregex: []string{`^\[\] Login failure <HOST>$`}}, "[2026-03-10 21:31:23] Login fail‸ed 192.0.2.1"},
		{"header", sshd, "Mar 10 21:31:23 host sshd[1]: Failed password for root from ‸192.0.2 port 22"},
		{"behind prefregex", filter.Spec{Prefregex: `^x: <F-CONTENT>.*</F-CONTENT>$`, Failregex: []string{`^failure <HOST>$`}}, "x: fail‸ed"},
		{"not UTF-8", filter.Spec{Failregex: []string{`^Login \S+ failure <HOST>$`}}, "Login \xff\xfe fail‸ed"},
		{"nowhere", sshd, "Mar 10 21:31:23 host cron[1]: x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := strings.Index(tt.text, "‸")
			text := strings.Replace(tt.text, "‸", "", 1)
			if got := compile(t, tt.spec, filter.Options{}).NewMatcher().Explain(line(text)); got.At != want {
				t.Errorf("%q is about %d, want %d", got, got.At, want)
			}
		})
	}
}

// Asking for reasons must not change what becomes of a session.
func TestExplainHasNoEffect(t *testing.T) {
	m := compile(t, sessionFilter, filter.Options{}).NewMatcher()
	m.Explain(line("s C 192.0.2.1"))
	if got := accused(m.Match(line("s X"))); got != "" {
		t.Errorf("Explain has opened a session of %s", got)
	}
	m.Explain(filter.Line{Text: "s C 192.0.2.9", Read: read.Add(time.Hour)})
	if got := accused(m.Match(line("s C 192.0.2.1"))); got != "192.0.2.1" {
		t.Errorf("Explain has closed a session: accused is %q", got)
	}
}
