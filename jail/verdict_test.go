package jail_test

import (
	"net/netip"
	"testing"
	"time"

	"gaol/jail"
)

// TestBanWaitsForAVerdict fails often enough for a ban while nobody knows yet whether the host may be banned.
func TestBanWaitsForAVerdict(t *testing.T) {
	host := failureOf(1, noon).Prefix
	for _, tt := range []struct {
		name    string
		verdict jail.Verdict
		banned  bool
	}{
		{"it may be banned", jail.Bannable, true},
		{"it is spared", jail.Spared, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verdict := jail.Undecided
			opts := benchOptions()
			opts.MaxRetry, opts.BanTime = 2, time.Hour
			opts.Judge = func(netip.Prefix, time.Time) jail.Verdict { return verdict }
			j := newJail(t, opts)
			for n := range 3 {
				if o := j.Observe(failureOf(1, at(float64(n)))); o.Counted == nil || o.Ban != nil {
					t.Fatalf("failure %d: got %+v, want it counted", n+1, o)
				}
			}
			if o, forgotten := j.Decide(host, at(3)); o.Ban != nil || forgotten != nil {
				t.Errorf("decided too early: %+v, %+v", o, forgotten)
			}
			verdict = tt.verdict
			o, forgotten := j.Decide(host, at(4))
			if (o.Ban != nil) != tt.banned || (forgotten != nil) == tt.banned {
				t.Fatalf("got %+v, %+v", o, forgotten)
			}
			if tt.banned && (o.Ban.Prefix != host || !o.Ban.Start.Equal(at(2))) {
				t.Errorf("got %+v", o.Ban)
			}
			if again, _ := j.Decide(host, at(5)); again.Ban != nil {
				t.Errorf("banned once more: %+v", again.Ban)
			}
			if o := j.Observe(failureOf(1, at(6))); tt.banned != o.AlreadyBanned || tt.banned == (o.Ignored == "ignorecommand") {
				t.Errorf("got %+v", o)
			}
		})
	}
}

// TestNetworkOfWhoIsSparedIsNotBanned counts by /64, in which one address is spared.
func TestNetworkOfWhoIsSparedIsNotBanned(t *testing.T) {
	friend := addr("2001:db8::1")
	opts := benchOptions()
	opts.MaxRetry, opts.BanTime = 1, time.Hour
	opts.Judge = func(p netip.Prefix, _ time.Time) jail.Verdict {
		if p.Contains(friend) {
			return jail.Spared
		}
		return jail.Bannable
	}
	j := newJail(t, opts)
	f := failureOf(1, noon)
	f.Prefix = prefix("2001:db8::2/128")
	if o := j.Observe(f); o.Ban == nil || o.Ban.Prefix != f.Prefix {
		t.Errorf("got %+v", o.Ban)
	}
	f.Prefix = netip.PrefixFrom(friend, 128)
	if o := j.Observe(f); o.Ignored == "" {
		t.Errorf("got %+v", o)
	}
}
