package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/jail/source"
)

func TestCopytruncate(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, before, after string }{
		{"shorter", "an old line\nanother\n", "new\n"},
		{"grown beyond", "old\n", "a new line\nand one more\n"},
		{"the same size", "old\n", "new\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "x.log")
			write(t, log, "")
			f := run(t, options(log))
			f.ready(log)
			write(t, log, tt.before)
			want := split(tt.before)
			f.expect(want...)
			// One write after the truncation, so that the size may never
			// have been seen to be smaller.
			w, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if err := w.Truncate(0); err != nil {
				t.Fatal(err)
			}
			w.WriteString(tt.after)
			want = append(want, split(tt.after)...)
			f.expect(want...)
			w.WriteString("last\n")
			f.expect(append(want, "last")...)
		})
	}
}

func split(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

// A consumer that is behind at the time of the truncation gets the rest from the
// copy.
func TestCopytruncateBehindReader(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log, "")
	gate := newGate()
	f := runHolding(t, options(log), gate.hold)
	f.ready(log)
	gate.close()
	write(t, log, "2026-03-10 21:31:23 the first line is stuck\n")
	f.untilStatus("a batch that waits", func(all []source.Status) bool { return gate.waiting() })
	write(t, log, "2026-03-10 21:31:24 two\n2026-03-10 21:31:25 three\n")
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	write(t, log+".1", string(data))
	if err := os.Truncate(log, 0); err != nil {
		t.Fatal(err)
	}
	write(t, log, "2026-03-10 21:31:26 four\n")
	gate.open()
	f.until("four lines", func() bool { return len(f.lines) == 4 })
	f.end()
	slices.Sort(f.lines)
	want := append(split(string(data)), "2026-03-10 21:31:26 four")
	if d := cmp.Diff(want, f.lines); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
}

// A writer without O_APPEND goes on where it was: the file begins with a hole.
func TestTruncationUnderAWriterWithoutAppend(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	w, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	f := run(t, options(log))
	f.ready(log)
	w.WriteString(strings.Repeat("an old line\n", 20000))
	f.until("20000 lines", func() bool { return len(f.lines) == 20000 })
	if err := w.Truncate(0); err != nil {
		t.Fatal(err)
	}
	w.WriteString("new\n")
	f.until("the new line", func() bool { return f.lines[len(f.lines)-1] == "new" })
	if len(f.lines) != 20001 {
		t.Errorf("%d lines, want 20001", len(f.lines))
	}
}

func TestSymlinkSwitch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "current")
	write(t, filepath.Join(dir, "app-0001.log"), "before\n")
	link := func(to string) {
		t.Helper()
		os.Remove(log + ".new")
		if err := os.Symlink(to, log+".new"); err != nil {
			t.Fatal(err)
		}
		rename(t, log+".new", log)
	}
	link("app-0001.log")
	f := run(t, options(log))
	f.ready(log)
	write(t, filepath.Join(dir, "app-0001.log"), "1\n")
	f.expect("1")
	write(t, filepath.Join(dir, "app-0002.log"), "2\n")
	link("app-0002.log")
	f.expect("1", "2")
	write(t, filepath.Join(dir, "app-0001.log"), "late\n")
	f.expect("1", "2", "late")
	write(t, log, "3\n")
	f.expect("1", "2", "late", "3")
}

// The target of the link is rotated, and the link stays.
func TestRotationBehindASymlink(t *testing.T) {
	t.Parallel()
	dir, far := t.TempDir(), t.TempDir()
	log, real := filepath.Join(dir, "x.log"), filepath.Join(far, "real.log")
	write(t, real, "")
	if err := os.Symlink(real, log); err != nil {
		t.Fatal(err)
	}
	f := run(t, options(log))
	f.ready(log)
	write(t, log, "1\n")
	rename(t, real, real+".1")
	write(t, real, "2\n")
	f.expect("1", "2")
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	w, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	o := options(log)
	o.Quiet = time.Millisecond
	o.Rescan = 5 * time.Millisecond
	f := run(t, o)
	f.ready(log)
	w.WriteString("1\n")
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	f.expect("1")
	f.until("the deleted file to be done with", func() bool { return len(f.finished) == 1 })
	f.untilStatus("the problem of no file", hasProblem("no file matches"))
	write(t, log, "2\n")
	f.expect("1", "2")
	f.untilStatus("no problem", func(all []source.Status) bool { return all[0].Problem == "" })
}

// Written to after it was deleted, and read while it is open.
func TestDeletedFileIsReadWhileOpen(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	w, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	f := run(t, options(log))
	f.ready(log)
	os.Remove(log)
	w.WriteString("1\n")
	f.expect("1")
	write(t, log, "2\n")
	w.WriteString("3\n")
	f.until("three lines", func() bool { return len(f.lines) == 3 })
	f.end()
	slices.Sort(f.lines)
	if d := cmp.Diff([]string{"1", "2", "3"}, f.lines); d != "" {
		t.Error(d)
	}
}

// Several rotations between two looks: nothing tells of changes, and only
// SetPatterns makes it look.
func TestManyRotationsBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log+".1", "older than everything\n")
	write(t, log, "before\n")
	o := options(log)
	o.Rescan = time.Hour
	o.Inotify = func() error { return errNoInotify }
	f := run(t, o)
	f.ready(log)
	var want []string
	for i := range 5 {
		write(t, log, fmt.Sprintf("%d\n", i))
		want = append(want, fmt.Sprint(i))
		for k := 6; k > 0; k-- {
			os.Rename(fmt.Sprintf("%s.%d", log, k), fmt.Sprintf("%s.%d", log, k+1))
		}
		rename(t, log, log+".1")
	}
	write(t, log, "last\n")
	if err := f.files.SetPatterns(o.Patterns); err != nil {
		t.Fatal(err)
	}
	f.expect(append(want, "last")...)
}

func TestRotatedFileIsLetGo(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log, "before\n")
	o := options(log)
	o.Quiet = time.Millisecond
	o.Rescan = 5 * time.Millisecond
	f := run(t, o)
	f.ready(log)
	write(t, log, "1\n")
	f.expect("1")
	rename(t, log, log+".1")
	write(t, log, "2\n")
	f.until("the old file to be done with", func() bool { return len(f.finished) == 1 })
	f.expect("1", "2")
	f.until("what is stored", func() bool {
		if p := f.finished[0]; p.Offset != int64(len("before\n1\n")) {
			t.Errorf("done at %d", p.Offset)
		}
		if len(f.positions) != 1 {
			t.Errorf("positions left: %v", f.positions)
		}
		return true
	})
	// Gone from the pattern's view, it is not read again.
	rename(t, log, log+".2")
	write(t, log, "3\n")
	f.expect("1", "2", "3")
}

// A pattern that also leads to rotated files reads none of them twice, and
// keeps their positions as long as it leads to them.
func TestPatternThatMatchesRotatedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "access.log")
	write(t, log+".1", "old\n")
	write(t, log, "before\n")
	o := options(filepath.Join(dir, "access.log*"))
	o.Quiet = time.Millisecond
	o.Rescan = 5 * time.Millisecond
	f := run(t, o)
	f.ready(log, log+".1")
	var want []string
	for i := range 4 {
		line := fmt.Sprint("line ", i)
		write(t, log, line+"\n")
		want = append(want, line)
		f.expect(want...)
		os.Remove(log + ".2")
		rename(t, log+".1", log+".2")
		rename(t, log, log+".1")
		write(t, log, "")
	}
	write(t, log+".1", "grown\n")
	f.expect(append(want, "grown")...)
	f.end()

	o.Positions = f.stored()
	write(t, log, "while it was down\n")
	f = run(t, o)
	f.expect("while it was down")
}
