package actiontest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Suite says how to test an action. New is required. A firewall is a Holder and says itself what it holds; for an action
// that writes a list, Holds looks for the address in what was written, and for one that only tells others, in what
// they heard last.
type Suite struct {
	// New makes the action of a jail, not started.
	New func(t *testing.T, jail string) action.Action
	// Holds asks whether an address is banned; nil: the action is a Holder and is asked
	// itself.
	Holds func(t *testing.T, a action.Action, p netip.Prefix) bool
	// Timed says that bans end by themselves.
	Timed bool
	// Prefixes says that wide prefixes and single addresses in them are held side by
	// side, as the kernel's sets do.
	Prefixes bool
	// Refuses says which prefixes it refuses, by a FailedError, as they are too wide; nil: none. One that does refuses every
	// address of a family.
	Refuses func(netip.Prefix) bool
	// Many is how many bans it must take at once; 0: 3,000.
	Many int
	// Dirt are states an earlier run may have left for jail "web", by name.
	Dirt map[string]func(t *testing.T)
	// Damage is what other programs may do to jail "web" behind the action's back, by name.
	// Check has to notice each, at the latest when it is called Checks times (0:
	// once).
	Checks int
	Damage map[string]func(t *testing.T)
	// Empty empties the sets of jail "web" and leaves all else; nil: it has none. The
	// action must be a Prober and miss what it held.
	Empty func(t *testing.T)
	// Clean fails the test if anything is left of jail "web"; nil: nothing is
	// looked for.
	Clean func(t *testing.T)
}

// Ban returns a ban of target, an address or prefix, for d from now on; d 0 is
// for ever.
func Ban(target string, d time.Duration) jail.Ban {
	p, err := netip.ParsePrefix(target)
	if err != nil {
		addr := netip.MustParseAddr(target)
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	b := jail.Ban{Jail: "web", Prefix: p, Start: time.Now(), Count: 1, By: "jail"}
	if d != 0 {
		b.End = b.Start.Add(d)
	}
	return b
}

// Test runs the suite as subtests of t.
func Test(t *testing.T, suite Suite) {
	if suite.Holds == nil {
		suite.Holds = askHolder
	}
	tests := []struct {
		name string
		run  func(*fixture)
		skip bool
	}{
		{name: "bans and unbans both families", run: bansAndUnbans},
		{name: "starts twice", run: startsTwice},
		{name: "bans twice", run: bansTwice},
		{name: "takes the new end of a ban", run: takesNewEnd, skip: !suite.Timed},
		{name: "holds what never ends", run: holdsForever},
		{name: "tells how long it holds", run: tellsLeft, skip: !suite.Prefixes},
		{name: "leaves out what is over", run: leavesOutOver},
		{name: "ends the last moment of a ban", run: endsLastMoment, skip: !suite.Timed},
		{name: "unbans what is not there", run: unbansStranger},
		{name: "ignores ids", run: ignoresIDs, skip: !suite.Prefixes},
		{name: "takes nothing", run: takesNothing},
		{name: "takes many at once", run: takesMany},
		{name: "keeps an address apart from its network", run: keepsApart, skip: !suite.Prefixes},
		{name: "takes every length of prefix", run: takesEveryLength, skip: !suite.Prefixes},
		{name: "takes IPv4 written as IPv6", run: takesMapped, skip: !suite.Prefixes},
		{name: "stops twice", run: stopsTwice},
		{name: "stops without having started", run: stopsUnstarted},
		{name: "starts after a crash", run: startsAfterCrash},
		{name: "leaves another jail alone", run: leavesOthersAlone},
		{name: "gives up with its context", run: keepsToContext},
		{name: "misses what was taken out", run: missesMembers, skip: suite.Empty == nil},
	}
	for _, tt := range tests {
		if tt.skip {
			continue
		}
		t.Run(tt.name, func(t *testing.T) { tt.run(newFixture(t, suite)) })
	}
	for name, dirt := range suite.Dirt {
		t.Run("starts on "+name, func(t *testing.T) {
			dirt(t)
			bansAndUnbans(newFixture(t, suite))
		})
	}
	for name, damage := range suite.Damage {
		t.Run("notices "+name, func(t *testing.T) { noticesDamage(newFixture(t, suite), damage) })
	}
}

func askHolder(t *testing.T, a action.Action, p netip.Prefix) bool {
	t.Helper()
	held, err := a.(action.Holder).Holds(t.Context(), p)
	if err != nil {
		t.Fatalf("Holds(%s): %v", p, err)
	}
	if held.Set == "" {
		t.Errorf("Holds(%s) names no set", p)
	}
	return held.Holds
}

// fixture is the action under test, with methods that fail the test.
type fixture struct {
	*testing.T
	suite Suite
	a     action.Action
}

func newFixture(t *testing.T, suite Suite) *fixture {
	f := &fixture{T: t, suite: suite, a: suite.New(t, "web")}
	t.Cleanup(func() {
		// The test's context is over by now.
		if err := f.a.Stop(context.Background()); err != nil {
			t.Errorf("Stop at the end: %v", err)
		}
		f.clean()
	})
	return f
}

func (f *fixture) clean() {
	f.Helper()
	if f.suite.Clean != nil {
		f.suite.Clean(f.T)
	}
}

func (f *fixture) must(doing string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: %v", doing, err)
	}
}

func (f *fixture) start() { f.Helper(); f.must("Start", f.a.Start(f.Context())) }

func (f *fixture) ban(bans ...jail.Ban) {
	f.Helper()
	f.must("Ban", f.a.Ban(f.Context(), bans, time.Now()))
}

func (f *fixture) unban(bans ...jail.Ban) { f.Helper(); f.must("Unban", f.a.Unban(f.Context(), bans)) }

func (f *fixture) holds(want bool, bans ...jail.Ban) {
	f.Helper()
	for _, b := range bans {
		if got := f.suite.Holds(f.T, f.a, b.Prefix); got != want {
			f.Errorf("holds %s = %v, want %v", b.Target(), got, want)
		}
	}
}

// gone waits until a ban has ended by itself.
func (f *fixture) gone(b jail.Ban, within time.Duration) {
	f.Helper()
	deadline := time.Now().Add(within)
	for f.suite.Holds(f.T, f.a, b.Prefix) {
		if time.Now().After(deadline) {
			f.Fatalf("%s is still held after %s", b.Target(), within)
		}
		time.Sleep(20 * time.Millisecond) // the kernel tells nobody
	}
}

// checks has the action find nothing wrong with itself.
func (f *fixture) checks() {
	f.Helper()
	if c, ok := f.a.(action.Checker); ok {
		for range max(f.suite.Checks, 1) {
			f.must("Check", c.Check(f.Context()))
		}
	}
}

func bansAndUnbans(f *fixture) {
	one, two := Ban("192.0.2.7", time.Hour), Ban("2001:db8:0:7::/64", time.Hour)
	three := Ban("2001:db8::3", time.Hour)
	f.start()
	f.holds(false, one, two, three)
	f.ban(one, two, three)
	f.holds(true, one, two, three)
	f.unban(one)
	f.holds(false, one)
	f.holds(true, two, three)
	f.unban(two, three)
	f.holds(false, two, three)
	f.checks()
}

// tellsLeft asks what the kernel says of an address that is banned twice.
func tellsLeft(f *fixture) {
	f.start()
	for _, tt := range []struct {
		ban           jail.Ban
		asked, member string
		left          time.Duration
	}{
		{Ban("192.0.2.7", time.Minute), "192.0.2.7/32", "192.0.2.7/32", time.Minute},
		{Ban("192.0.2.0/24", time.Hour), "192.0.2.7/32", "192.0.2.0/24", time.Hour},
		{Ban("2001:db8::/64", time.Hour), "2001:db8::1/128", "2001:db8::/64", time.Hour},
		{Ban("2001:db8::/48", 0), "2001:db8::1/128", "2001:db8::/48", 0},
	} {
		f.ban(tt.ban)
		held, err := f.a.(action.Holder).Holds(f.Context(), netip.MustParsePrefix(tt.asked))
		f.must("Holds", err)
		wrong := held.Left > tt.left+time.Second || held.Left < tt.left-10*time.Second
		if !held.Holds || held.Member.String() != tt.member || wrong {
			f.Errorf("%s: got %+v, want %s for %s", tt.asked, held, tt.member, tt.left)
		}
	}
}

func startsTwice(f *fixture) {
	f.start()
	f.start()
	b := Ban("192.0.2.7", time.Hour)
	f.ban(b)
	f.holds(true, b)
}

func bansTwice(f *fixture) {
	f.start()
	b := Ban("192.0.2.7", time.Hour)
	f.ban(b, b)
	f.ban(b)
	f.holds(true, b)
	f.unban(b)
	f.holds(false, b)
}

func takesNewEnd(f *fixture) {
	f.start()
	longer, shorter := Ban("192.0.2.7", time.Hour), Ban("2001:db8:0:7::/64", time.Hour)
	never, network, ending := Ban("192.0.2.8", 0), Ban("2001:db8:0:8::/64", 0), Ban("192.0.2.9", 0)
	short := 900 * time.Millisecond
	f.ban(Ban("192.0.2.7", short), shorter, Ban("192.0.2.8", short), Ban("2001:db8:0:8::/64", short), ending)
	fresh, freshNetwork := Ban("192.0.2.10", time.Hour), Ban("2001:db8:0:9::/64", time.Hour) // among those that are there
	f.ban(fresh, longer, Ban("2001:db8:0:7::/64", short), never, network, freshNetwork, Ban("192.0.2.9", short))
	f.gone(shorter, 3*time.Second)
	f.gone(ending, 3*time.Second)
	f.holds(true, longer, never, network, fresh, freshNetwork)
}

func holdsForever(f *fixture) {
	f.start()
	never, century := Ban("192.0.2.7", 0), Ban("2001:db8:0:7::/64", 100*365*24*time.Hour)
	f.ban(never, century)
	f.holds(true, never, century)
}

func leavesOutOver(f *fixture) {
	f.start()
	over, running := Ban("192.0.2.7", -time.Second), Ban("192.0.2.8", time.Hour)
	f.ban(over, running)
	f.holds(false, over)
	f.holds(true, running)
}

// endsLastMoment catches a timeout that is rounded down to 0, which is for
// ever.
func endsLastMoment(f *fixture) {
	f.start()
	b := Ban("192.0.2.7", time.Hour)
	f.must("Ban", f.a.Ban(f.Context(), []jail.Ban{b}, b.End.Add(-time.Microsecond)))
	f.gone(b, 3*time.Second)
}

func unbansStranger(f *fixture) {
	f.start()
	held := Ban("192.0.2.8", time.Hour)
	f.ban(held)
	f.unban(Ban("192.0.2.7", time.Hour), held, Ban("2001:db8:0:7::/64", time.Hour), Ban("198.51.100.0/25", time.Hour))
	f.holds(false, held)
}

func ignoresIDs(f *fixture) {
	f.start()
	id := jail.Ban{Jail: "web", ID: "alice", Start: time.Now()}
	held := Ban("192.0.2.8", time.Hour)
	f.ban(id, held)
	f.unban(id)
	f.holds(true, held)
}

func takesNothing(f *fixture) {
	f.start()
	f.ban()
	f.unban()
}

func takesMany(f *fixture) {
	f.start()
	many := f.suite.Many
	if many == 0 {
		many = 3000
	}
	bans := make([]jail.Ban, 0, many)
	for i := range many / 2 {
		bans = append(bans,
			Ban(fmt.Sprintf("10.1.%d.%d", i/250, i%250), time.Hour),
			Ban(fmt.Sprintf("2001:db8:0:%x::/64", i), time.Hour))
	}
	last := bans[len(bans)-2:]
	sample := []jail.Ban{bans[0], bans[1], bans[many/2], bans[many/2+1]}
	f.ban(bans...)
	f.holds(true, append(sample, last...)...)
	f.unban(bans[:len(bans)-2]...)
	f.holds(false, sample...)
	f.holds(true, last...)
}

func keepsApart(f *fixture) {
	f.start()
	for _, pair := range [][2]jail.Ban{
		{Ban("192.0.2.0/24", time.Hour), Ban("192.0.2.7", time.Hour)},
		{Ban("2001:db8::/48", time.Hour), Ban("2001:db8:0:7::/64", time.Hour)},
	} {
		network, single := pair[0], pair[1]
		f.ban(single)
		f.ban(network)
		f.unban(network)
		f.holds(true, single)
		f.holds(false, network)
		f.ban(network)
		f.unban(single)
		f.holds(true, network, single) // the network holds it
		f.unban(network)
		f.holds(false, network, single)
	}
}

func takesEveryLength(f *fixture) {
	f.start()
	for _, target := range []string{"192.0.2.4/31", "192.0.0.0/9", "128.0.0.0/1", "255.255.255.255", "2001:db8::2/127", "2001:db8::/33", "8000::/1"} {
		b := Ban(target, time.Hour)
		if f.suite.Refuses != nil && f.suite.Refuses(b.Prefix) {
			refusesAll(f, []jail.Ban{b}, Ban("9.9.9.9", time.Hour))
			continue
		}
		f.ban(b)
		f.holds(true, b)
		f.unban(b)
		f.holds(false, b)
	}
	all := []jail.Ban{Ban("0.0.0.0/0", time.Hour), Ban("::/0", time.Hour)}
	inside := []jail.Ban{Ban("192.0.2.7", time.Hour), Ban("9.9.9.9", time.Hour), Ban("2001:db8::7", time.Hour), Ban("fe00::1", time.Hour)}
	if f.suite.Refuses != nil {
		f.ban(inside[0])
		refusesAll(f, all, inside[1])
		return
	}
	f.ban(all...)
	f.holds(true, inside...)
	f.unban(all...)
	f.holds(false, inside...)
}

// refusesAll bans networks that are too wide, which fails, and one more, who is banned all the same.
func refusesAll(f *fixture, wide []jail.Ban, one jail.Ban) {
	err := f.a.Ban(f.Context(), append(slices.Clone(wide), one), time.Now())
	failed, ok := errors.AsType[*action.FailedError](err)
	if !ok || len(failed.Bans) != len(wide) {
		f.Errorf("a ban of %s: %v, want a FailedError of %d bans", wide[0].Target(), err, len(wide))
	}
	f.holds(false, wide...)
	f.holds(true, one)
	f.unban(wide...)
	f.holds(true, one)
	f.checks()
}

func takesMapped(f *fixture) {
	f.start()
	f.ban(Ban("::ffff:192.0.2.7", time.Hour))
	f.holds(true, Ban("192.0.2.7", time.Hour), Ban("::ffff:192.0.2.7", time.Hour))
	f.unban(Ban("192.0.2.7", time.Hour))
	f.holds(false, Ban("::ffff:192.0.2.7", time.Hour))
}

func stopsTwice(f *fixture) {
	f.start()
	f.ban(Ban("192.0.2.7", time.Hour), Ban("2001:db8:0:7::/64", time.Hour))
	f.must("Stop", f.a.Stop(f.Context()))
	f.clean()
	f.must("Stop", f.a.Stop(f.Context()))
	f.start()
	f.holds(false, Ban("192.0.2.7", time.Hour))
}

func stopsUnstarted(f *fixture) { f.must("Stop", f.a.Stop(f.Context())) }

func startsAfterCrash(f *fixture) {
	f.start()
	left, restored := Ban("192.0.2.7", time.Hour), Ban("2001:db8:0:7::/64", time.Hour)
	f.ban(left, restored)
	f.a = f.suite.New(f.T, "web") // the old one is never heard of again
	f.start()
	f.ban(restored, Ban("192.0.2.8", time.Hour))
	f.holds(true, restored, Ban("192.0.2.8", time.Hour))
	f.unban(restored)
	f.holds(false, restored)
}

func leavesOthersAlone(f *fixture) {
	f.start()
	other := *f
	other.a = f.suite.New(f.T, "web6") // a name made to collide
	other.start()
	b4, b6 := Ban("192.0.2.7", time.Hour), Ban("2001:db8:0:7::/64", time.Hour)
	other.ban(b4, b6)
	f.must("Stop", f.a.Stop(f.Context()))
	other.holds(true, b4, b6)
	f.start()
	f.holds(false, b4, b6)
	f.ban(b4, b6)
	other.unban(b4, b6)
	f.holds(true, b4, b6)
	other.must("Stop", other.a.Stop(f.Context()))
	f.holds(true, b4, b6)
	f.checks()
}

func keepsToContext(f *fixture) {
	f.start()
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	if err := f.a.Ban(ctx, []jail.Ban{Ban("192.0.2.7", time.Hour)}, time.Now()); err == nil {
		f.Error("Ban with a context that is done: no error")
	}
}

func missesMembers(f *fixture) {
	prober, ok := f.a.(action.Prober)
	if !ok {
		f.Fatal("the action is no Prober")
	}
	f.start()
	one, two := Ban("192.0.2.7", time.Hour), Ban("2001:db8:0:7::/64", time.Hour)
	f.ban(one, two)
	missing := func(want ...netip.Prefix) {
		f.Helper()
		got, err := prober.Missing(f.Context(), []netip.Prefix{one.Prefix, two.Prefix})
		if err != nil || !slices.Equal(got, want) {
			f.Errorf("Missing: %v, %v, want %v", got, err, want)
		}
	}
	missing()
	f.unban(two)
	missing(two.Prefix)
	f.ban(two)
	f.suite.Empty(f.T)
	missing(one.Prefix, two.Prefix)
	f.checks()
}

func noticesDamage(f *fixture, damage func(*testing.T)) {
	checker, ok := f.a.(action.Checker)
	if !ok {
		f.Fatal("the action is no Checker")
	}
	f.start()
	b := Ban("192.0.2.7", time.Hour)
	f.ban(b)
	f.must("Check before", checker.Check(f.Context()))
	damage(f.T)
	var err error
	for range max(f.suite.Checks, 1) {
		if err = checker.Check(f.Context()); err != nil {
			break
		}
	}
	if err == nil {
		f.Fatal("Check noticed nothing")
	}
	f.Logf("noticed: %v", err)
	f.start()
	f.ban(b)
	f.checks()
	f.holds(true, b)
}
