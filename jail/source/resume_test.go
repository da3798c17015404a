package source_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gaol/filter"
	"gaol/jail/source"
)

// stopped follows a log with three lines and returns the position behind them.
func stopped(t *testing.T) (log string, position filter.Position) {
	t.Helper()
	log = filepath.Join(t.TempDir(), "x.log")
	write(t, log, "")
	f := run(t, options(log))
	f.ready(log)
	write(t, log, "2026-03-10 21:31:23 one\n2026-03-10 21:31:24 two\n2026-03-10 21:31:25 three\n")
	f.until("three lines", func() bool { return len(f.lines) == 3 })
	f.end()
	if n := len(f.stored()); n != 1 {
		t.Fatalf("%d positions stored", n)
	}
	return log, f.stored()[0]
}

func TestResume(t *testing.T) {
	t.Parallel()
	const head = "2026-03-10 21:31:23 one\n2026-03-10 21:31:24 two\n2026-03-10 21:31:25 three\n"
	shift := func(t *testing.T, log string) {
		for _, n := range []string{"3", "2", "1"} {
			os.Rename(log+"."+n, log+"."+string(n[0]+1))
		}
		rename(t, log, log+".1")
	}
	tests := []struct {
		name string
		// away is what happens while nothing runs.
		away    func(t *testing.T, log string)
		want    []string
		problem string
		// left is how many positions are stored in the end.
		left int
	}{
		{"nothing happened", func(t *testing.T, log string) {}, nil, "", 1},
		{"more lines", func(t *testing.T, log string) { write(t, log, "4\n5\n") }, []string{"4", "5"}, "", 1},
		{"rotated", func(t *testing.T, log string) {
			write(t, log, "4\n")
			shift(t, log)
			write(t, log, "5\n")
		}, []string{"4", "5"}, "", 2},
		{"rotated, and no new file", func(t *testing.T, log string) {
			write(t, log, "4\n")
			shift(t, log)
		}, []string{"4"}, "no file matches", 1},
		{"rotated three times", func(t *testing.T, log string) {
			for _, s := range []string{"4\n", "5\n", "6\n"} {
				write(t, log, s)
				shift(t, log)
			}
			write(t, log, "7\n")
		}, []string{"4", "5", "6", "7"}, "", 4},
		{"rotated by date", func(t *testing.T, log string) {
			write(t, log, "4\n")
			rename(t, log, log+"-20260310")
			write(t, log, "5\n")
		}, []string{"4", "5"}, "", 2},
		{"truncated", func(t *testing.T, log string) {
			os.Truncate(log, 0)
			write(t, log, "4\n")
		}, []string{"4"}, "", 1},
		{"truncated and grown again", func(t *testing.T, log string) {
			os.Truncate(log, 0)
			write(t, log, strings.Repeat("another text\n", 100))
		}, slices.Repeat([]string{"another text"}, 100), "", 1},
		{"copied and truncated", func(t *testing.T, log string) {
			write(t, log, "4\n")
			write(t, log+".1", head+"4\n")
			os.Truncate(log, 0)
			write(t, log, "5\n")
		}, []string{"4", "5"}, "", 2},
		{"compressed", func(t *testing.T, log string) {
			write(t, log+".1.gz", "not looked at")
			write(t, log+".new", "5\n")
			rename(t, log+".new", log)
		}, []string{"5"}, "has been compressed: what was written to it after byte 74", 1},
		{"deleted", func(t *testing.T, log string) {
			write(t, log+".new", "5\n") // so that the inode is another
			os.Remove(log)
			rename(t, log+".new", log)
		}, []string{"5"}, "is gone: what was written to it after byte 74", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, position := stopped(t)
			tt.away(t, log)
			o := options(log)
			o.Positions = []filter.Position{position}
			f := run(t, o)
			f.expect(tt.want...)
			if tt.problem != "" {
				f.untilStatus("the problem", hasProblem(tt.problem))
			} else {
				f.untilStatus("no problem", func(all []source.Status) bool { return len(all) == 1 && all[0].Problem == "" })
			}
			f.untilCaughtUp()
			write(t, log, "new\n")
			f.until("one more line", func() bool { return len(f.lines) == len(tt.want)+1 })
			f.end()
			for i, l := range f.all {
				if len(tt.want) > 0 && l.CatchUp != (i < len(tt.want)) {
					t.Errorf("line %d %q: catch-up %v", i, l.Text, l.CatchUp)
				}
			}
			left := tt.left
			if strings.HasSuffix(tt.name, "new file") {
				left++
			}
			if len(f.positions) != left {
				t.Errorf("positions left: %+v, want %d", f.stored(), left)
			}
		})
	}
}

// An inode that was given to another file is not resumed at the old offset.
func TestResumeAnotherFileWithTheInode(t *testing.T) {
	t.Parallel()
	log, position := stopped(t)
	position.Fingerprint++
	o := options(log)
	o.Positions = []filter.Position{position}
	f := run(t, o)
	f.expect("2026-03-10 21:31:23 one", "2026-03-10 21:31:24 two", "2026-03-10 21:31:25 three")
}

func TestEmitErrorEndsRun(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log, "")
	full := errors.New("disk full")
	f := newFollowing(t, func(_ context.Context, b source.Batch) error {
		if len(b.Lines) > 0 {
			return full
		}
		return nil
	})
	files, err := source.NewFiles(options(log))
	if err != nil {
		t.Fatal(err)
	}
	f.start(files)
	f.ready(log)
	write(t, log, "1\n")
	err = <-f.done
	f.done <- err
	if !errors.Is(err, full) {
		t.Errorf("Run: %v, want %v", err, full)
	}
}

// TestFirstLinesAreForAll resumes many files, each of which several patterns lead to: what is
// read first is as much for all of their jails as what comes later.
func TestFirstLinesAreForAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const count = 50
	var stored []filter.Position
	for i := range count {
		log := filepath.Join(dir, fmt.Sprintf("x%02d.log", i))
		write(t, log, "")
		if err := os.Symlink(log, filepath.Join(dir, fmt.Sprintf("z%02d.link", i))); err != nil {
			t.Fatal(err)
		}
	}
	globs := []string{filepath.Join(dir, "*.log"), filepath.Join(dir, "*.link"), filepath.Join(dir, "x*")}
	f := run(t, options(globs...))
	f.until("all are open", func() bool { return len(f.positions) == count })
	f.end()
	stored = f.stored()
	for _, p := range stored {
		write(t, p.Path, "a line\n")
	}
	o := options(globs...)
	o.Positions = stored
	f = run(t, o)
	f.until("all lines", func() bool { return len(f.lines) == count })
	slices.Sort(globs)
	for _, b := range f.batches {
		if !slices.Equal(b.Patterns, globs) {
			t.Fatalf("lines of %s are for %q, want %q", b.Source, b.Patterns, globs)
		}
	}
}
