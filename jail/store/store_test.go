package store_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 123456789, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

func open(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func fresh(t testing.TB) *store.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "lib", "gaol.sqlite3"))
}

func commit(t testing.TB, s *store.Store, c store.Changes) {
	t.Helper()
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

var tenMinutes = map[string]time.Duration{"sshd": 10 * time.Minute, "web": 10 * time.Minute}

// loaded is all that a start takes up.
type loaded struct {
	store.State
	Counted []jail.Counted
}

func load(t testing.TB, s *store.Store, now time.Time) loaded {
	t.Helper()
	return loadFor(t, s, now, tenMinutes)
}

func loadFor(t testing.TB, s *store.Store, now time.Time, findtime map[string]time.Duration) loaded {
	t.Helper()
	l, err := loadAll(t.Context(), s, now, findtime)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func loadAll(ctx context.Context, s *store.Store, now time.Time, findtime map[string]time.Duration) (loaded, error) {
	st, err := s.Load(ctx, now)
	l := loaded{State: st}
	if err == nil {
		err = s.Counted(ctx, findtime, func(c jail.Counted) { l.Counted = append(l.Counted, c) })
	}
	return l, err
}

func counted(host string, seconds int) jail.Counted {
	return jail.Counted{
		Jail: "sshd", Prefix: prefix(host + "/32"), Time: at(seconds), Weight: 1, User: "root", Line: "Failed password",
		Read: at(seconds), Until: at(seconds + 720),
	}
}

func ban(host string, seconds, length int) jail.Ban {
	return jail.Ban{
		Jail: "sshd", Prefix: prefix(host + "/32"), Start: at(seconds), End: at(seconds + length), Count: 1, Failures: 5,
		User: "root", Lines: []string{"one", "two"}, By: "jail",
	}
}

// same compares what was stored with what is loaded; times are the same moment, in any zone.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	byPrefix := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if d := cmp.Diff(want, got, cmpopts.EquateApproxTime(0), byPrefix, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestWhatIsCommittedIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a dir?", "gaol#1%.sqlite3")
	s := open(t, path)
	forever := ban("192.0.2.2", 1, 0)
	forever.End, forever.By = time.Time{}, "hand"
	id := jail.Ban{Jail: "web", ID: "b\x00ob\xff", Start: at(2), End: at(90000), Count: 7, By: "jail", Lines: []string{"a\nb", `"\`, "é"}}
	odd := counted("192.0.2.9", 3)
	odd.Line, odd.User = "\xff\x00'; DROP TABLE bans; --\nsecond", "ünï\x00"
	v6 := jail.Counted{Jail: "web", Prefix: prefix("2001:db8::/64"), Time: at(4), Weight: 3, Read: at(4), Until: at(900)}
	byID := jail.Counted{Jail: "web", ID: "eve", Time: at(5), Weight: 100, Read: at(5), Until: at(900)}
	positions := []filter.Position{
		{Path: "/var/log/auth.log", Device: 1<<64 - 1, Inode: 1 << 63, Offset: 1 << 40, Fingerprint: 1<<64 - 2, FingerprintSize: 256, Seen: at(-7)},
		{Path: "journal", Cursor: "s=abc;i=1"},
	}
	changes := store.Changes{
		Bans:    []jail.Ban{ban("192.0.2.1", 0, 3600), forever, id},
		Counted: []jail.Counted{odd, v6, byID}, Positions: positions,
	}
	commit(t, s, changes)
	for _, again := range []string{"at once", "after it was closed"} {
		st := load(t, s, at(10))
		same(t, "bans "+again, st.Bans, changes.Bans)
		same(t, "counted "+again, st.Counted, changes.Counted)
		same(t, "positions "+again, st.Positions, positions)
		same(t, "earlier "+again, st.Earlier, map[string]map[jail.Key]int{
			"sshd": {{Prefix: prefix("192.0.2.1/32")}: 1, {Prefix: prefix("192.0.2.2/32")}: 1},
			"web":  {{ID: id.ID}: 7},
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
	}
	for path, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

func TestCommittingAgainChangesNothing(t *testing.T) {
	s := fresh(t)
	c := store.Changes{
		Bans:      []jail.Ban{ban("192.0.2.1", 0, 3600), ban("192.0.2.2", 0, 3600)},
		Ended:     []store.Ended{{Ban: ban("192.0.2.2", 0, 3600), At: at(5), By: "time"}},
		Positions: []filter.Position{{Path: "log", Inode: 7, Offset: 100}},
	}
	commit(t, s, c)
	want := load(t, s, at(10))
	c.Ended[0].At = at(99)
	commit(t, s, c)
	same(t, "state", load(t, s, at(10)), want)
	events, _, err := s.History(t.Context(), jail.Key{Prefix: prefix("192.0.2.2/32")}, 10)
	if err != nil || len(events) != 2 || !events[1].Time.Equal(at(5)) {
		t.Errorf("got %+v, %v, want one ban and its first end", events, err)
	}
}

func TestBanTakesItsFailuresAlong(t *testing.T) {
	s := fresh(t)
	late := counted("192.0.2.1", 5000) // dated after the ban's end, so it is not part of it
	commit(t, s, store.Changes{Counted: []jail.Counted{counted("192.0.2.1", 0), counted("192.0.2.2", 0)}})
	commit(t, s, store.Changes{
		Counted: []jail.Counted{counted("192.0.2.1", 1), late, counted("192.0.2.2", 1)},
		Bans:    []jail.Ban{ban("192.0.2.1", 1, 3600)},
	})
	var got []string
	for _, c := range load(t, s, at(10)).Counted {
		got = append(got, c.Prefix.Addr().String())
	}
	// The last one was read so late that those of 192.0.2.2 were outdated by then.
	if want := []string{"192.0.2.1"}; !slices.Equal(got, want) {
		t.Errorf("got failures of %v, want %v", got, want)
	}
}

func TestExtendedBanHasOneRow(t *testing.T) {
	s := fresh(t)
	b := ban("192.0.2.1", 0, 60)
	commit(t, s, store.Changes{Bans: []jail.Ban{b}})
	b.End, b.By = at(7200), "hand"
	commit(t, s, store.Changes{Bans: []jail.Ban{b}})
	same(t, "bans", load(t, s, at(100)).Bans, []jail.Ban{b})
}

func TestLoadLeavesOutWhatIsOver(t *testing.T) {
	s := fresh(t)
	lifted := ban("192.0.2.3", 0, 3600)
	commit(t, s, store.Changes{
		Bans:  []jail.Ban{ban("192.0.2.1", 0, 10), ban("192.0.2.2", 0, 11), lifted},
		Ended: []store.Ended{{Ban: lifted, At: at(5), By: "time"}},
	})
	st := load(t, s, at(10))
	same(t, "bans", st.Bans, []jail.Ban{ban("192.0.2.2", 0, 11)})
	if n := len(st.Earlier["sshd"]); n != 3 {
		t.Errorf("got %d targets banned before, want 3", n)
	}
}

func TestLoadKeepsWhatMayStillMatter(t *testing.T) {
	s := fresh(t)
	other := counted("192.0.2.9", 0)
	other.Jail = "gone"
	commit(t, s, store.Changes{Counted: []jail.Counted{counted("192.0.2.1", 0), counted("192.0.2.2", 700), other}})
	// Hours later nothing has been read in between: both may still lead to a ban.
	if st := loadFor(t, s, at(86400), tenMinutes); len(st.Counted) != 2 {
		t.Errorf("got %+v, want the two of sshd", st.Counted)
	}
	minute := map[string]time.Duration{"sshd": time.Minute, "gone": time.Minute}
	if st := loadFor(t, s, at(86400), minute); len(st.Counted) != 2 {
		t.Errorf("got %+v, want the ones within a minute of the last one of sshd and of gone", st.Counted)
	}
	// Once a line has been read, what was outdated by then is deleted.
	commit(t, s, store.Changes{Counted: []jail.Counted{counted("192.0.2.3", 721)}})
	minute["sshd"] = 10 * time.Minute
	if got := loadFor(t, s, at(721), minute).Counted; len(got) != 3 || !got[1].Prefix.Contains(netip.MustParseAddr("192.0.2.9")) {
		t.Errorf("got %+v, want 192.0.2.1 gone", got)
	}
}

func TestUnbanByHandForgetsEarlierBans(t *testing.T) {
	s := fresh(t)
	first, second := ban("192.0.2.1", 0, 60), ban("192.0.2.1", 100, 3600)
	second.Count = 2
	commit(t, s, store.Changes{Bans: []jail.Ban{first, second, ban("192.0.2.2", 0, 60)}, Counted: []jail.Counted{counted("192.0.2.3", 1)}})
	commit(t, s, store.Changes{
		Ended:     []store.Ended{{Ban: second, At: at(200), By: store.ByHand}},
		Forgotten: []jail.Forgotten{{Jail: "sshd", Prefix: prefix("192.0.2.3/32"), Failures: 1}, {Jail: "sshd", Prefix: prefix("192.0.2.2/32")}},
	})
	st := load(t, s, at(200))
	if len(st.Bans) != 0 || len(st.Counted) != 0 || len(st.Earlier) != 0 {
		t.Errorf("got %+v, want nothing left", st)
	}
}

func TestOthersOf(t *testing.T) {
	s := fresh(t)
	web := ban("192.0.2.1", 0, 60)
	web.Jail = "web"
	commit(t, s, store.Changes{Bans: []jail.Ban{ban("192.0.2.1", 0, 60), ban("192.0.2.1", 100, 60), web}})
	st := load(t, s, at(0))
	key := jail.Key{Prefix: prefix("192.0.2.1/32")}
	if own, others := st.Earlier["sshd"][key], st.OthersOf("sshd")[key]; own != 2 || others != 1 {
		t.Errorf("got %d of its own and %d of others, want 2 and 1", own, others)
	}
}

func TestRecent(t *testing.T) {
	s := fresh(t)
	network := ban("192.0.2.0", 30, 600)
	network.Prefix, network.By = prefix("192.0.2.0/24"), "escalation"
	byHand, longer, other := ban("192.0.2.4", 40, 600), ban("192.0.2.5", 50, 600), ban("192.0.2.6", 60, 600)
	byHand.By, byHand.Failures = "hand", 0
	longer.By, other.Jail = "hand", "web"
	id := ban("192.0.2.7", 70, 600)
	id.Prefix, id.ID = netip.Prefix{}, "bob"
	commit(t, s, store.Changes{Bans: []jail.Ban{
		ban("192.0.2.1", 0, 60), ban("192.0.2.2", 10, 60), ban("192.0.2.3", 30, 600), network, byHand, longer, other, id, ban("192.0.2.8", 80, 60),
	}})
	commit(t, s, store.Changes{
		Ended:     []store.Ended{{Ban: network, At: at(90), By: store.ByHand}},
		Forgotten: []jail.Forgotten{{Jail: "sshd", Prefix: prefix("192.0.2.8/32")}},
	})
	list, err := s.Recent(t.Context(), "sshd", 70*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%s %v", r.Prefix, r.Start.Sub(at(0))))
	}
	want := []string{"192.0.2.2/32 10s", "192.0.2.3/32 30s", "192.0.2.0/24 30s", "192.0.2.5/32 50s"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if list, err := s.Recent(t.Context(), "nobody", time.Hour); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v of a jail without bans", list, err)
	}
}

func TestPositions(t *testing.T) {
	s := fresh(t)
	p := func(path string, inode uint64, offset int64) filter.Position {
		return filter.Position{Path: path, Inode: inode, Offset: offset}
	}
	commit(t, s, store.Changes{Positions: []filter.Position{p("a", 1, 10), p("b", 1, 5)}})
	commit(t, s, store.Changes{Positions: []filter.Position{p("a", 2, 0), p("a", 1, 20)}})
	same(t, "while a rotated file is read to its end", load(t, s, noon).Positions, []filter.Position{p("b", 1, 5), p("a", 2, 0), p("a", 1, 20)})
	commit(t, s, store.Changes{Positions: []filter.Position{p("a", 1, 30)}, Done: []filter.Position{p("a", 1, 30)}})
	same(t, "after it", load(t, s, noon).Positions, []filter.Position{p("b", 1, 5), p("a", 2, 0)})
}

func TestHistory(t *testing.T) {
	s := fresh(t)
	network := jail.Ban{Jail: "sshd", Prefix: prefix("192.0.2.0/24"), Start: at(50), End: at(60), Count: 1, By: "hand"}
	first := ban("192.0.2.1", 0, 10)
	commit(t, s, store.Changes{
		Bans:    []jail.Ban{first, network, ban("192.0.3.1", 0, 10)},
		Counted: []jail.Counted{counted("192.0.2.1", 70), counted("192.0.2.2", 80)},
		Ended:   []store.Ended{{Ban: first, At: at(10), By: "time"}},
	})
	for asked, want := range map[string]string{
		"192.0.2.1/32": "ban jail two|unban time |ban hand |failure  Failed password",
		"192.0.2.0/24": "ban jail two|unban time |ban hand |failure  Failed password|failure  Failed password",
		"192.0.2.7/32": "ban hand ",
		"0.0.0.0/0":    "ban jail two|ban jail two|unban time |ban hand |failure  Failed password|failure  Failed password",
		"::/0":         "",
	} {
		events, more, err := s.History(t.Context(), jail.Key{Prefix: prefix(asked)}, 10)
		if err != nil || more {
			t.Fatal(more, err)
		}
		var got []string
		for _, e := range events {
			got = append(got, e.What+" "+e.By+" "+e.Line)
			if (e.Ban != nil) != (e.What != store.Failed) || e.Jail != "sshd" || !e.Prefix.IsValid() {
				t.Errorf("%s: got %+v", asked, e)
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, want %q", asked, strings.Join(got, "|"), want)
		}
	}
}

func TestPurge(t *testing.T) {
	s := fresh(t)
	forever, lifted := ban("192.0.2.3", 0, 0), ban("192.0.2.4", 0, 1e6)
	forever.End = time.Time{}
	commit(t, s, store.Changes{
		Bans:    []jail.Ban{ban("192.0.2.1", 0, 10), ban("192.0.2.2", 0, 1000), forever, lifted},
		Ended:   []store.Ended{{Ban: lifted, At: at(20), By: "time"}},
		Counted: []jail.Counted{counted("192.0.2.5", -1000), counted("192.0.2.6", 0)},
	})
	if err := s.Purge(t.Context(), at(100)); err != nil {
		t.Fatal(err)
	}
	st := load(t, s, at(0))
	if n := len(st.Earlier["sshd"]); n != 2 || len(st.Bans) != 2 || len(st.Counted) != 1 {
		t.Errorf("got %+v, want the two bans in force and one failure", st)
	}
}

func TestPurgeGivesSpaceBack(t *testing.T) {
	s := fresh(t)
	for range 2 {
		commit(t, s, store.Changes{Bans: manyBans(11_000)}) // more than a step's rows, and than its pages
		if err := s.Purge(t.Context(), at(1e9)); err != nil {
			t.Fatal(err)
		}
		if n := len(load(t, s, at(0)).Bans); n != 0 {
			t.Errorf("%d bans are left", n)
		}
		// Of an open store.
		if info, err := os.Stat(s.Path()); err != nil || info.Size() > 200_000 {
			t.Errorf("got %d bytes, %v, want next to nothing", info.Size(), err)
		}
	}
}

func TestMaxMatches(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "gaol.sqlite3"), store.Options{MaxMatches: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	commit(t, s, store.Changes{Bans: []jail.Ban{ban("192.0.2.1", 0, 10)}})
	if got := load(t, s, noon).Bans[0].Lines; !slices.Equal(got, []string{"two"}) {
		t.Errorf("got %q, want the last line", got)
	}
}

func TestTrustIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	trusted := func(name, host string, seconds int) jail.Trusted {
		return jail.Trusted{Jail: name, Prefix: prefix(host + "/32"), Time: at(seconds), Read: at(seconds), Until: at(seconds + 3600)}
	}
	byID := jail.Trusted{Jail: "sshd", ID: "joe", Time: at(3), Read: at(3), Until: at(3603)}
	late := trusted("sshd", "192.0.2.1", 5)
	late.Time = at(1) // read late
	commit(t, s, store.Changes{Trusted: []jail.Trusted{trusted("sshd", "192.0.2.1", 2), byID, trusted("web", "192.0.2.1", 4), late}})
	want := trusted("sshd", "192.0.2.1", 5)
	want.Time = at(2)
	same(t, "trusted", load(t, s, at(5)).Trusted, []jail.Trusted{byID, trusted("web", "192.0.2.1", 4), want})

	// What matters no more leaves with the next one of its jail, or by a purge.
	commit(t, s, store.Changes{Trusted: []jail.Trusted{trusted("sshd", "192.0.2.2", 3604)}})
	same(t, "trusted", load(t, s, at(5)).Trusted, []jail.Trusted{trusted("web", "192.0.2.1", 4), want, trusted("sshd", "192.0.2.2", 3604)})
	if err := s.Purge(t.Context(), at(4000)); err != nil {
		t.Fatal(err)
	}
	same(t, "trusted", load(t, s, at(5)).Trusted, []jail.Trusted{trusted("sshd", "192.0.2.2", 3604)})
}

func TestShadowsCountInTheirOwnJailAlone(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "gaol.sqlite3"))
	key := jail.Key{Prefix: prefix("192.0.2.1/32")}
	shadow := func(seconds, count int) jail.Ban {
		b := ban("192.0.2.1", seconds, 10)
		b.Jail, b.Shadow, b.Count = "trial", true, count
		return b
	}
	earlier := func(name string) int {
		st := load(t, s, at(1000))
		return st.Earlier[name][key] + st.OthersOf(name)[key]
	}
	commit(t, s, store.Changes{Bans: []jail.Ban{ban("192.0.2.1", 1, 10), shadow(2, 1), shadow(20, 2)}})
	if sshd, trial, other := earlier("sshd"), earlier("trial"), earlier("other"); sshd != 1 || trial != 3 || other != 1 {
		t.Errorf("got %d bans in sshd, %d in trial, %d elsewhere; want 1, 3, 1", sshd, trial, other)
	}
	// One that has become real counts everywhere.
	real := shadow(20, 2)
	real.Shadow = false
	commit(t, s, store.Changes{Bans: []jail.Ban{real}})
	if sshd, trial, other := earlier("sshd"), earlier("trial"), earlier("other"); sshd != 2 || trial != 3 || other != 2 {
		t.Errorf("got %d bans in sshd, %d in trial, %d elsewhere; want 2, 3, 2", sshd, trial, other)
	}
	st := load(t, s, at(5))
	if len(st.Bans) != 3 || st.Bans[0].Shadow || !st.Bans[1].Shadow || st.Bans[2].Shadow {
		t.Errorf("got %+v", st.Bans)
	}
}

// Of very many bans only the last ones have their lines, and each is there once.
func TestLinesOfVeryManyBans(t *testing.T) {
	s := fresh(t)
	const n = 4500
	bans := make([]jail.Ban, n)
	for i := range bans {
		bans[i] = ban("192.0.2.1", i, 10_000)
		bans[i].Prefix = hostNumber(i)
		bans[i].Lines = []string{strings.Repeat("a", 4000), fmt.Sprint(i)}
	}
	commit(t, s, store.Changes{Bans: bans})
	parts, next := 0, n
	err := s.InForce(t.Context(), noon, func(part []jail.Ban) {
		parts++
		for _, b := range part {
			if next--; next < 0 || b.Prefix != bans[next].Prefix || b.Count != bans[next].Count {
				t.Fatalf("got %v where %d are left", b.Prefix, next)
			}
			switch {
			case next >= 3000 && !slices.Equal(b.Lines, bans[next].Lines):
				t.Fatalf("the ban with number %d has %d lines", next, len(b.Lines))
			case next < 2000 && b.Lines != nil:
				t.Fatalf("the ban with number %d has lines", next)
			}
		}
	})
	if err != nil || next != 0 || parts < 2 {
		t.Errorf("got bans down to number %d in %d parts, %v", next, parts, err)
	}
}
