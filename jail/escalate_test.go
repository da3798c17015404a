package jail_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
	"gaol/jail"
)

// escalating bans hosts at the first failure for an hour, and their network at the third host within
// six hours.
func escalating() jail.Options {
	opts := options()
	opts.MaxRetry = 1
	opts.Escalate = jail.Escalate{Enabled: true, Hosts: 3, FindTime: 6 * time.Hour}
	return opts
}

func targetsOf(bans []jail.Ban) (targets []string) {
	for _, b := range bans {
		targets = append(targets, b.Target())
	}
	return targets
}

func TestEscalate(t *testing.T) {
	const hour = 3600
	forever := jail.Forever
	type offence struct {
		host  string
		hours float64
	}
	hosts := func(pattern string, hours ...float64) (list []offence) {
		for n, h := range hours {
			list = append(list, offence{fmt.Sprintf(pattern, n+1), h})
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		change   func(*jail.Options)
		offences []offence
		// want is the network that the last offence leads to, "" for none, until a time in hours; negative:
		// for ever.
		want  string
		until float64
	}{
		{"three hosts", nil, hosts("192.0.2.%d", 0, 1.5, 6), "192.0.2.0/24", 7},
		{"the first too long ago", nil, hosts("192.0.2.%d", 0, 1.5, 6.1), "", 0},
		{"the first too long ago, and a fourth", nil, hosts("192.0.2.%d", 0, 1.5, 6.1, 7), "192.0.2.0/24", 8},
		{"out of order", nil, hosts("192.0.2.%d", 6, 0, 3), "192.0.2.0/24", 7},
		{"IPv6", nil, hosts("2001:db8:1:%d::1", 0, 1, 2), "2001:db8:1::/48", 3},
		{"one host again and again", nil, []offence{{"192.0.2.1", 0}, {"192.0.2.1", 1.5}, {"192.0.2.1", 3}, {"192.0.2.2", 4}}, "", 0},
		{"one host twice", nil, []offence{{"192.0.2.1", 0}, {"192.0.2.2", 1}, {"192.0.2.1", 3}, {"192.0.2.3", 4}}, "192.0.2.0/24", 5},
		{"of two networks", nil, []offence{{"192.0.2.1", 0}, {"192.0.3.2", 0}, {"192.0.2.3", 0}}, "", 0},
		{"of a wider network", func(o *jail.Options) { o.Escalate.IPv4Prefix = 20 }, []offence{{"192.0.2.1", 0}, {"192.0.3.2", 0}, {"192.0.2.3", 0}}, "192.0.0.0/20", 1},
		{"off", func(o *jail.Options) { o.Escalate.Enabled = false }, hosts("192.0.2.%d", 0, 1, 2), "", 0},
		{"where the jail bans by the same prefix", func(o *jail.Options) { o.IPv4Prefix = 24 }, hosts("192.0.%d.1", 0, 1, 2), "", 0},
		{"with a time of its own", func(o *jail.Options) { o.Escalate.BanTime = 48 * time.Hour }, hosts("192.0.2.%d", 0, 0, 0), "192.0.2.0/24", 48},
		{"for ever", func(o *jail.Options) { o.Escalate.BanTime = forever }, hosts("192.0.2.%d", 0, 0, 0), "192.0.2.0/24", -1},
		{"not shorter than a host's ban", func(o *jail.Options) { o.Escalate.BanTime = time.Minute }, hosts("192.0.2.%d", 0, 0.5, 0.4), "192.0.2.0/24", 1.5},
		{"as long as a host's that never ends", func(o *jail.Options) { o.BanTime, o.Escalate.BanTime = forever, time.Minute }, hosts("192.0.2.%d", 0, 0, 0), "192.0.2.0/24", -1},
		{"never with an ignored address", func(o *jail.Options) { o.Ignore, _ = jail.NewIgnore([]string{"192.0.2.200"}, jail.IgnoreOptions{}) }, hosts("192.0.2.%d", 0, 0, 0, 0), "", 0},
		{"never with an ignored network in it", func(o *jail.Options) {
			o.Ignore, _ = jail.NewIgnore([]string{"2001:db8:1:ff00::/56"}, jail.IgnoreOptions{})
		}, hosts("2001:db8:1:%d::1", 0, 1, 2), "", 0},
		{"the neighbour of an ignored address", func(o *jail.Options) { o.Ignore, _ = jail.NewIgnore([]string{"192.0.3.200"}, jail.IgnoreOptions{}) }, hosts("192.0.2.%d", 0, 0, 0), "192.0.2.0/24", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := escalating()
			if tt.change != nil {
				tt.change(&opts)
			}
			j := newJail(t, opts)
			var got *jail.Ban
			var last jail.Outcome
			var read time.Time
			for i, o := range tt.offences {
				f := failed(o.host, at(o.hours*hour))
				read = later(read, f.Read)
				f.Read, f.CatchUp = read, true
				j.Expire(read)
				last = j.Observe(f)
				if got = last.Network; got != nil && i < len(tt.offences)-1 {
					t.Fatalf("%s is banned already for %s", got.Target(), o.host)
				}
			}
			if tt.want == "" {
				if spared := opts.Ignore != nil; (last.Spared != "") != spared {
					t.Errorf("spared by %q", last.Spared)
				}
				if got != nil {
					t.Errorf("got %+v, want no network banned", got)
				}
				return
			}
			end := at(tt.until * hour)
			if tt.until < 0 {
				end = time.Time{}
			}
			if got == nil || got.Target() != tt.want || !got.End.Equal(end) || got.By != "escalation" || got.Failures != 3 || got.Count != 1 || len(got.Lines) != 3 {
				t.Errorf("got %+v, want %s until %s", got, tt.want, end)
			}
		})
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// escalated is a jail in which 192.0.2.0/24 is banned for .1, .2 and .3, and .7 by hand.
func escalated(t *testing.T, opts jail.Options) *jail.Jail {
	t.Helper()
	j := newJail(t, opts)
	j.Ban(prefix("192.0.2.7/32"), 0, noon)
	for n := range 3 {
		out := j.Observe(failed(fmt.Sprintf("192.0.2.%d", n+1), at(float64(60*n))))
		if (out.Network != nil) != (n == 2) || out.Ban == nil {
			t.Fatalf("host %d: got %+v", n, out)
		}
	}
	return j
}

func TestWhatANetworkIsBannedFor(t *testing.T) {
	j := escalated(t, escalating())
	all := j.Banned()
	if diff := cmp.Diff([]string{"192.0.2.0/24", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.7"}, targetsOf(all)); diff != "" {
		t.Fatal(diff)
	}
	stamp := func(minutes float64) string { return at(60 * minutes).UTC().Format(time.RFC3339) }
	want := []string{stamp(0) + " banned 192.0.2.1", stamp(1) + " banned 192.0.2.2", stamp(2) + " banned 192.0.2.3"}
	if diff := cmp.Diff(want, all[0].Lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if out := j.Observe(failed("192.0.2.4", at(200))); !out.AlreadyBanned {
		t.Errorf("got %+v of a neighbour, want it banned already", out)
	}
	if bans := j.About(jail.Key{Prefix: prefix("192.0.2.99/32")}, at(200)).Bans; len(bans) != 1 || bans[0].By != "escalation" {
		t.Errorf("got %+v", bans)
	}
	// Theirs end by themselves, the network's not before the last of them.
	for _, tt := range []struct {
		seconds float64
		want    []string
	}{{3600, []string{"192.0.2.1", "192.0.2.7"}}, {3660, []string{"192.0.2.2"}}, {3719, nil}, {3720, []string{"192.0.2.0/24", "192.0.2.3"}}} {
		got := targetsOf(j.Expire(at(tt.seconds)))
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("ended after %v s (-want +got):\n%s", tt.seconds, diff)
		}
	}
	// Those who led to it do not lead to the next one.
	for n := range 2 {
		if out := j.Observe(failed(fmt.Sprintf("192.0.2.%d", n+10), at(4000))); out.Ban == nil || out.Network != nil {
			t.Errorf("got %+v, want a host banned", out)
		}
	}
	if out := j.Observe(failed("192.0.2.12", at(4000))); out.Network == nil || out.Network.Count != 2 {
		t.Errorf("got %+v, want the network's second ban", out)
	}
}

func TestUnbanOfANetworkThatWasEscalated(t *testing.T) {
	for _, tt := range []struct {
		target              string
		bans, members, left []string
	}{
		{"192.0.2.0/24", []string{"192.0.2.0/24", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.7"}, nil, nil},
		{"192.0.2.1/32", []string{"192.0.2.0/24", "192.0.2.1"}, []string{"192.0.2.2", "192.0.2.3"}, []string{"192.0.2.7"}},
		{"192.0.2.99/32", []string{"192.0.2.0/24"}, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, []string{"192.0.2.7"}},
		{"192.0.3.1/32", nil, nil, []string{"192.0.2.0/24", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.7"}},
	} {
		t.Run(tt.target, func(t *testing.T) {
			j := escalated(t, escalating())
			gone := j.Unban(prefix(tt.target))
			got := [][]string{targetsOf(gone.Bans), targetsOf(gone.Members), targetsOf(j.Banned())}
			if diff := cmp.Diff([][]string{tt.bans, tt.members, tt.left}, got); diff != "" {
				t.Errorf("unbanned, members and left (-want +got):\n%s", diff)
			}
			if len(gone.Bans) == 0 {
				return
			}
			// A member that was not named has been banned before, and the network not.
			for n, host := range []string{"192.0.2.2", "192.0.2.5", "192.0.2.6"} {
				out := j.Observe(failed(host, at(500+float64(n))))
				if out.Ban == nil || n == 0 && out.Ban.Count != 1+min(len(gone.Members), 1) {
					t.Errorf("%s: got %+v", host, out.Ban)
				}
				if (out.Network != nil) != (n == 2) || n == 2 && out.Network.Count != 1 {
					t.Errorf("%s: got network %+v", host, out.Network)
				}
			}
		})
	}
}

func TestUnbanOfAHostForgetsItForItsNetwork(t *testing.T) {
	j := newJail(t, escalating())
	j.Observe(failed("192.0.2.1", at(0)))
	j.Observe(failed("192.0.2.2", at(1)))
	j.Unban(prefix("192.0.2.1/32"))
	if out := j.Observe(failed("192.0.2.3", at(2))); out.Network != nil {
		t.Errorf("got %+v, want two hosts only", out.Network)
	}
	if out := j.Observe(failed("192.0.2.4", at(3))); out.Network == nil {
		t.Error("want the third host")
	}
}

// An address of the network that is ignored by now lets the network in, but not those who offended.
func TestPardonOfANetwork(t *testing.T) {
	opts := escalating()
	j := escalated(t, opts)
	opts.Ignore, _ = jail.NewIgnore([]string{"192.0.2.99"}, jail.IgnoreOptions{})
	if err := j.Reconfigure(opts, at(300)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"192.0.2.0/24"}, targetsOf(j.Pardon())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.7"}, targetsOf(j.Banned())); diff != "" {
		t.Error(diff)
	}
}

func TestNetworksOutliveARestart(t *testing.T) {
	recent := func(text string, seconds float64) jail.Recent {
		return jail.Recent{Prefix: prefix(text), Start: at(seconds)}
	}
	two := []jail.Recent{recent("192.0.2.1/32", 0), recent("192.0.2.2/32", 60)}
	for _, tt := range []struct {
		name   string
		recent []jail.Recent
		want   bool
	}{
		{"two hosts", two, true},
		{"one host", two[:1], false},
		{"two hosts that led to a ban of it", append(slices.Clone(two), recent("192.0.2.0/24", 60)), false},
		{"two hosts since then", append([]jail.Recent{recent("192.0.2.9/32", 0), recent("192.0.2.0/24", 0)}, two...), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJail(t, escalating())
			j.RestoreNetworks(tt.recent, at(100))
			if out := j.Observe(failed("192.0.2.3", at(200))); (out.Network != nil) != tt.want {
				t.Errorf("got %+v", out.Network)
			}
		})
	}
	// A network's ban comes back as any does.
	before := escalated(t, escalating()).Banned()
	j := newJail(t, escalating())
	j.Restore(before, nil, at(300))
	if diff := cmp.Diff(targetsOf(before), targetsOf(j.Banned())); diff != "" {
		t.Error(diff)
	}
	if gone := j.Unban(prefix("192.0.2.99/32")); len(gone.Members) != 3 {
		t.Errorf("got %+v", gone)
	}
}

func TestNetworkBanThatIsOverWhenItIsFoundOut(t *testing.T) {
	j := newJail(t, escalating())
	var out jail.Outcome
	for n := range 3 {
		f := old(fmt.Sprintf("192.0.2.%d", n+1), float64(n))
		f.Read = at(100_000)
		out = j.Observe(f)
	}
	if out.Expired == nil || out.Network == nil || !out.Network.Over(at(100_000)) {
		t.Fatalf("got %+v", out)
	}
	f := old("192.0.2.50", 5)
	f.Read = at(100_000)
	if out := j.Observe(f); !out.AlreadyBanned {
		t.Errorf("got %+v, want a later line of the same past to fall into it", out)
	}
	if got := j.Banned(); len(got) != 0 {
		t.Errorf("got %v in force", got)
	}
}

func TestReconfigureOfEscalate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*jail.Escalate)
		want   bool
	}{
		{"nothing", func(*jail.Escalate) {}, true},
		{"fewer hosts", func(e *jail.Escalate) { e.Hosts = 2 }, true},
		{"more hosts", func(e *jail.Escalate) { e.Hosts = 4 }, false},
		{"other networks", func(e *jail.Escalate) { e.IPv4Prefix = 23 }, false},
		{"off", func(e *jail.Escalate) { e.Enabled = false }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := escalating()
			j := newJail(t, opts)
			j.Observe(failed("192.0.2.1", at(0)))
			j.Observe(failed("192.0.2.2", at(0)))
			tt.change(&opts.Escalate)
			if err := j.Reconfigure(opts, at(1)); err != nil {
				t.Fatal(err)
			}
			if out := j.Observe(failed("192.0.2.3", at(2))); (out.Network != nil) != tt.want {
				t.Errorf("got %+v", out.Network)
			}
		})
	}
}

// However many networks there are, and however long, what is kept of them is bounded, and goes.
func TestNetworksAreBounded(t *testing.T) {
	opts := escalating()
	opts.BanTime = time.Second
	j := newJail(t, opts)
	before := heapInUse()
	for n := range 200_000 {
		addr := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		if n%2 == 0 {
			addr = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		}
		now := at(float64(n) / 10)
		j.Observe(filter.Failure{Time: now, Read: now, Prefix: netip.PrefixFrom(addr, addr.BitLen()), Host: addr.String()})
		j.Expire(now)
	}
	if used := int64(heapInUse()) - int64(before); used > 60<<20 {
		t.Errorf("%d MB are in use", used>>20)
	}
	end := at(20_000 + 7*3600)
	for next, ok := j.Next(); ok; next, ok = j.Next() {
		if next.After(end) {
			t.Fatalf("something is left at %s", next)
		}
		j.Expire(next)
	}
}

// networkModel keeps every ban of a host and looks at all of them each time.
type networkModel struct {
	esc jail.Escalate
	// latest has the latest ban of each host since its network's last one.
	latest map[netip.Prefix]map[netip.Prefix]time.Time
}

// banned says when the ban of a network begins to which the ban of a host leads; zero: it leads to none.
func (m networkModel) banned(host netip.Prefix, start time.Time) (net netip.Prefix, begin time.Time) {
	net, _ = host.Addr().Prefix(m.esc.IPv4Prefix)
	if m.latest[net] == nil {
		m.latest[net] = map[netip.Prefix]time.Time{}
	}
	m.latest[net][host] = start
	n := 0
	for _, at := range m.latest[net] {
		if start.Sub(at) <= m.esc.FindTime {
			n++
		}
	}
	if n < m.esc.Hosts {
		return net, time.Time{}
	}
	delete(m.latest, net)
	return net, start
}

// Networks are banned when a model says so that forgets nothing, over restarts.
func TestEscalationIsThatOfAJailThatForgetsNothing(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		opts := escalating()
		opts.BanTime = time.Duration(1+rnd.IntN(60)) * time.Minute
		opts.Escalate = jail.Escalate{Enabled: true, Hosts: 2 + rnd.IntN(5), FindTime: time.Duration(1+rnd.IntN(10)) * time.Hour, IPv4Prefix: 20 + rnd.IntN(8)}
		m := networkModel{opts.Escalate, map[netip.Prefix]map[netip.Prefix]time.Time{}}
		j := newJail(t, opts)
		now, networks := noon, 0
		var recent []jail.Recent
		for step := range 2000 {
			now = now.Add(time.Duration(rnd.IntN(600)) * time.Second)
			j.Expire(now)
			f := failed(netip.AddrFrom4([4]byte{10, 0, byte(rnd.IntN(8)), byte(rnd.IntN(256))}).String(), now)
			out := j.Observe(f)
			if out.AlreadyBanned {
				continue
			}
			recent = append(recent, jail.Recent{Prefix: f.Prefix, Start: now})
			net, begin := m.banned(f.Prefix, now)
			if (out.Network == nil) != begin.IsZero() || out.Network != nil && (out.Network.Prefix != net || !out.Network.Start.Equal(begin)) {
				t.Fatalf("seed %d, step %d, %s: got %+v, want %s at %s", seed, step, f.Host, out.Network, net, begin)
			}
			if out.Network != nil {
				networks++
				recent = append(recent, jail.Recent{Prefix: net, Start: begin})
			}
			if rnd.IntN(50) == 0 {
				inForce := j.Banned()
				j = newJail(t, opts)
				j.Restore(inForce, nil, now)
				from := slices.IndexFunc(recent, func(r jail.Recent) bool { return now.Sub(r.Start) <= opts.Escalate.FindTime })
				j.RestoreNetworks(recent[from:], now)
			}
		}
		if networks == 0 && opts.Escalate.Hosts < 4 {
			t.Errorf("seed %d: no network was banned", seed)
		}
	}
}
