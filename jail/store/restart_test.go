package store_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

// A jail that is stopped and started again at any moment must decide what one that ran all the
// time decides.
func TestRestartsChangeNoDecision(t *testing.T) {
	t.Parallel()
	bans := 0
	for seed := range uint64(4) {
		bans += decideTwice(t, seed)
	}
	if bans < 20 {
		t.Errorf("%d bans: that proves little", bans)
	}
}

func decideTwice(t *testing.T, seed uint64) (bans int) {
	t.Helper()
	opts := jail.Options{
		Name: "sshd", MaxRetry: 4, FindTime: time.Minute, BanTime: 5 * time.Minute,
		Increment: jail.Increment{Enabled: true, MaxTime: time.Hour},
	}
	rnd := rand.New(rand.NewPCG(seed, 3))
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	steady, restarted := newJail(t, opts), newJail(t, opts)
	now := noon
	for n := range 200 {
		now = now.Add(time.Duration(rnd.IntN(10_000)) * time.Millisecond)
		f := filter.Failure{
			Prefix: hostNumber(rnd.IntN(3)), Time: now.Add(-time.Duration(rnd.IntN(50)) * time.Second), Read: now,
			User: "root", Lines: []string{line},
		}
		want, got := steady.Observe(f), restarted.Observe(f)
		if (want.Ban == nil) != (got.Ban == nil) || want.Ban != nil && !sameBan(*want.Ban, *got.Ban) || want.AlreadyBanned != got.AlreadyBanned {
			t.Fatalf("seed %d, step %d: got %+v, want %+v", seed, n, got, want)
		}
		commit(t, s, changesOf(got, n))
		if got.Ban != nil {
			bans++
		}
		lift(t, s, now, steady, restarted)
		if rnd.IntN(10) == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, path)
			st := load(t, s, now)
			if p := st.Positions; len(p) != 1 || p[0].Offset != int64(n) {
				t.Fatalf("seed %d, step %d: got position %v", seed, n, p)
			}
			restarted = newJail(t, opts)
			restarted.Restore(st.Bans, st.Earlier["sshd"], now)
			for _, c := range st.Counted {
				restarted.RestoreFailure(c, now)
			}
		}
	}
	return bans
}

func newJail(t *testing.T, opts jail.Options) *jail.Jail {
	t.Helper()
	j, err := jail.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func sameBan(a, b jail.Ban) bool {
	return a.Prefix == b.Prefix && a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.Count == b.Count && a.Failures == b.Failures &&
		len(a.Lines) == len(b.Lines)
}

func changesOf(out jail.Outcome, n int) store.Changes {
	c := store.Changes{Positions: []filter.Position{{Path: "log", Offset: int64(n)}}}
	if out.Counted != nil {
		c.Counted = []jail.Counted{*out.Counted}
	}
	if out.Ban != nil {
		c.Bans = []jail.Ban{*out.Ban}
	}
	return c
}

// lift ends the bans of both jails that are over, and stores that.
func lift(t *testing.T, s *store.Store, now time.Time, steady, restarted *jail.Jail) {
	t.Helper()
	want := steady.Expire(now)
	got := restarted.Expire(now)
	// A ban that was over when the jail was started again was not restored.
	if len(got) > len(want) {
		t.Fatalf("got %d bans ended, want %d", len(got), len(want))
	}
	var c store.Changes
	for _, b := range got {
		c.Ended = append(c.Ended, store.Ended{Ban: b, At: now, By: "time"})
	}
	if len(c.Ended) > 0 {
		commit(t, s, c)
	}
}
