package source_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"gaol/filter"
	"gaol/jail/source"
)

// patience is how long a test waits for something that should happen soon.
const patience = 20 * time.Second

// following is a Files that runs, and all it has emitted.
type following struct {
	t     *testing.T
	files *source.Files
	// status is that of the source.
	status func() []source.Status
	stop   context.CancelFunc
	done   chan error

	mu   sync.Mutex
	news chan struct{} // closed at the next batch
	// lines are all texts in order; all the whole lines.
	lines []string
	all   []filter.Line
	// positions are what a store would hold.
	positions map[positionKey]filter.Position
	finished  []filter.Position
	batches   []source.Batch
	// hold, if set, is called before a batch is taken.
	hold func(context.Context, source.Batch) error
}

type positionKey struct {
	path          string
	device, inode uint64
}

func keyOf(p filter.Position) positionKey { return positionKey{p.Path, p.Device, p.Inode} }

// options are those of nearly all tests.
func options(patterns ...string) source.FilesOptions {
	o := source.FilesOptions{
		Logger: testLogger(),
		Now:    time.Now,
	}
	for _, p := range patterns {
		o.Patterns = append(o.Patterns, source.Pattern{Glob: p})
	}
	return o
}

// run starts to follow. The test's end stops it.
func run(t *testing.T, o source.FilesOptions) *following {
	t.Helper()
	return runHolding(t, o, nil)
}

func runHolding(t *testing.T, o source.FilesOptions, hold func(context.Context, source.Batch) error) *following {
	t.Helper()
	files, err := source.NewFiles(o)
	if err != nil {
		t.Fatal(err)
	}
	f := newFollowing(t, hold)
	f.files = files
	for _, p := range o.Positions {
		f.positions[keyOf(p)] = p
	}
	f.start(files)
	return f
}

func newFollowing(t *testing.T, hold func(context.Context, source.Batch) error) *following {
	return &following{
		t:         t,
		done:      make(chan error, 1),
		news:      make(chan struct{}),
		positions: map[positionKey]filter.Position{},
		hold:      hold,
	}
}

// runner is what the two sources have in common.
type runner interface {
	Run(context.Context, source.Emit) error
	Status() []source.Status
}

// start runs r until the test's end.
func (f *following) start(r runner) {
	f.status = r.Status
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	go func() { f.done <- r.Run(ctx, f.emit) }()
	f.t.Cleanup(func() { f.end() })
}

func (f *following) emit(ctx context.Context, b source.Batch) error {
	if f.hold != nil {
		if err := f.hold(ctx, b); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err() // as a store that was killed
	}
	f.batches = append(f.batches, b)
	if len(b.Lines) > 0 && len(b.Patterns) == 0 {
		f.t.Errorf("lines of %s that are for no pattern", b.Source)
	}
	for _, l := range b.Lines {
		f.lines = append(f.lines, l.Text)
		f.all = append(f.all, l)
	}
	if b.Position.Path != "" {
		f.positions[keyOf(b.Position)] = b.Position
	}
	for _, p := range b.Done {
		delete(f.positions, keyOf(p))
		f.finished = append(f.finished, p)
	}
	close(f.news)
	f.news = make(chan struct{})
	return nil
}

// end stops, waits and returns Run's error.
func (f *following) end() error {
	f.stop()
	err := <-f.done
	f.done <- err
	return err
}

// until waits for ok, which is asked after each batch and with the lock held.
func (f *following) until(what string, ok func() bool) {
	f.t.Helper()
	deadline := time.After(patience)
	for {
		f.mu.Lock()
		is, news := ok(), f.news
		f.mu.Unlock()
		if is {
			return
		}
		select {
		case <-news:
		case <-deadline:
			f.mu.Lock()
			defer f.mu.Unlock()
			tail := f.lines[max(0, len(f.lines)-5):]
			f.t.Fatalf("waited in vain for %s; %d lines, the last are %q; status %+v", what, len(f.lines), tail, f.status())
		}
	}
}

// expect waits for so many lines and compares them.
func (f *following) expect(want ...string) {
	f.t.Helper()
	f.until(fmt.Sprintf("%d lines", len(want)), func() bool { return len(f.lines) >= len(want) })
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := cmp.Diff(want, f.lines); d != "" {
		f.t.Fatalf("lines (-want +got):\n%s", d)
	}
}

// ready waits until a position of path is known: it is being followed.
func (f *following) ready(paths ...string) {
	f.t.Helper()
	for _, path := range paths {
		f.until("a position of "+path, func() bool {
			return slices.ContainsFunc(f.stored(), func(p filter.Position) bool { return p.Path == path })
		})
	}
}

// stored is what a store would hold.
func (f *following) stored() []filter.Position { return slices.Collect(maps.Values(f.positions)) }

// untilCaughtUp waits until every file has been read to its end.
func (f *following) untilCaughtUp() {
	f.t.Helper()
	f.untilStatus("the end of every file", func(all []source.Status) bool {
		return !slices.ContainsFunc(all, func(s source.Status) bool { return s.Unread > 0 || s.Lag > 0 })
	})
}

// untilStatus waits for a problem of r.
func untilStatus(t *testing.T, r runner, part string) {
	t.Helper()
	f := &following{t: t, status: r.Status}
	f.untilStatus("the problem "+part, hasProblem(part))
}

func mkfifo(t *testing.T, path string) {
	t.Helper()
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

// untilStatus waits for a state that no batch announces.
func (f *following) untilStatus(what string, ok func([]source.Status) bool) {
	f.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		all := f.status()
		if ok(all) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			f.t.Fatalf("waited in vain for %s; status %+v", what, all)
		}
	}
}

func hasProblem(part string) func([]source.Status) bool {
	return func(all []source.Status) bool {
		return slices.ContainsFunc(all, func(s source.Status) bool { return strings.Contains(s.Problem, part) })
	}
}

// write appends to a file, which is created if need be.
func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "x.log")
	write(t, log, "before\nhalf")
	f := run(t, options(log))
	f.ready(log)
	write(t, log, " done\r\none\ntwo\n")
	f.expect("half done", "one", "two")
	write(t, log, "thr")
	write(t, log, "ee\n")
	f.expect("half done", "one", "two", "three")
	if err := f.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestNothingIsMissedOnceLooked writes as soon as the file is said to have been opened.
func TestNothingIsMissedOnceLooked(t *testing.T) {
	t.Parallel()
	for range 50 {
		log := filepath.Join(t.TempDir(), "x.log")
		write(t, log, "before\n")
		f := run(t, options(log))
		if err := f.files.Looked(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		stored := len(f.stored())
		f.mu.Unlock()
		if stored != 1 {
			t.Fatalf("%d positions, want one", stored)
		}
		write(t, log, "after\n")
		f.expect("after")
		f.end()
	}
}

func TestRenameRotation(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log, "before\n")
	f := run(t, options(log))
	f.ready(log)
	old, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	old.WriteString("1\n")
	rename(t, log, log+".1")
	old.WriteString("2\n")
	f.expect("1", "2")
	write(t, log, "3\n")
	f.expect("1", "2", "3")
	old.WriteString("a late one\n")
	f.expect("1", "2", "3", "a late one")
	write(t, log, "4\n")
	f.expect("1", "2", "3", "a late one", "4")
}
