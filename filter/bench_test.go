package filter_test

import (
	"strings"
	"testing"

	"gaol/filter"
)

// Filters in the form of real ones.
var (
	sshd = filter.Spec{
		Daemon: []string{"sshd", "sshd-session"},
		Failregex: []string{
			`^Failed (?:password|publickey) for (?:invalid user )?<F-USER>.*</F-USER> from <HOST> port \d+(?: ssh2)?$`,
			`^Invalid user <F-USER>.*</F-USER> from <HOST> port \d+$`,
			`^Connection (?:closed|reset) by (?:authenticating|invalid) user <F-USER>.*</F-USER> <HOST> port \d+ \[preauth\]$`,
			`^maximum authentication attempts exceeded for (?:invalid user )?<F-USER>.*</F-USER> from <HOST> port \d+ ssh2 \[preauth\]$`,
		},
	}
	stockLike = filter.Spec{
		Daemon: []string{"sshd", "sshd-session"},
		Failregex: []string{
			`^<F-MLFFORGET>Failed</F-MLFFORGET> password for invalid user <F-USER>.*</F-USER> from <F-MLFID><ADDR> port \d+</F-MLFID>(?: ssh\d)?$`,
			`^Invalid user <F-USER>.*</F-USER> from <F-MLFID><ADDR> port \d+</F-MLFID>$`,
		},
	}
	django = filter.Spec{Failregex: []string{`^ERROR Login failure <HOST>$`}}
)

func BenchmarkMatch(b *testing.B) {
	for _, bench := range []struct {
		name string
		spec filter.Spec
		text string
		want filter.Verdict
	}{
		{"miss/another daemon", sshd, "Mar 10 21:31:23 host CRON[4711]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", filter.Missed},
		{"miss/another message", sshd, "Mar 10 21:31:23 host sshd[4711]: Accepted publickey for admin from 192.0.2.1 port 50022 ssh2: ED25519 SHA256:AAAA", filter.Missed},
		{"miss/prefix fits", sshd, "Mar 10 21:31:23 host sshd[4711]: Failed password for root from somewhere port 50022 ssh2", filter.Missed},
		{"miss/64 kB of names", sshd, "Mar 10 21:31:23 host sshd[4711]: Failed password for " + strings.Repeat(" from 192.0.2.1 port ", 3200), filter.Missed},
		{"match/sshd", sshd, "Mar 10 21:31:23 host sshd[4711]: Failed password for invalid user admin from 192.0.2.1 port 50022 ssh2", filter.Matched},
		{"match/sshd IPv6", sshd, "Mar 10 21:31:23 host sshd[4711]: Failed password for invalid user admin from 2001:db8::1 port 50022 ssh2", filter.Matched},
		{"match/session", stockLike, "Mar 10 21:31:23 host sshd[4711]: Failed password for invalid user admin from 192.0.2.1 port 50022 ssh2", filter.Matched},
		{"miss/JSON", caddy(), strings.Replace(caddyLine, "/login", "/", 1), filter.Missed},
		{"miss/JSON, texts are there", caddy(), strings.Replace(caddyLine, `"status":401`, `"status":200`, 1), filter.Missed},
		{"miss/JSON, with escapes", caddy(), strings.NewReplacer(`"status":401`, `"status":200`, "/login", `\/login\u00e9`).Replace(caddyLine), filter.Missed},
		{"miss/JSON, no address", caddy(), strings.Replace(caddyLine, `"client_ip":"192.0.2.5"`, `"client_ip":"unknown"`, 1), filter.Missed},
		{"match/JSON", caddy(), caddyLine, filter.Matched},
		{"match/django", django, "2026-03-10 21:31:23,899 ERROR Login failure 192.0.2.6", filter.Matched},
	} {
		b.Run(bench.name, func(b *testing.B) {
			m := compile(b, bench.spec, filter.Options{}).NewMatcher()
			l := line(bench.text)
			if got := m.Match(l).Verdict; got != bench.want {
				b.Fatalf("%q: %s", bench.text, got)
			}
			b.SetBytes(int64(len(bench.text)))
			b.ReportAllocs()
			for b.Loop() {
				m.Match(l)
			}
		})
	}
}
