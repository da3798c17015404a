package jail_test

import (
	"net/netip"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// failedBy is a failure that a pattern found.
func failedBy(host string, when time.Time, pattern string) filter.Failure {
	f := failed(host, when)
	f.Failregex = pattern
	f.Lines = []string{"line of " + host}
	return f
}

func TestAbout(t *testing.T) {
	ignore, err := jail.NewIgnore([]string{"198.51.100.0/24"}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opts := options()
	opts.MaxRetry, opts.FindTime, opts.Ignore = 4, 10*time.Minute, ignore
	j := newJail(t, opts)
	j.Observe(failedBy("192.0.2.1", at(0), "^old$"))
	for i := range 2 {
		j.Observe(failedBy("192.0.2.1", at(500+float64(i)), "^new$"))
	}
	j.Observe(failedBy("192.0.2.2", at(502), "^new$"))
	j.Observe(failedBy("2001:db8::1", at(502), "^new$"))
	j.Ban(netip.MustParsePrefix("203.0.113.0/24"), time.Hour, at(0))
	for _, tt := range []struct {
		name, target string
		failures     int
		hosts, bans  int
		nearest      string
		ignored      string
	}{
		{"an address that fails", "192.0.2.1/32", 2, 1, 0, "192.0.2.1/32", ""},
		{"its network", "192.0.2.0/24", 2, 2, 0, "192.0.2.1/32", ""},
		{"another address in a prefix that is counted", "2001:db8::2/128", 1, 1, 0, "2001:db8::/64", ""},
		{"an address in a banned network", "203.0.113.7/32", 0, 0, 1, "invalid Prefix", ""},
		{"an ignored address", "198.51.100.7/32", 0, 0, 0, "invalid Prefix", "ignoreip 198.51.100.0/24"},
		{"a network with an ignored part", "198.51.0.0/16", 0, 0, 0, "invalid Prefix", ""},
		{"nobody", "192.0.2.9/32", 0, 0, 0, "invalid Prefix", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := j.About(jail.Key{Prefix: netip.MustParsePrefix(tt.target)}, at(650))
			if s.Failures != tt.failures || s.Hosts != tt.hosts || len(s.Bans) != tt.bans ||
				s.Nearest.Prefix.String() != tt.nearest || s.Ignored != tt.ignored {
				t.Errorf("got %+v", s)
			}
		})
	}

	s := j.About(jail.Key{Prefix: netip.MustParsePrefix("192.0.2.1/32")}, at(650))
	if s.Needed != 4 || s.FindTime != 10*time.Minute || !s.Until.Equal(at(1100)) {
		t.Errorf("got %+v", s)
	}
	if len(s.Kept) != 3 || s.Kept[0].Pattern != "^new$" || s.Kept[0].Line != "line of 192.0.2.1" || s.Kept[2].Pattern != "^old$" {
		t.Errorf("got %+v, want all that is kept with line and pattern", s.Kept)
	}
}

func TestAboutAnID(t *testing.T) {
	j := newJail(t, options())
	f := filter.Failure{Time: at(0), Read: at(0), ID: "token", Lines: []string{"refused"}}
	j.Observe(f)
	if s := j.About(jail.Key{ID: "token"}, at(1)); s.Failures != 1 || s.Nearest.ID != "token" {
		t.Errorf("got %+v", s)
	}
	if s := j.About(jail.Key{ID: "another"}, at(1)); s.Hosts != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestBanHasThePatternsOfItsLines(t *testing.T) {
	opts := options()
	opts.MaxRetry = 2
	j := newJail(t, opts)
	j.Observe(failedBy("192.0.2.1", at(0), "^one$"))
	session := failedBy("192.0.2.1", at(1), "^two$")
	session.Lines = []string{"first", "second"}
	ban := j.Observe(session).Ban
	if ban == nil || len(ban.Lines) != 2 || len(ban.Patterns) != 2 || ban.Patterns[0] != "^two$" || ban.Patterns[1] != "^two$" {
		t.Fatalf("got %+v", ban)
	}
	if held := j.Banned(); held[0].Patterns != nil {
		t.Errorf("the jail keeps %q", held[0].Patterns)
	}
	if out := j.Observe(failedBy("192.0.2.1", at(2), "^one$")); !out.AlreadyBanned || out.Within.Prefix != ban.Prefix {
		t.Errorf("got %+v, want it within the ban", out)
	}
}

func TestAboutTellsOfTrust(t *testing.T) {
	j := newJail(t, trusting())
	j.Trust(success("192.0.2.6", noon))
	for host, want := range map[string]int{"192.0.2.6/32": 5, "192.0.2.7/32": 3} {
		s := j.About(jail.Key{Prefix: prefix(host)}, at(60))
		if trusted := !s.Trusted.IsZero(); s.Needed != want || trusted != (want == 5) || trusted && !s.Trusted.Equal(at(3600)) {
			t.Errorf("%s: got %+v", host, s)
		}
	}
	if s := j.About(jail.Key{Prefix: prefix("192.0.2.6/32")}, at(3601)); s.Needed != 3 || !s.Trusted.IsZero() {
		t.Errorf("when it is over: got %+v", s)
	}
}
