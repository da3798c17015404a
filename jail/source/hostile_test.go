package source_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail/source"
)

// A line that never ends costs time, but no memory; the next one is read.
func TestEndlessLine(t *testing.T) {
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log, "")
	f := run(t, options(log))
	f.ready(log)
	w, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	w.WriteString("one\n")
	const size = 1 << 30
	part := bytes.Repeat([]byte("x"), 1<<20)
	for range size / len(part) {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	f.untilStatus("the problem", hasProblem("has no end yet"))
	f.untilStatus("all of it to be looked at", func(all []source.Status) bool { return all[0].Unread == 0 })
	w.WriteString("\ntwo\n")
	f.expect("one", strings.Repeat("x", filter.MaxLine)+filter.CutMark, "two")
	runtime.ReadMemStats(&now)
	if grown := int64(now.Sys) - int64(before.Sys); grown > 32<<20 {
		t.Errorf("memory grew by %d bytes for a line of %d", grown, size)
	}
	f.untilStatus("the count of cut lines", func(all []source.Status) bool {
		return all[0].Dropped == 1 && strings.Contains(all[0].Problem, "longer than 131072 bytes were cut")
	})
	f.end()
	for p := range f.positions {
		if got, want := f.positions[p].Offset, int64(len("one\n")+size+len("\ntwo\n")); got != want {
			t.Errorf("offset %d, want %d", got, want)
		}
	}
}

// Who makes a line so long that it is cut chooses where, but not what a filter takes for its end:
// what the service itself wrote at the end, such as the true address, is gone.
func TestCutLineAccusesNobody(t *testing.T) {
	const honest = " from 192.0.2.5 port 1 ssh2\n"
	for _, end := range []string{" from 198.51.100.1 port 22 ssh2", " from 198.51.100.1", " from 198.51.100.1 port 22"} {
		line := "Failed password for "
		line += strings.Repeat("x", filter.MaxLine-len(line)-len(end)) + end
		for _, pattern := range []string{`^Failed password for .* from <ADDR>(?: port \d+)?(?: ssh2)?$`, `^Failed password for .* from <ADDR>`} {
			f, err := filter.Compile(filter.Spec{Failregex: []string{pattern}}, filter.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, rest := range []string{"", "9", "\r"} {
				err := source.ReadAll(t.Context(), strings.NewReader(line+rest+honest), "log", time.Now(), func(_ context.Context, b source.Batch) error {
					for _, l := range b.Lines {
						got := f.NewMatcher().Match(l)
						if got.Failure != nil && strings.HasSuffix(pattern, "$") {
							t.Errorf("with %q and %q behind the cut: %s accuses %s", end, rest, pattern, got.Failure.Host)
						}
						if got.Failure != nil && rest == "9" && strings.HasSuffix(end, "100.1") {
							t.Errorf("%s accuses %s, the beginning of another address", pattern, got.Failure.Host)
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Nothing of a Run is left when it has returned, in whatever state its files were.
func TestNoGoroutineIsLeft(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "x.log")
	write(t, log, "")
	gate := newGate()
	f := runHolding(t, options(log, filepath.Join(dir, "*.log"), filepath.Join(dir, "not", "there")), gate.hold)
	f.ready(log)
	write(t, log, "1\n")
	f.expect("1")
	rename(t, log, log+".1")
	write(t, log, "2\n")
	f.expect("1", "2")
	gate.close()
	write(t, log, "3\n")
	f.untilStatus("a batch that waits", func([]source.Status) bool { return gate.waiting() })
	if err := f.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	deadline := time.Now().Add(patience)
	for left := ""; ; runtime.Gosched() {
		// The library's goroutine ends soon after it has let go of the file.
		if left = followers(); left == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("goroutines are left:\n%s", left)
		}
	}
}

// followers are the goroutines of this package and those that the library starts
// for each file.
func followers() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for _, stack := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(stack, "gaol/jail/source.(") || strings.Contains(stack, "ChangeEvents") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}
