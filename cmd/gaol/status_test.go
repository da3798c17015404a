package main

import (
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/control"
)

// sampleStatus has a jail that is well, one that lags and one that does not run.
func sampleStatus(now time.Time) control.Status {
	last := now.Add(-3 * time.Second)
	return control.Status{
		Version: "1.2.3",
		Started: now.Add(-90 * time.Minute),
		Jails: []control.JailStatus{
			{Name: "sshd", Enabled: true, Filter: "sshd", Failures: control.Tally{Current: 2, Total: 17}, Banned: control.Tally{Current: 1, Total: 3}, Ended: 2,
				Hosts:   control.HostsStatus{Current: 2, Limit: 1_000_000},
				Sources: []control.SourceStatus{{Path: "/var/log/auth.log", Lines: 12345, Matched: 17, LastLine: &last}},
				Actions: []control.ActionStatus{{Name: "nftables", Healthy: true}}},
			{Name: "web", Enabled: true, Filter: "nginx-http-auth",
				Hosts:    control.HostsStatus{Current: 1000, Limit: 1000, Forgotten: 12345},
				Sources:  []control.SourceStatus{{Path: "/var/log/a\n.log", LagSeconds: 61.5}},
				Actions:  []control.ActionStatus{{Name: "iptables", Problem: "permission denied"}},
				Problems: []string{"action iptables: permission denied"}},
			{Name: "trial", Enabled: true, Filter: "sshd", Shadow: true, Trusted: 2, Banned: control.Tally{Current: 1, Total: 4}},
			{Name: "mail", Filter: "mail", Problems: []string{"reading gaol.toml:3: unknown key"}},
		},
		Problems:  []string{"the store is full"},
		Operators: []control.Operator{{Address: "192.0.2.50", Until: now.Add(11*time.Hour + time.Minute)}},
		Web:       &control.WebStatus{Listen: "127.0.0.1:7413", Allowed: 1234, Denied: 5},
	}
}

func TestStatusTable(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	status := sampleStatus(now)
	view := statusView{now: now}
	view.head(status)
	view.table(status.Jails)
	view.operators(status)
	view.web(status)
	view.problems(status)
	want := strings.Join([]string{
		`gaol 1.2.3, up 1h 30m`,
		``,
		`JAIL   FAILURES  BANNED        LOGS`,
		`sshd   2 (17)    1 (3)         /var/log/auth.log`,
		`web    0 (0)     0 (0)         /var/log/a\n.log: 1m 1s behind`,
		`trial  0 (0)     1 (4) shadow  none`,
		`mail   0 (0)     0 (0)         not running`,
		``,
		`Never banned, as gaol was used from there: 192.0.2.50 (for 11h 1m)`,
		``,
		`Asked by proxies at 127.0.0.1:7413: 1234 let in, 5 denied`,
		``,
		`Problems:`,
		`  the store is full`,
		`  web: action iptables: permission denied`,
		`  mail: reading gaol.toml:3: unknown key`,
		``,
	}, "\n")
	if got := view.out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestStatusOfAJailThatCountsBans(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	last := now.Add(-3 * time.Second)
	jail := control.JailStatus{Name: "recidive", Enabled: true, Failures: control.Tally{Current: 2, Total: 7}, Banned: control.Tally{Current: 1, Total: 1},
		Sources: []control.SourceStatus{{Path: "bans", Lines: 1234, Matched: 1234, LastLine: &last}}}
	view := statusView{now: now}
	view.table([]control.JailStatus{jail})
	view.jail(jail)
	want := strings.Join([]string{
		`JAIL      FAILURES  BANNED  LOGS`,
		`recidive  2 (7)     1 (1)   bans by other jails`,
		`jail      recidive`,
		`failures  2 now, 7 since the start`,
		`banned    1 now, 1 since the start`,
		`hosts     0 tracked, 0 at most`,
		`counts    bans by other jails: 1,234, the last 3s ago`,
		``,
	}, "\n")
	if got := view.out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestStatusOfOneJail(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	view := statusView{now: now}
	view.jail(sampleStatus(now).Jails[0])
	want := strings.Join([]string{
		`jail      sshd`,
		`filter    sshd`,
		`failures  2 now, 17 since the start`,
		`banned    1 now, 3 since the start`,
		`ended     2 connections that were open at a ban, since the start`,
		`hosts     2 tracked, 1,000,000 at most`,
		`log       /var/log/auth.log: 12,345 lines, 17 matched, the last 3s ago`,
		`action    nftables`,
		``,
	}, "\n")
	if got := view.out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestStatusShowsNotes(t *testing.T) {
	view := statusView{}
	jail := control.JailStatus{Name: "web", Enabled: true, Actions: []control.ActionStatus{{Name: "iptables", Healthy: true, Notes: []string{"no IPv6:\x1b", "a rule"}}}}
	view.jail(jail)
	want := "action    iptables\n" + `note      no IPv6:\x1b` + "\nnote      a rule\n"
	if got := view.out.String(); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s", got)
	}
}

func TestStatusOfACrowd(t *testing.T) {
	view := statusView{}
	view.jail(sampleStatus(time.Now()).Jails[1])
	if want := "hosts     1,000 tracked, 1,000 at most: 12,345 forgotten since the start for want of room\n"; !strings.Contains(view.out.String(), want) {
		t.Errorf("got\n%s\nwant %s", view.out.String(), want)
	}
}

func TestStatusOfAShadow(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	view := statusView{now: now}
	view.jail(sampleStatus(now).Jails[2])
	want := strings.Join([]string{
		`jail      trial`,
		`state     shadow: counts and decides, and locks nobody out (enforce = false)`,
		`filter    sshd`,
		`failures  0 now, 0 since the start`,
		`banned    1 now, 4 since the start`,
		`hosts     0 tracked, 0 at most`,
		`trusted   2 hosts that were let in`,
		``,
	}, "\n")
	if got := view.out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
