package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

// disk takes changes, unless it is broken.
type disk struct {
	mu      sync.Mutex
	err     error
	commits []string
}

func (d *disk) Commit(_ context.Context, c store.Changes) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	text := ""
	for _, f := range c.Counted {
		text += "c" + f.Line
	}
	for _, b := range c.Bans {
		text += "b" + b.ID
	}
	for _, e := range c.Ended {
		text += "e" + e.Ban.ID
	}
	for _, p := range c.Positions {
		text += fmt.Sprintf("@%s%d", p.Path, p.Offset)
	}
	d.commits = append(d.commits, text)
	return nil
}

func (d *disk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *disk) seen() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.commits...)
}

func counted(line string) store.Changes {
	return store.Changes{Counted: []jail.Counted{{Jail: "a", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Line: line}}}
}

func at(path string, offset int64) store.Changes {
	return store.Changes{Positions: []filter.Position{{Path: path, Offset: offset}}}
}

func ended(id string) store.Changes {
	return store.Changes{Ended: []store.Ended{{Ban: jail.Ban{ID: id}}}}
}

// run starts a writer in a bubble of fake time, runs f, and stops the writer.
func run(t *testing.T, d *disk, report func(string), f func(w *writer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(d, report, func() store.Changes {
			return store.Changes{Bans: []jail.Ban{{ID: "held"}}}
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		f(w)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func ignore(string) {}

func TestWriterBatchesWhatComesTogether(t *testing.T) {
	d := &disk{}
	run(t, d, ignore, func(w *writer) {
		w.add(counted("1"))
		w.add(at("x", 10))
		w.add(counted("2"))
		w.add(at("x", 20))
		time.Sleep(soon)
		synctest.Wait()
		if diff := cmp.Diff([]string{"c1c2@x20"}, d.seen()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWriterLetsPositionsWait(t *testing.T) {
	d := &disk{}
	run(t, d, ignore, func(w *writer) {
		w.add(at("x", 10))
		time.Sleep(later - time.Millisecond)
		synctest.Wait()
		if len(d.seen()) > 0 {
			t.Errorf("stored too early: %v", d.seen())
		}
		w.add(at("y", 5))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if diff := cmp.Diff([]string{"@x10@y5"}, d.seen()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWriterHurriesForAFailure(t *testing.T) {
	d := &disk{}
	run(t, d, ignore, func(w *writer) {
		w.add(at("x", 10))
		time.Sleep(100 * time.Millisecond)
		w.add(counted("1"))
		time.Sleep(soon)
		synctest.Wait()
		if diff := cmp.Diff([]string{"c1@x10"}, d.seen()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWriterKeepsTheOrderAcrossAnUnban(t *testing.T) {
	d := &disk{}
	run(t, d, ignore, func(w *writer) {
		w.add(counted("1"))
		w.add(ended("a"))
		w.add(counted("2"))
		if err := w.flush(context.Background()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"c1ea", "c2"}, d.seen()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestUnbansShareATransactionUpToTheNextBan(t *testing.T) {
	ban := store.Changes{Bans: []jail.Ban{{Jail: "app"}}}
	counted := store.Changes{Counted: []jail.Counted{{Jail: "app"}}}
	unban := store.Changes{Ended: []store.Ended{{By: store.ByHand}}}
	forgotten := store.Changes{Forgotten: []jail.Forgotten{{Jail: "app"}}}
	place := store.Changes{Positions: []filter.Position{{Path: "log"}}}
	for _, tt := range []struct {
		name  string
		batch []store.Changes
		want  int
	}{
		{"bans and their unbans", []store.Changes{ban, counted, ban, unban, forgotten, place, unban}, 7},
		{"a ban after an unban", []store.Changes{ban, unban, unban, ban, unban}, 3},
		{"a failure after one that was forgotten", []store.Changes{forgotten, place, counted}, 2},
		{"one alone", []store.Changes{unban}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, together := merge(tt.batch)
			if n != tt.want {
				t.Fatalf("got %d, want %d", n, tt.want)
			}
			var bans, ended int
			for _, c := range tt.batch[:n] {
				bans, ended = bans+len(c.Bans), ended+len(c.Ended)
			}
			if len(together.Bans) != bans || len(together.Ended) != ended {
				t.Errorf("got %+v", together)
			}
		})
	}
}

func TestWriterTriesAgainAndLosesNothing(t *testing.T) {
	d := &disk{err: errors.New("no space left on device")}
	var mu sync.Mutex
	var reports []string
	report := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		reports = append(reports, text)
	}
	run(t, d, report, func(w *writer) {
		w.add(counted("1"))
		time.Sleep(time.Second)
		w.add(counted("2"))
		time.Sleep(5 * time.Second)
		d.fail(nil)
		if err := w.flush(context.Background()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"c1c2"}, d.seen()); diff != "" {
			t.Error(diff)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(reports) < 2 || reports[0] == "" || reports[len(reports)-1] != "" {
			t.Errorf("a problem should be told and taken back: %q", reports)
		}
	})
}

func TestWriterTellsAnEmptyStoreWhatIsInForce(t *testing.T) {
	d := &disk{err: store.ErrBegunAnew}
	run(t, d, ignore, func(w *writer) {
		w.add(counted("1"))
		time.Sleep(soon)
		synctest.Wait()
		d.fail(nil)
		if err := w.flush(context.Background()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"c1bheld"}, d.seen()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWriterStoresTheRestAtTheEnd(t *testing.T) {
	d := &disk{}
	run(t, d, ignore, func(w *writer) { w.add(at("x", 10)) })
	if diff := cmp.Diff([]string{"@x10"}, d.seen()); diff != "" {
		t.Error(diff)
	}
}

func TestWriterBoundsWhatWaits(t *testing.T) {
	d := &disk{err: errors.New("no space left on device")}
	run(t, d, ignore, func(w *writer) {
		for range maxPending + 10 {
			w.add(counted("1"))
		}
		if w.size > maxPending || len(w.pending) > maxPending {
			t.Errorf("%d changes wait, in %d parts", w.size, len(w.pending))
		}
	})
}

// slowDisk takes a minute for each commit.
type slowDisk struct{ disk }

func (d *slowDisk) Commit(ctx context.Context, c store.Changes) error {
	time.Sleep(time.Minute)
	return d.disk.Commit(ctx, c)
}

func TestWriterMakesSourcesWaitForASlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &slowDisk{}
		w := newWriter(d, ignore, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		const all = 3 * backlog
		for range all {
			w.room(ctx)
			w.add(counted("1"))
		}
		w.mu.Lock()
		if w.size > 2*backlog {
			t.Errorf("%d wait", w.size)
		}
		w.mu.Unlock()
		if err := w.flush(context.Background()); err != nil {
			t.Error(err)
		}
		got := 0
		for _, commit := range d.seen() {
			got += len(commit) / len("c1")
		}
		if got != all {
			t.Errorf("%d of %d are stored", got, all)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestWriterLetsNobodyWaitForAStoreThatRefuses(t *testing.T) {
	d := &disk{err: errors.New("no space left on device")}
	run(t, d, ignore, func(w *writer) {
		for range backlog + 10 {
			w.room(context.Background())
			w.add(counted("1"))
		}
	})
}
