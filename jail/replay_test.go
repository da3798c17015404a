package jail_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

const (
	// stepsPerSeed is how many things happen to one jail, seedsPerStore how many jails one store knows.
	stepsPerSeed  = 500
	seedsPerStore = 20
)

// TestDecisionsAreThoseOfAJailThatForgetsNothing compares a jail and its store with the model, event by
// event. GAOL_MODEL_EVENTS says how many; without it, as many as take a few seconds.
func TestDecisionsAreThoseOfAJailThatForgetsNothing(t *testing.T) {
	t.Parallel()
	events := 10_000
	if text := os.Getenv("GAOL_MODEL_EVENTS"); text != "" {
		var err error
		if events, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]int)
	for seed := uint64(0); seen["events"] < events; {
		s := newShelf(t)
		for range seedsPerStore {
			newRun(t, seed, s, seen).play(stepsPerSeed)
			seed++
		}
		s.close()
	}
	t.Log(seen)
	for _, what := range []string{"counted", "ban", "expired", "already banned", "undated", "success", "restart", "crash", "read again", "reload", "pause"} {
		if seen[what] < events/500 {
			t.Errorf("%d of kind %q: the streams do not test much", seen[what], what)
		}
	}
}

func FuzzDecisions(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(seed, uint16(200))
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		s := newShelf(t)
		defer s.close()
		newRun(t, seed, s, map[string]int{}).play(1 + int(steps)%2000)
	})
}

// run is a jail with its store, beside the model of it.
type run struct {
	*stream
	t     *testing.T
	seed  uint64
	step  int
	jail  *jail.Jail
	model *model
	store *shelf
	// changes are not stored yet; stored is the model as of what is, since when storing was, and unstored
	// are the events behind it.
	changes  store.Changes
	stored   *model
	since    time.Time
	unstored []event
	seen     map[string]int
}

func newRun(t *testing.T, seed uint64, s *shelf, seen map[string]int) *run {
	r := &run{stream: newStream(seed), t: t, seed: seed, store: s, seen: seen}
	r.jail, r.model = newJail(t, r.opts), newModel(r.opts)
	r.commit()
	return r
}

// shelf is where a store is.
type shelf struct {
	*store.Store
	t    *testing.T
	path string
}

func newShelf(t *testing.T) *shelf {
	s := &shelf{t: t, path: filepath.Join(t.TempDir(), "gaol.sqlite3")}
	s.open()
	return s
}

func (s *shelf) open() {
	var err error
	if s.Store, err = store.Open(s.path, store.Options{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) close() {
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func (r *run) play(steps int) {
	catchUps := r.rnd.IntN(steps/2 + 1)
	for r.step = range steps {
		r.catchUp = r.step < catchUps
		e := r.next()
		r.unstored = append(r.unstored, e)
		r.observe(e)
		r.seen["events"]++
		switch n := r.rnd.IntN(600); {
		case n < 60:
			r.expire()
		case n < 90:
			r.commit()
		case n < 98:
			r.restart()
		case n < 106 && !r.wild:
			r.crash()
		case n < 112:
			r.reload((*stream).gentleOptions, "reload")
		case n < 115 && !r.catchUp:
			r.reload((*stream).pause, "pause")
		}
	}
}

func (r *run) fail(format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("seed %d, step %d, options %+v: "+format, append([]any{r.seed, r.step, r.opts}, args...)...)
}

// observe takes an event and compares what comes of it.
func (r *run) observe(e event) {
	r.t.Helper()
	if e.success {
		r.seen["success"]++
		r.model.trust(filter.Success(e.Failure))
		if trusted := r.jail.Trust(filter.Success(e.Failure)); trusted != nil {
			r.changes.Trusted = append(r.changes.Trusted, *trusted)
		}
		return
	}
	out := r.jail.Observe(e.Failure)
	got, want := decided(out), r.model.observe(e.Failure)
	if !sameDecision(got, want) {
		r.fail("%+v:\ngot  %+v\nwant %+v", e, got, want)
	}
	r.seen[got.What]++
	if out.Counted != nil {
		r.changes.Counted = append(r.changes.Counted, *out.Counted)
	}
	for _, b := range []*jail.Ban{out.Ban, out.Expired} {
		if b != nil {
			r.changes.Bans = append(r.changes.Bans, *b)
		}
	}
}

func (r *run) expire() {
	r.commit()
	r.jail.Expire(r.now)
	r.model.expire(r.now)
	r.compareBans()
	r.stored = r.model.clone()
}

func (r *run) compareBans() {
	r.t.Helper()
	if got, want := inForce(r.jail), r.model.inForce(); !slices.Equal(got, want) {
		r.fail("bans in force:\ngot  %q\nwant %q", got, want)
	}
}

// commit stores what has happened, as the daemon does, in one transaction.
func (r *run) commit() {
	if err := r.store.Commit(r.t.Context(), r.changes); err != nil {
		r.fail("%v", err)
	}
	r.changes, r.stored, r.since, r.unstored = store.Changes{}, r.model.clone(), r.now, r.unstored[:0]
}

// restart stores everything and begins anew from that.
func (r *run) restart() {
	r.seen["restart"]++
	r.commit()
	r.revive()
}

// crash begins anew from what is stored, and reads again what came behind it.
func (r *run) crash() {
	r.seen["crash"]++
	again := slices.Clone(r.unstored)
	r.stored.opts = r.opts
	r.model, r.changes = r.stored, store.Changes{}
	since := r.since
	r.revive()
	for _, e := range again {
		r.seen["read again"]++
		e.Read, e.CatchUp = r.now, true
		if e.Since.IsZero() {
			e.Since = since
		}
		r.unstored = append(r.unstored, e)
		r.observe(e)
	}
}

// revive is what a start does.
func (r *run) revive() {
	if r.rnd.IntN(4) == 0 { // else the file stays open, which is faster
		r.store.close()
		r.store.open()
	}
	state, err := r.store.Load(r.t.Context(), r.now)
	if err != nil {
		r.fail("%v", err)
	}
	r.jail = newJail(r.t, r.opts)
	r.jail.Restore(state.Bans, state.Earlier[r.opts.Name], r.now)
	findtimes := map[string]time.Duration{r.opts.Name: r.opts.FindTime}
	if err := r.store.Counted(r.t.Context(), findtimes, func(c jail.Counted) { r.jail.RestoreFailure(c, r.now) }); err != nil {
		r.fail("%v", err)
	}
	r.jail.RestoreTrust(state.Trusted, r.now)
	r.model.restart(r.now)
	r.compareBans()
	r.changes, r.stored, r.unstored = store.Changes{}, r.model.clone(), r.unstored[:0]
}

// reload changes options.
func (r *run) reload(change func(*stream), what string) {
	r.seen[what]++
	if what == "pause" {
		r.commit()
	}
	change(r.stream)
	r.model.opts = r.opts
	if err := r.jail.Reconfigure(r.opts, r.now); err != nil {
		r.fail("%v", err)
	}
}
