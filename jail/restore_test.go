package jail_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/jail"
)

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

func TestRestore(t *testing.T) {
	opts := options()
	var err error
	if opts.Ignore, err = jail.NewIgnore([]string{"10.0.0.0/8"}, jail.IgnoreOptions{}); err != nil {
		t.Fatal(err)
	}
	j := newJail(t, opts)
	ban := func(p, by string, end time.Time) jail.Ban {
		return jail.Ban{Jail: "sshd", Prefix: prefix(p), Start: at(-100), End: end, Count: 3, By: by}
	}
	other := ban("192.0.2.5/32", "jail", at(50))
	other.Jail = "nginx"
	running := j.Restore([]jail.Ban{
		ban("192.0.2.1/32", "jail", at(50)),
		ban("192.0.2.1/32", "jail", at(40)), // twice
		ban("192.0.2.2/32", "jail", time.Time{}),
		ban("192.0.2.3/32", "jail", at(0)), // over
		ban("10.0.0.1/32", "jail", at(50)), // ignored by now
		ban("10.0.0.2/32", "hand", at(50)), // as asked
		other,
	}, map[jail.Key]int{{Prefix: prefix("192.0.2.7/32")}: 4}, noon)
	for _, c := range []jail.Counted{
		{Jail: "sshd", Prefix: prefix("192.0.2.7/32"), Time: at(-4), Line: "one", User: "a"},
		{Jail: "sshd", Prefix: prefix("192.0.2.7/32"), Time: at(-3), Line: "two", User: "b"},
		{Jail: "sshd", Prefix: prefix("192.0.2.7/32"), Time: at(-2), Line: "three"},
		{Jail: "sshd", Prefix: prefix("192.0.2.7/32"), Time: at(-1), Line: "four"},
		{Jail: "sshd", Prefix: prefix("10.0.0.3/32"), Time: at(-1)},
		{Jail: "nginx", Prefix: prefix("192.0.2.8/32"), Time: at(-1)},
	} {
		j.RestoreFailure(c, noon)
	}
	var got []string
	for _, b := range running {
		got = append(got, b.Target())
	}
	if want := "192.0.2.1 192.0.2.2 10.0.0.2"; strings.Join(got, " ") != want {
		t.Errorf("got %q running, want %q", got, want)
	}
	if c := j.Counts(); c.BannedCurrent != 3 || c.Hosts != 1 || c.FailuresCurrent != 4 {
		t.Errorf("got %+v", c)
	}
	next := j.Observe(failed("192.0.2.7", at(1))).Ban
	if next == nil || next.Count != 5 || next.User != "root" || next.Lines[0] != "one" || len(next.Lines) != 5 {
		t.Errorf("got %+v, want the fifth ban, with the lines of before", next)
	}
	if ended := j.Expire(at(50)); len(ended) != 2 {
		t.Errorf("got %v, want the two bans that end", ended)
	}
}

// A daemon that was down for hours must still count what was written in the first
// minutes of it together with what it had counted before.
func TestCountsOutliveALongStop(t *testing.T) {
	opts := options()
	opts.MaxRetry, opts.BanTime = 2, 24*time.Hour
	j := newJail(t, opts)
	counted := j.Observe(failed("192.0.2.6", at(-7200))).Counted
	j = newJail(t, opts)
	j.Restore(nil, nil, noon)
	j.RestoreFailure(*counted, noon)
	j.Expire(noon)
	if out := j.Observe(old("192.0.2.6", -7100)); out.Ban == nil {
		t.Errorf("got %+v, want a ban", out)
	}
}

func TestReconfigure(t *testing.T) {
	opts := options()
	j := newJail(t, opts)
	for s := range 4 {
		j.Observe(failed("192.0.2.6", at(float64(s))))
		j.Observe(failed("2001:db8::6", at(float64(s))))
	}
	j.Ban(prefix("10.0.0.1/32"), 0, noon)
	j.Ban(prefix("192.0.2.9/32"), 0, noon)

	opts.MaxRetry, opts.IPv6Prefix = 3, 56
	if err := j.Reconfigure(opts, at(10)); err != nil {
		t.Fatal(err)
	}
	if c := j.Counts(); c.BannedCurrent != 2 {
		t.Errorf("got %+v, want bans kept", c)
	}
	if out := j.Observe(failed("2001:db8::6", at(10))); out.Ban != nil {
		t.Errorf("got %+v, want IPv6 hosts counted anew, as their prefix changed", out)
	}
	if out := j.Observe(failed("192.0.2.6", at(11))); out.Ban == nil || out.Ban.Failures != 5 {
		t.Errorf("got %+v, want a ban by the new maxretry", out)
	}
	opts.Name = "other"
	if err := j.Reconfigure(opts, at(10)); err == nil {
		t.Error("a jail has changed its name")
	}
	opts.Name, opts.MaxRetry = "sshd", 0
	if err := j.Reconfigure(opts, at(10)); err == nil {
		t.Error("a jail has taken bad options")
	}
}

func TestReconfigureShrinks(t *testing.T) {
	opts := options()
	j := newJail(t, opts)
	for n := range 100 {
		j.Observe(failureOf(n, noon))
	}
	opts.MaxHosts = 10
	if err := j.Reconfigure(opts, noon); err != nil {
		t.Fatal(err)
	}
	if c := j.Counts(); c.Hosts != 10 || c.EvictedHosts != 90 {
		t.Errorf("got %+v, want 10 hosts left", c)
	}
}

func TestPardon(t *testing.T) {
	opts := options()
	opts.MaxRetry = 1
	j := newJail(t, opts)
	j.Observe(failed("2001:db8::6", noon))
	j.Observe(failed("192.0.2.6", noon))
	j.Ban(prefix("2001:db8:1::1/128"), 0, noon)
	var err error
	if opts.Ignore, err = jail.NewIgnore([]string{"2001:db8::1", "2001:db8:1::1"}, jail.IgnoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := j.Reconfigure(opts, noon); err != nil {
		t.Fatal(err)
	}
	if ended := j.Pardon(); len(ended) != 1 || ended[0].Target() != "2001:db8::/64" {
		t.Errorf("got %v, want the /64 that holds an ignored address", ended)
	}
	if got := j.Banned(); len(got) != 2 {
		t.Errorf("got %v, want the others still banned", got)
	}
}

// A jail that is told of the bans in force first, some at a time, and of the earlier ones later knows what it would if it had been told
// at once.
func TestRestoreInParts(t *testing.T) {
	opts := options()
	opts.Increment.Enabled = true
	var bans []jail.Ban
	earlier := map[jail.Key]int{}
	for i, count := range []int{1, 3, 2} {
		p := prefix([]string{"192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"}[i])
		bans = append(bans, jail.Ban{Jail: "sshd", Prefix: p, Start: at(-100), End: at(50), Count: count, By: "jail"})
		earlier[jail.Key{Prefix: p}] = i + 1 // of the second there are fewer rows than it knows of, of the third more
	}
	earlier[jail.Key{Prefix: prefix("192.0.2.4/32")}] = 5
	next := func(restore func(*jail.Jail)) (counts []int) {
		j := newJail(t, opts)
		restore(j)
		j.Expire(at(60))
		for k := range 4 {
			b, _ := j.Ban(prefix([]string{"192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32", "192.0.2.4/32"}[k]), 0, at(61))
			counts = append(counts, b.Count)
		}
		return counts
	}
	atOnce := next(func(j *jail.Jail) { j.Restore(bans, earlier, noon) })
	inParts := next(func(j *jail.Jail) {
		for i := len(bans) - 1; i >= 0; i-- {
			j.Restore(bans[i:i+1], nil, noon)
		}
		j.Restore(nil, earlier, noon)
	})
	if want := []int{2, 4, 4, 6}; !slices.Equal(atOnce, want) || !slices.Equal(inParts, want) {
		t.Errorf("at once the next bans count %v, in parts %v, want %v", atOnce, inParts, want)
	}
}
