package main

import (
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/control"
)

func TestLocksOut(t *testing.T) {
	tests := []struct {
		name string
		ban  control.Ban
		addr string
		want bool
	}{
		{"the address itself", control.Ban{Prefix: "192.0.2.7/32"}, "192.0.2.7", true},
		{"another address", control.Ban{Prefix: "192.0.2.7/32"}, "192.0.2.8", false},
		{"an address in a banned network", control.Ban{Prefix: "2001:db8::/64"}, "2001:db8::5", true},
		{"an IPv4 address written as IPv6", control.Ban{Prefix: "192.0.2.7/32"}, "::ffff:192.0.2.7", true},
		{"a network in a banned network", control.Ban{Prefix: "192.0.2.0/24"}, "192.0.2.128/25", true},
		{"a network around a banned address", control.Ban{Prefix: "192.0.2.7/32"}, "192.0.2.0/24", false},
		{"an id", control.Ban{ID: "bob"}, "bob", true},
		{"an address that is no id", control.Ban{ID: "bob"}, "192.0.2.7", false},
		{"no address at all", control.Ban{Prefix: "192.0.2.7/32"}, "example.org", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := locksOut(tt.ban, tt.addr); got != tt.want {
				t.Errorf("locksOut(%+v, %q) = %v, want %v", tt.ban, tt.addr, got, tt.want)
			}
		})
	}
}

func TestBannedText(t *testing.T) {
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	end := now.Add(9 * time.Minute)
	bans := []control.Ban{
		{Jail: "sshd", Prefix: "192.0.2.7/32", End: &end, Count: 2, Enforced: true, Lines: []string{"first", "user \x1b[2Jroot"}},
		{Jail: "web", Prefix: "2001:db8::/64", Count: 1, By: "hand"},
		{Jail: "web", Prefix: "192.0.2.8/32", Count: 1, By: "hand", Enforced: true, Lines: []string{"user root"}},
		{Jail: "sshd", Prefix: "192.0.3.0/24", End: &end, Count: 1, By: "escalation", Enforced: true,
			Lines: []string{"2026-03-10T21:11:00Z banned 192.0.3.7", "2026-03-10T21:31:00Z banned 192.0.3.8"}},
		{Jail: "mail", ID: "bob\r", End: &end, Count: 1, Enforced: true, User: "bob"},
		{Jail: "trial", Prefix: "192.0.2.8/32", End: &end, Count: 1, Shadow: true, User: "eve"},
	}
	want := strings.Join([]string{
		`ADDRESS        JAIL   ENDS      BAN               WHY`,
		`192.0.2.7      sshd   in 9m     #2                user \x1b[2Jroot`,
		`2001:db8::/64  web    for ever  #1, not enforced  by hand`,
		`192.0.2.8      web    for ever  #1                by hand; user root`,
		`192.0.3.0/24   sshd   in 9m     #1                2 hosts of it, the last: 2026-03-10T21:31:00Z banned 192.0.3.8`,
		`bob\r          mail   in 9m     #1                tried bob`,
		`192.0.2.8      trial  in 9m     #1, shadow        tried eve`,
		`192.0.2.9 is not banned.`,
		``,
	}, "\n")
	if got := bannedText(bans, nil, []string{"192.0.2.9"}, now, false, 0); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	narrow := bannedText([]control.Ban{{Prefix: "192.0.2.7/32", Lines: []string{strings.Repeat("x", 100)}}}, nil, nil, now, false, 80)
	if !strings.Contains(narrow, strings.Repeat("x", 39)+"…\n") {
		t.Errorf("the reason is not cut to what a terminal has room for:\n%s", narrow)
	}
}
