package main

import (
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/control"
)

func TestWhyText(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.Local)
	end, left, dropping := now.Add(9*time.Minute), 540.0, true
	why := control.Why{
		Address: "192.0.2.7", Known: true, Running: true,
		Bans: []control.Ban{{Jail: "sshd", Prefix: "192.0.2.7/32", End: &end, Count: 2, Enforced: true, By: "jail"}},
		Jails: []control.WhyJail{
			{Name: "sshd", Needed: 5, FindTimeSeconds: 600, Banned: true, SinceEnforced: 2, Ended: 1},
			{Name: "web", Failures: 2, Needed: 5, FindTimeSeconds: 600, Host: "192.0.2.7", Hosts: 1, Until: &end},
			{Name: "mail", Needed: 5, FindTimeSeconds: 600},
		},
		History: []control.WhyEvent{
			{Time: now.Add(-time.Minute), What: "ban", Jail: "sshd", Prefix: "192.0.2.7/32", By: "jail", End: &end, Count: 2, Failures: 5,
				User: "ro\x1b]0;x\aot", Evidence: []control.WhyLine{{Line: "one", Pattern: "^a$"}, {Line: "two \x1b[2J\u202e", Pattern: "^a$"}, {Line: "three"}}},
			{Time: now.Add(-time.Second), What: "unban", Jail: "mail", Prefix: "192.0.2.0/24", By: "hand"},
			{Time: now, What: "failure", Jail: "web", Prefix: "192.0.2.7/32", Line: "first\nsecond\x9b31m", Pattern: "^b\r$"},
		},
		Kernel: []control.WhyKernel{
			{Jail: "sshd", Action: "nftables", Set: "addr4-sshd", Holds: true, Member: "192.0.2.7/32", LeftSeconds: &left, Packets: 1234,
				PacketsLately: 12, LatelySeconds: 1, Dropping: &dropping},
			{Jail: "web", Action: "iptables", Problem: "operation not permitted"},
		},
		Advice:   "Free at 21:40.",
		Problems: []string{"the store is \x1b[1mfull"},
	}
	want := strings.Join([]string{
		`192.0.2.7`,
		``,
		`Banned`,
		`  ADDRESS    JAIL  ENDS   BAN  BY`,
		`  192.0.2.7  sshd  in 9m  #2   jail`,
		``,
		`Counted`,
		`  JAIL  FAILURES                                   STATE`,
		`  sshd  0 of 5 within 10m                          banned, 1 open connection ended, 2 failures since`,
		`  web   2 of 5 within 10m, the first lapses in 9m  free`,
		`  1 other jail has nothing against it.`,
		``,
		`Firewall`,
		`  sshd  addr4-sshd  holds 192.0.2.7 for 9m, 1,234 packets refused, 12 of them in the last 1.0 s`,
		`  web   iptables    not known: operation not permitted`,
		``,
		`History`,
		`  2026-03-10 21:30:23  ban      sshd #2 until 2026-03-10 21:40:23, by jail, for 5 failures, tried ro\x1b]0;x\aot`,
		`    one`,
		`    two \x1b[2J\u202e`,
		`      matched by ^a$`,
		`    three`,
		`  2026-03-10 21:31:22  unban    mail 192.0.2.0/24, by hand`,
		`  2026-03-10 21:31:23  failure  web`,
		`    first`,
		`    second\x9b31m`,
		`      matched by ^b\r$`,
		``,
		`Problems`,
		`  the store is \x1b[1mfull`,
		``,
		`What next`,
		`  Free at 21:40.`,
		``,
	}, "\n")
	if got := whyText(why, now, false, 0); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhyTextOfNobody(t *testing.T) {
	got := whyText(control.Why{Address: "192.0.2.7", Advice: "Banned after 5 failures."}, time.Now(), false, 0)
	for _, want := range []string{"gaol is not running", "Nobody has heard of it", "Banned after 5 failures."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}
