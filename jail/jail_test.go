package jail_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// noon is when things happen in these tests.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

func options() jail.Options {
	return jail.Options{Name: "sshd", MaxRetry: 5, FindTime: 10 * time.Minute, BanTime: time.Hour}
}

// failed is a line of host that is read when it is written.
func failed(host string, when time.Time) filter.Failure {
	f := filter.Failure{Time: when, Read: when, User: "root", Lines: []string{"Failed password for root from " + host}}
	if a, err := netip.ParseAddr(host); err == nil {
		f.Prefix, f.Host = netip.PrefixFrom(a, a.BitLen()), host
	} else {
		f.Host = host
	}
	return f
}

// old is a line of host that is read, long after, at noon.
func old(host string, seconds float64) filter.Failure {
	f := failed(host, at(seconds))
	f.Read, f.CatchUp = noon, true
	return f
}

func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		name    string
		seconds []float64
		// banned is the index of the failure that leads to a ban, -1 for none; from its start.
		banned int
		from   float64
	}{
		{"at once", []float64{0, 0, 0, 0, 0}, 4, 0},
		{"first and last exactly findtime apart", []float64{0, 10, 20, 30, 600}, 4, 600},
		{"a nanosecond more than findtime apart", []float64{0, 10, 20, 30, 600.000000001}, -1, 0},
		{"a rate estimate would ban, a window does not", []float64{0, 10, 20, 30, 630}, -1, 0},
		{"the first has left the window when the sixth comes", []float64{0, 300, 650, 700, 750, 760}, 5, 760},
		{"slow and steady", []float64{0, 200, 400, 601, 801, 1001, 1201}, -1, 0},
		{"the newest comes first", []float64{400, 300, 200, 100, 0}, 4, 400},
		{"one far ahead does not help four late ones", []float64{1000, 0, 0, 0, 0}, -1, 0},
		{"a late one fills a gap: the ban runs from the latest", []float64{0, 10, 500, 510, 300}, 4, 510},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJail(t, options())
			banned := -1
			for i, s := range tt.seconds {
				out := j.Observe(old("192.0.2.6", s-7200))
				if b := cmpOr(out.Ban, out.Expired); b != nil {
					banned = i
					if want := at(tt.from - 7200); !b.Start.Equal(want) || !b.End.Equal(want.Add(time.Hour)) {
						t.Errorf("got a ban %s to %s, want it from %s for an hour", b.Start, b.End, want)
					}
				}
			}
			if banned != tt.banned {
				t.Errorf("got a ban at failure %d, want it at %d", banned, tt.banned)
			}
		})
	}
}

func cmpOr(a, b *jail.Ban) *jail.Ban {
	if a != nil {
		return a
	}
	return b
}

func TestTimeOfAFailure(t *testing.T) {
	for _, tt := range []struct {
		name    string
		f       filter.Failure
		counts  bool
		at      time.Time
		shift   time.Duration
		undated bool
	}{
		{"live, on time", filter.Failure{Time: at(-1), Read: noon}, true, at(-1), 0, false},
		{"live, 60 s behind", filter.Failure{Time: at(-60), Read: noon}, true, at(-60), 0, false},
		{"live, 60.9 s behind, whole seconds count", filter.Failure{Time: at(-60), Read: at(0.9)}, true, at(-60), 0, false},
		{"live, 61 s behind", filter.Failure{Time: at(-61), Read: noon}, true, noon, -61 * time.Second, false},
		{"live, 6 h behind", filter.Failure{Time: at(-6 * 3600), Read: noon}, true, noon, -6 * time.Hour, false},
		{"live, 30 s ahead", filter.Failure{Time: at(30), Read: noon}, true, noon, 0, false},
		{"live, 6 h ahead", filter.Failure{Time: at(6 * 3600), Read: noon}, true, noon, 6 * time.Hour, false},
		{"live, undated", filter.Failure{Read: noon}, true, noon, 0, true},
		{"live, a year that no clock shows", filter.Failure{Time: time.Date(1, 2, 3, 4, 5, 6, 0, time.UTC), Read: noon}, true, noon, 0, true},
		{"catch-up, old", filter.Failure{Time: at(-86400), Read: noon, CatchUp: true}, true, at(-86400), 0, false},
		{"catch-up, ahead", filter.Failure{Time: at(86400), Read: noon, CatchUp: true}, true, noon, 0, false},
		{"catch-up, undated, nobody knows since when", filter.Failure{Read: noon, CatchUp: true}, false, time.Time{}, 0, true},
		{"catch-up, undated, after a short while", filter.Failure{Read: noon, CatchUp: true, Since: at(-60)}, true, at(-60), 0, true},
		{"catch-up, undated, after findtime", filter.Failure{Read: noon, CatchUp: true, Since: noon.Add(-options().FindTime)}, true, noon.Add(-options().FindTime), 0, true},
		{"catch-up, undated, after more than findtime", filter.Failure{Read: noon, CatchUp: true, Since: noon.Add(-options().FindTime - 1)}, false, time.Time{}, 0, true},
		{"catch-up, undated, the clock was set back", filter.Failure{Read: noon, CatchUp: true, Since: at(60)}, true, noon, 0, true},
		{"catch-up, dated, after a short while", filter.Failure{Time: at(-120), Read: noon, CatchUp: true, Since: at(-60)}, true, at(-120), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.f.Prefix = netip.MustParsePrefix("192.0.2.6/32")
			out := newJail(t, options()).Observe(tt.f)
			if out.Shift != tt.shift || out.Undated != tt.undated {
				t.Errorf("got shift %s, undated %t, want %s, %t", out.Shift, out.Undated, tt.shift, tt.undated)
			}
			if (out.Counted != nil) != tt.counts {
				t.Fatalf("got counted %v, want %t", out.Counted, tt.counts)
			}
			if tt.counts && !out.Counted.Time.Equal(tt.at) {
				t.Errorf("got time %s, want %s", out.Counted.Time, tt.at)
			}
		})
	}
}

func TestWhoIsBanned(t *testing.T) {
	ignore, err := jail.NewIgnore([]string{"2001:db8:1::1", "198.51.100.0/28"}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		prefix string
		id     string
		target string // of the ban
	}{
		{"an IPv4 address", "192.0.2.6/32", "", "192.0.2.6"},
		{"a mapped IPv4 address", "::ffff:192.0.2.6/128", "", "192.0.2.6"},
		{"an IPv6 address with its /64", "2001:db8:2::6/128", "", "2001:db8:2::/64"},
		{"an IPv6 address alone, if its /64 holds one that is ignored", "2001:db8:1::6/128", "", "2001:db8:1::6"},
		{"a network", "192.0.2.0/24", "", "192.0.2.0/24"},
		{"an id", "", "bob", "bob"},
		{"an id that looks like an address", "", "192.0.2.6", "192.0.2.6"},
		{"an id with its host", "192.0.2.6/32", "bob", "bob"},
		{"an id longer than any name", "", strings.Repeat("x", 5000), strings.Repeat("x", 512)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := options()
			opts.MaxRetry, opts.Ignore = 1, ignore
			f := failed("", noon)
			f.ID = tt.id
			if tt.prefix != "" {
				f.Prefix = netip.MustParsePrefix(tt.prefix)
			}
			out := newJail(t, opts).Observe(f)
			if out.Ban == nil || out.Ban.Target() != tt.target || (out.Ban.ID != "") != (tt.id != "") {
				t.Errorf("got %+v, want a ban of %s", out, tt.target)
			}
		})
	}
}

func TestWhoIsNotBanned(t *testing.T) {
	ignore, err := jail.NewIgnore([]string{"10.0.0.0/8", "198.51.100.7"}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	network := failed("", noon)
	network.Prefix = netip.MustParsePrefix("198.51.100.0/24")
	id := failed("10.1.2.3", noon)
	id.ID = "bob"
	for _, tt := range []struct {
		name string
		f    filter.Failure
		want jail.Outcome
	}{
		{"ignored", failed("10.1.2.3", noon), jail.Outcome{Ignored: "ignoreip 10.0.0.0/8"}},
		{"ignored, mapped", failed("::ffff:10.1.2.3", noon), jail.Outcome{Ignored: "ignoreip 10.0.0.0/8"}},
		{"a network with an ignored address in it", network, jail.Outcome{Ignored: "ignoreip 198.51.100.7"}},
		{"an id of an ignored host", id, jail.Outcome{Ignored: "ignoreip 10.0.0.0/8"}},
		{"a name", failed("host.example.org", noon), jail.Outcome{Unresolved: "host.example.org"}},
		{"nobody", failed("", noon), jail.Outcome{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := options()
			opts.MaxRetry, opts.Ignore = 1, ignore
			if got := newJail(t, opts).Observe(tt.f); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestBanEnds(t *testing.T) {
	opts := options()
	opts.MaxRetry = 2
	j := newJail(t, opts)
	j.Observe(failed("192.0.2.6", at(0)))
	ban := j.Observe(failed("192.0.2.6", at(1))).Ban
	if ban == nil || ban.Failures != 2 || ban.Count != 1 || ban.By != "jail" || ban.User != "root" || len(ban.Lines) != 2 {
		t.Fatalf("got %+v, want the first ban, for two failures", ban)
	}
	if out := j.Observe(failed("192.0.2.6", at(2))); !out.AlreadyBanned || out.Counted != nil {
		t.Errorf("got %+v during the ban, want it not counted", out)
	}
	next, ok := j.Next()
	if want := at(3601); !ok || !next.Equal(want) {
		t.Errorf("got next %s, want %s", next, want)
	}
	if ended := j.Expire(at(3600)); len(ended) != 0 {
		t.Errorf("got %v before its end", ended)
	}
	if ended := j.Expire(next); len(ended) != 1 || ended[0].Target() != "192.0.2.6" {
		t.Errorf("got %v at its end, want the ban", ended)
	}
	if ended := j.Expire(next); len(ended) != 0 {
		t.Errorf("got %v a second time", ended)
	}
	j.Observe(failed("192.0.2.6", at(4000)))
	if ban := j.Observe(failed("192.0.2.6", at(4001))).Ban; ban == nil || ban.Count != 2 {
		t.Errorf("got %+v, want the second ban", ban)
	}
	want := jail.Counts{FailuresTotal: 4, BannedCurrent: 1, BannedTotal: 2}
	if got := j.Counts(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBanThatRanOutBeforeExpireGivesWay(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.BanTime = 1, time.Minute
	j := newJail(t, opts)
	j.Observe(failed("192.0.2.6", at(0)))
	out := j.Observe(failed("192.0.2.6", at(60)))
	if out.Ban == nil || !out.Extended || out.Ban.Count != 2 {
		t.Errorf("got %+v, want a second ban in place of the first", out)
	}
	if ended := j.Expire(at(61)); len(ended) != 0 {
		t.Errorf("got %v, want none: the target is still banned", ended)
	}
}

func TestExpiredBanTakesThePlaceOfOneThatRanOut(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.BanTime = 1, time.Minute
	j := newJail(t, opts)
	j.Observe(failed("192.0.2.6", at(0)))
	late := failed("192.0.2.6", at(100))
	late.Read, late.CatchUp = at(1000), true
	if out := j.Observe(late); out.Expired == nil || out.Ban != nil {
		t.Fatalf("got %+v, want a ban that is over", out)
	}
	if ended := j.Expire(at(1000)); len(ended) != 1 || !ended[0].Start.Equal(noon) {
		t.Errorf("got %v, want the first ban: it was in force", ended)
	}
}

func TestBanThatRanOutIsNotLiftedFromUnderALaterOne(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.BanTime = 1, time.Minute
	j := newJail(t, opts)
	j.Observe(failed("192.0.2.6", at(0)))
	late := failed("192.0.2.6", at(100))
	late.Read, late.CatchUp = at(1000), true
	j.Observe(late)
	if out := j.Observe(failed("192.0.2.6", at(1000))); out.Ban == nil {
		t.Fatalf("got %+v, want a ban", out)
	}
	if ended := j.Expire(at(1000)); len(ended) != 0 {
		t.Errorf("got %v, want none: the target is banned", ended)
	}
}

func TestBanReadLate(t *testing.T) {
	opts := options()
	opts.MaxRetry = 2
	j := newJail(t, opts)
	for _, tt := range []struct {
		name    string
		seconds float64
		want    string
	}{
		{"first", -7200, "counted"},
		{"second", -7190, "expired"},
		{"during the ban that nobody enforced", -5000, "already banned"},
		{"after it", -3580, "counted"},
		{"a ban that is still in force", -3570, "ban"},
	} {
		if got := decided(j.Observe(old("192.0.2.6", tt.seconds))); got.What != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got.What, tt.want)
		}
	}
	if banned := j.Banned(); len(banned) != 1 || banned[0].Count != 2 {
		t.Errorf("got %+v, want the second ban", banned)
	}
}

func TestLiveLineDoesNotDisturbCatchUp(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.BanTime = 3, 24*time.Hour
	j := newJail(t, opts)
	j.Observe(old("192.0.2.6", -7200))
	j.Observe(old("192.0.2.6", -7190))
	j.Observe(failed("192.0.2.6", noon))
	if out := j.Observe(old("192.0.2.6", -7180)); out.Ban == nil {
		t.Errorf("got %+v, want a ban for the three of two hours ago", out)
	}
}

func TestHostsAreForgotten(t *testing.T) {
	opts := options()
	opts.MaxHosts = 2
	j := newJail(t, opts)
	j.Observe(failed("192.0.2.1", at(0)))
	j.Observe(failed("192.0.2.2", at(1)))
	j.Observe(failed("192.0.2.1", at(2)))
	j.Observe(failed("192.0.2.3", at(3))) // 192.0.2.2 failed longest ago
	for host, want := range map[string]int{"192.0.2.1": 2, "192.0.2.2": 0, "192.0.2.3": 1} {
		if got := j.About(jail.Key{Prefix: netip.MustParsePrefix(host + "/32")}, at(3)).Failures; got != want {
			t.Errorf("%s: got %d failures, want %d", host, got, want)
		}
	}
	if c := j.Counts(); c.EvictedHosts != 1 || c.Hosts != 2 || c.FailuresCurrent != 3 {
		t.Errorf("got %+v", c)
	}
	next, _ := j.Next()
	j.Expire(next)
	if c := j.Counts(); c.Hosts != 1 {
		t.Errorf("got %+v after %s, want one host", c, next)
	}
	next, _ = j.Next()
	j.Expire(next)
	if next, ok := j.Next(); ok {
		t.Errorf("got next %s, want nothing left", next)
	}
}

func TestEvidenceIsBoundedAndCopied(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.MaxMatches = 4, 3
	j := newJail(t, opts)
	block := []byte("one|two|" + strings.Repeat("é", 5000))
	text := string(block)
	var ban *jail.Ban
	for i, lines := range [][]string{{"zero"}, {text[:3]}, {text[4:7]}, {"a", text[8:]}} {
		f := failed("192.0.2.6", at(float64(i)))
		f.Lines, f.User = lines, strings.Repeat("u", 1000)
		ban = j.Observe(f).Ban
	}
	want := []string{"two", "a", strings.Repeat("é", 512)}
	if ban == nil || !slices.Equal(ban.Lines, want) || len(ban.User) != 256 {
		t.Errorf("got %+v, want lines %q", ban, want)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(*jail.Options)
		want string
	}{
		{"no name", func(o *jail.Options) { o.Name = "" }, "name is missing"},
		{"no retries", func(o *jail.Options) { o.MaxRetry = 0 }, "maxretry is 0"},
		{"no findtime", func(o *jail.Options) { o.FindTime = 0 }, "findtime is 0s"},
		{"no bantime", func(o *jail.Options) { o.BanTime = 0 }, "bantime is 0s"},
		{"a negative bantime that is not Forever", func(o *jail.Options) { o.BanTime = -time.Second }, "bantime is -1s"},
		{"a long prefix", func(o *jail.Options) { o.IPv4Prefix = 33 }, "ipv4prefix is 33"},
		{"a long IPv6 prefix", func(o *jail.Options) { o.IPv6Prefix = 129 }, "ipv6prefix is 129"},
		{"a multiplier of zero", func(o *jail.Options) { o.Increment.Multipliers = []int{1, 0} }, "multiplier 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := options()
			tt.set(&opts)
			if _, err := jail.New(opts); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
}

func TestForever(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.BanTime = 1, jail.Forever
	j := newJail(t, opts)
	if ban := j.Observe(failed("192.0.2.6", noon)).Ban; ban == nil || !ban.Forever() {
		t.Fatalf("got %+v, want a ban without end", ban)
	}
	if _, ok := j.Next(); ok || len(j.Expire(at(1e9))) > 0 {
		t.Error("a ban without end has one")
	}
}

// Hosts that come and go in great numbers must all be found, and leave nothing behind.
func TestManyHosts(t *testing.T) {
	opts := options()
	opts.MaxRetry = 2
	j := newJail(t, opts)
	for round := range 3 {
		start := at(float64(round) * 7200)
		for n := range 10_000 {
			if out := j.Observe(failureOf(n, start)); out.Counted == nil || out.Ban != nil {
				t.Fatalf("round %d, host %d: got %+v", round, n, out)
			}
		}
		for n := 0; n < 10_000; n += 3 {
			if out := j.Observe(failureOf(n, start)); out.Ban == nil || out.Ban.Count != round+1 {
				t.Fatalf("round %d, host %d: got %+v, want a ban", round, n, out)
			}
		}
		if ended := j.Expire(start.Add(time.Hour)); len(ended) != 3334 {
			t.Fatalf("got %d ended, want 3334", len(ended))
		}
		if c := j.Counts(); c.Hosts != 0 || c.FailuresCurrent != 0 || c.BannedCurrent != 0 {
			t.Fatalf("got %+v, want an empty jail", c)
		}
	}
}

func ExampleIncrement_BanTime() {
	inc := jail.Increment{Enabled: true, MaxTime: time.Hour}
	for earlier := range 5 {
		fmt.Print(inc.BanTime(10*time.Minute, earlier, nil), " ")
	}
	// Output: 10m0s 20m0s 40m0s 1h0m0s 1h0m0s
}
