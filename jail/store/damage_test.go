package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

// rounds is how often something random is tried: so many times, or what GAOL_ROUNDS says.
func rounds(t *testing.T, usually int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("GAOL_ROUNDS"), strconv.Itoa(usually)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// written knows all that was ever committed.
type written struct {
	bans      map[string]bool
	counted   map[string]bool
	positions map[filter.Position]bool
}

func newWritten() written {
	return written{map[string]bool{}, map[string]bool{}, map[filter.Position]bool{}}
}

func (w written) add(c store.Changes) {
	for _, b := range c.Bans {
		w.bans[banText(b)] = true
	}
	for _, f := range c.Counted {
		w.counted[countedText(f)] = true
	}
	for _, p := range c.Positions {
		w.positions[p] = true
	}
}

func banText(b jail.Ban) string {
	return fmt.Sprint(b.Jail, " ", b.Prefix, " ", b.ID, " ", b.Start.UnixNano(), " ", b.End.UnixNano())
}

func countedText(f jail.Counted) string {
	return fmt.Sprint(f.Jail, " ", f.Prefix, " ", f.ID, " ", f.Time.UnixNano())
}

// check loads s and says what of it was never written.
func (w written) check(t *testing.T, s *store.Store) (bans int, err error) {
	t.Helper()
	l, err := loadAll(t.Context(), s, noon, tenMinutes)
	for _, b := range l.Bans {
		if !w.bans[banText(b)] {
			t.Errorf("a ban that was never made: %+v", b)
		}
	}
	for _, f := range l.Counted {
		if !w.counted[countedText(f)] {
			t.Errorf("a failure that was never counted: %+v", f)
		}
	}
	for _, p := range l.Positions {
		if !w.positions[p] {
			t.Errorf("a position where no log was left: %+v", p)
		}
	}
	return len(l.Bans), err
}

// damage overwrites some bytes of a file.
func damage(t *testing.T, path string, rnd *rand.Rand) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() == 0 {
		return
	}
	for range 1 + rnd.IntN(20) {
		junk := make([]byte, 1+rnd.IntN(16))
		for i := range junk {
			junk[i] = byte(rnd.Uint32())
		}
		if _, err := f.WriteAt(junk, rnd.Int64N(info.Size())); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedWhileClosed overwrites bytes of a store anywhere. Whatever is read of it then is what was
// written, and it can be written to.
func TestDamagedWhileClosed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	was := newWritten()
	for n := 1; n <= 60; n++ {
		was.add(step(n))
		commit(t, s, step(n))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	healthy, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 7))
	outcomes := map[string]int{}
	for range rounds(t, 30) {
		path := filepath.Join(t.TempDir(), "gaol.sqlite3")
		if err := os.WriteFile(path, healthy, 0o600); err != nil {
			t.Fatal(err)
		}
		damage(t, path, rnd)
		outcomes[takeUp(t, path, was)]++
	}
	t.Logf("%v", outcomes)
	if outcomes["rows left out"] == 0 || outcomes["begun anew"] == 0 {
		t.Error("too little was damaged to show anything")
	}
}

// takeUp opens a store that may be damaged, reads it and writes to it.
func takeUp(t *testing.T, path string, was written) (outcome string) {
	t.Helper()
	s, err := store.Open(path, store.Options{Now: noon})
	if errors.Is(err, store.ErrNewerSchema) {
		return "refused"
	}
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	defer s.Close()
	if _, err := was.check(t, s); err != nil && !errors.Is(err, store.ErrBegunAnew) {
		t.Errorf("loading: %v", err)
	}
	c := step(1000)
	was.add(c)
	err = s.Commit(t.Context(), c)
	if errors.Is(err, store.ErrBegunAnew) {
		err = s.Commit(t.Context(), c)
	}
	if err != nil {
		t.Errorf("committing: %v", err)
	}
	if _, err := was.check(t, s); err != nil && !errors.Is(err, store.ErrBegunAnew) {
		t.Errorf("loading again: %v", err)
	}
	switch {
	case s.Broken() != nil:
		return "begun anew"
	case s.Damaged() != nil:
		return "rows left out"
	default:
		return "unnoticed"
	}
}

// TestDamagedWhileOpen overwrites bytes of a store, and of its write-ahead log, between commits.
func TestDamagedWhileOpen(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(2, 8))
	anew := 0
	for range rounds(t, 5) {
		path := filepath.Join(t.TempDir(), "gaol.sqlite3")
		s := open(t, path)
		was := newWritten()
		for n := 1; n <= 120; n++ {
			c := step(n)
			was.add(c)
			err := s.Commit(t.Context(), c)
			if errors.Is(err, store.ErrBegunAnew) {
				anew++
				err = s.Commit(t.Context(), c)
			}
			if err != nil {
				t.Fatalf("committing: %v", err)
			}
			if rnd.IntN(20) == 0 {
				damage(t, path, rnd)
			}
			if rnd.IntN(40) == 0 {
				damage(t, path+"-wal", rnd)
			}
			if rnd.IntN(20) == 0 {
				if _, err := was.check(t, s); errors.Is(err, store.ErrBegunAnew) {
					anew++
				} else if err != nil {
					t.Fatalf("loading: %v", err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Logf("closing: %v", err)
		}
		takeUp(t, path, was)
	}
	t.Logf("begun anew %d times", anew)
}
