package jail_test

import (
	"net/netip"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// trusting are options by which a stranger is banned after 3 failures, and who has logged in after 5.
func trusting() jail.Options {
	opts := options()
	opts.MaxRetry, opts.TrustTime, opts.TrustRetry = 3, time.Hour, 2
	return opts
}

// success is a login of host that is read when it is written.
func success(host string, when time.Time) filter.Success { return filter.Success(failed(host, when)) }

// failuresToBan lets host fail each second until it is banned, and says how often that was.
func failuresToBan(t *testing.T, j *jail.Jail, host string, from time.Time) int {
	t.Helper()
	for n := range 20 {
		if out := j.Observe(failed(host, from.Add(time.Duration(n)*time.Second))); out.Ban != nil {
			return n + 1
		}
	}
	t.Error("no ban")
	return 0
}

func TestTrust(t *testing.T) {
	none := func(*jail.Options) {}
	for _, tt := range []struct {
		name, host string
		// success is when 192.0.2.6 and 2001:db8::1 have logged in; the failures begin at noon.
		success  float64
		opts     func(*jail.Options)
		failures int
	}{
		{"a stranger", "192.0.2.7", -10, none, 3},
		{"who has logged in", "192.0.2.6", -10, none, 5},
		{"just within trusttime with the last failure", "192.0.2.6", -3596, none, 5},
		{"trusttime ends before the fourth failure", "192.0.2.6", -3598, none, 4},
		{"trusttime ends before the third failure", "192.0.2.6", -3599, none, 3},
		{"before trusttime", "192.0.2.6", -3601, none, 3},
		{"without trusttime", "192.0.2.6", -10, func(o *jail.Options) { o.TrustTime = 0 }, 3},
		{"as many again by default", "192.0.2.6", -10, func(o *jail.Options) { o.TrustRetry = 0 }, 6},
		{"of the same IPv6 prefix", "2001:db8::2", -10, none, 5},
		{"of another IPv6 prefix", "2001:db8:0:1::1", -10, none, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := trusting()
			tt.opts(&opts)
			j := newJail(t, opts)
			for _, host := range []string{"192.0.2.6", "2001:db8::1"} {
				if got := j.Trust(success(host, at(tt.success))); (got != nil) != (opts.TrustTime > 0) {
					t.Errorf("got %+v to be stored", got)
				}
			}
			if n := failuresToBan(t, j, tt.host, noon); n != tt.failures {
				t.Errorf("banned after %d failures, want %d", n, tt.failures)
			}
		})
	}
}

func TestTrustOfIDs(t *testing.T) {
	j := newJail(t, trusting())
	f := filter.Failure{ID: "joe", Time: noon, Read: noon}
	if got := j.Trust(filter.Success(f)); got == nil || got.ID != "joe" || got.Prefix.IsValid() || !got.Time.Equal(noon) {
		t.Errorf("got %+v", got)
	}
	for n := range 5 {
		if out := j.Observe(f); (out.Ban != nil) != (n == 4) {
			t.Errorf("failure %d: got %+v", n+1, out)
		}
	}
}

func TestASuccessLiftsNoBanAndResetsNoCount(t *testing.T) {
	j := newJail(t, trusting())
	for n := range 3 {
		j.Observe(failed("192.0.2.6", at(float64(n))))
	}
	j.Trust(success("192.0.2.6", at(4)))
	if len(j.Banned()) != 1 {
		t.Error("a success has lifted a ban")
	}
	j.Observe(failed("192.0.2.7", at(0)))
	j.Observe(failed("192.0.2.7", at(1)))
	j.Trust(success("192.0.2.7", at(2)))
	j.Observe(failed("192.0.2.7", at(3)))
	j.Observe(failed("192.0.2.7", at(4)))
	if out := j.Observe(failed("192.0.2.7", at(5))); out.Ban == nil || out.Ban.Failures != 5 {
		t.Errorf("got %+v, want a ban for all five", out)
	}
}

func TestWhoIsNotTrusted(t *testing.T) {
	opts := trusting()
	var err error
	if opts.Ignore, err = jail.NewIgnore([]string{"10.0.0.0/8"}, jail.IgnoreOptions{}); err != nil {
		t.Fatal(err)
	}
	j := newJail(t, opts)
	undated := success("192.0.2.6", time.Time{})
	undated.Read, undated.CatchUp = noon, true
	for name, s := range map[string]filter.Success{
		"a host that is known by name alone":       success("joe.example.com", noon),
		"one that is never banned":                 success("10.0.0.1", noon),
		"one that was let in nobody knows when":    undated,
		"one that is neither an address nor an id": {Time: noon, Read: noon},
	} {
		if got := j.Trust(s); got != nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if c := j.Counts(); c.Trusted != 0 {
		t.Errorf("got %+v", c)
	}
}

// Whoever was let in longest ago, as read, leaves first.
func TestTrustIsBounded(t *testing.T) {
	opts := trusting()
	opts.MaxHosts = 100
	j := newJail(t, opts)
	host := func(n int) string { return netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}).String() }
	for n := range 300 {
		j.Trust(success(host(n), at(float64(n))))
		j.Trust(success(host(0), at(float64(n)))) // comes back all the time
	}
	if c := j.Counts(); c.Trusted != 100 || c.EvictedHosts != 0 {
		t.Errorf("got %+v, want 100 trusted", c)
	}
	for n, want := range map[int]int{0: 5, 299: 5, 201: 5, 200: 3, 1: 3} {
		if got := failuresToBan(t, j, host(n), at(300)); got != want {
			t.Errorf("host %d: banned after %d failures, want %d", n, got, want)
		}
	}
	opts.MaxHosts = 10
	if err := j.Reconfigure(opts, at(400)); err != nil {
		t.Fatal(err)
	}
	if c := j.Counts(); c.Trusted != 10 {
		t.Errorf("got %+v, want 10 trusted after a reload", c)
	}
	if next, ok := j.Next(); !ok || next.After(at(400+3600+121)) {
		t.Errorf("the next thing to do is at %v, %v", next, ok)
	}
	j.Expire(at(400 + 3600 + 121))
	if c := j.Counts(); c.Trusted != 0 {
		t.Errorf("got %+v, want nobody after trusttime", c)
	}
}

func TestTrustIsRestored(t *testing.T) {
	j := newJail(t, trusting())
	late := success("192.0.2.6", at(-3000))
	first := *j.Trust(success("192.0.2.6", at(-10)))
	late.Read, late.CatchUp = at(-5), true
	second := *j.Trust(late)
	if !second.Time.Equal(at(-10)) {
		t.Errorf("got %v to be stored, want the last of both", second.Time)
	}
	other := first
	other.Jail, other.Prefix = "nginx", netip.MustParsePrefix("192.0.2.7/32")
	for _, list := range [][]jail.Trusted{{first}, {first, second}, {second, other}} {
		j := newJail(t, trusting())
		j.RestoreTrust(list, noon)
		j.Expire(noon)
		for host, want := range map[string]int{"192.0.2.6": 5, "192.0.2.7": 3} {
			if got := failuresToBan(t, j, host, noon); got != want {
				t.Errorf("%s is banned after %d failures, want %d", host, got, want)
			}
		}
	}
}

// What was written while gaol was down must be judged by the trust of then.
func TestTrustOutlivesALongStop(t *testing.T) {
	j := newJail(t, trusting())
	trusted := *j.Trust(success("192.0.2.6", at(-100_000)))
	j = newJail(t, trusting())
	j.RestoreTrust([]jail.Trusted{trusted}, noon)
	j.Expire(noon)
	for n := range 4 {
		if out := j.Observe(old("192.0.2.6", -99_000+float64(n))); out.Expired != nil || out.Ban != nil {
			t.Fatalf("failure %d: got %+v", n+1, out)
		}
	}
	for n := range 3 {
		if out := j.Observe(old("192.0.2.6", -90_000+float64(n))); (out.Expired != nil || out.Ban != nil) != (n == 2) {
			t.Errorf("failure %d, after trusttime: got %+v", n+1, out)
		}
	}
}
