package source_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// numberedWriter writes numbered lines and rotates as it goes.
type numberedWriter struct {
	t    *testing.T
	log  string
	file *os.File
	next int
	// when is the time at which each line had been written.
	when []time.Time
}

func (w *numberedWriter) open() {
	w.t.Helper()
	if w.file != nil {
		w.file.Close()
	}
	var err error
	if w.file, err = os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// write writes n lines, several in one call, and now and then half of one.
func (w *numberedWriter) write(n int) {
	w.t.Helper()
	for n > 0 {
		some := min(n, 1+rand.IntN(20))
		var b strings.Builder
		for range some {
			fmt.Fprintf(&b, "2026-03-10 21:31:23 failure %d from 192.0.2.5\n", w.next)
			w.next++
		}
		text := b.String()
		cut := rand.IntN(len(text))
		for _, part := range []string{text[:cut], text[cut:]} {
			if _, err := w.file.WriteString(part); err != nil {
				w.t.Fatal(err)
			}
		}
		for range some {
			w.when = append(w.when, time.Now())
		}
		n -= some
	}
}

// number is the number in a line, -1 if it is not whole.
func number(line string) int {
	rest, ok := strings.CutPrefix(line, "2026-03-10 21:31:23 failure ")
	digits, tail, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || tail != "from 192.0.2.5" {
		return -1
	}
	return n
}

// counted is how often each number came.
func counted(t *testing.T, lines []string, n int) []int {
	t.Helper()
	times := make([]int, n)
	for _, l := range lines {
		i := number(l)
		if i < 0 || i >= n {
			t.Fatalf("a line that nobody wrote: %q", l)
		}
		times[i]++
	}
	return times
}

// expectOnce expects each of n lines exactly once, unless it may be missing.
func expectOnce(t *testing.T, lines []string, n int, mayMiss func(i int) bool) {
	t.Helper()
	missing := 0
	for i, times := range counted(t, lines, n) {
		switch {
		case times == 1:
		case times == 0 && mayMiss != nil && mayMiss(i):
			missing++
		default:
			t.Fatalf("line %d came %d times", i, times)
		}
	}
	if mayMiss != nil {
		t.Logf("%d lines were written too shortly before a truncation and are missing", missing)
	}
}

const (
	rotations   = 50
	linesInAll  = 100_000
	linesInEach = linesInAll / rotations
)

func TestNumberedLinesOverRenaming(t *testing.T) {
	t.Parallel()
	w := &numberedWriter{t: t, log: filepath.Join(t.TempDir(), "x.log")}
	w.open()
	f := run(t, options(w.log))
	f.ready(w.log)
	for i := range rotations {
		w.write(linesInEach / 2)
		rename(t, w.log, fmt.Sprintf("%s.%d", w.log, i+1))
		w.write(linesInEach / 2) // as a writer does that has not been told yet
		w.open()
	}
	f.until("all lines", func() bool { return len(f.lines) >= linesInAll })
	f.end()
	expectOnce(t, f.lines, linesInAll, nil)
}

// As logrotate numbers them, so that names change behind our back, and several
// rotations fall between two looks.
func TestNumberedLinesOverShiftingNames(t *testing.T) {
	t.Parallel()
	w := &numberedWriter{t: t, log: filepath.Join(t.TempDir(), "x.log")}
	w.open()
	o := options(w.log)
	o.Inotify = func() error { return errNoInotify }
	o.Rescan = 20 * time.Millisecond
	f := run(t, o)
	f.ready(w.log)
	for i := range rotations {
		w.write(linesInEach)
		for k := i; k > 0; k-- {
			rename(t, fmt.Sprintf("%s.%d", w.log, k), fmt.Sprintf("%s.%d", w.log, k+1))
		}
		rename(t, w.log, w.log+".1")
		w.open()
	}
	f.until("all lines", func() bool { return len(f.lines) >= linesInAll })
	f.end()
	expectOnce(t, f.lines, linesInAll, nil)
}

// TestNumberedLinesOverTruncation has no copy to fall back on: what was written
// long enough before must have been read. Each round takes a fifth of a second, so
// that this is half of all lines; of the others hardly one is missing, either.
func TestNumberedLinesOverTruncation(t *testing.T) {
	t.Parallel()
	w := &numberedWriter{t: t, log: filepath.Join(t.TempDir(), "x.log")}
	w.open()
	f := run(t, options(w.log))
	f.ready(w.log)
	starved := watchStarvation(t)
	var truncated []time.Time
	pace := time.NewTicker(200 * time.Millisecond / (linesInEach / 40))
	defer pace.Stop()
	for range rotations {
		for range linesInEach / 40 {
			<-pace.C
			w.write(40)
		}
		truncated = append(truncated, time.Now())
		if err := os.Truncate(w.log, 0); err != nil {
			t.Fatal(err)
		}
	}
	w.write(1)
	last := w.next - 1
	f.until("the last line", func() bool { return len(f.lines) > 0 && number(f.lines[len(f.lines)-1]) == last })
	f.end()
	enough := 100*time.Millisecond + starved()
	expectOnce(t, f.lines, w.next, func(i int) bool {
		for _, at := range truncated {
			if before := at.Sub(w.when[i]); before >= 0 && before < enough {
				return true
			}
		}
		return false
	})
}

// watchStarvation measures for how long at most a goroutine that wanted to run did
// not: on a busy machine that is not ours to answer for.
func watchStarvation(t *testing.T) (longest func() time.Duration) {
	const every = 5 * time.Millisecond
	stop, worst := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		most, last := time.Duration(0), time.Now()
		for {
			select {
			case <-tick.C:
				now := time.Now()
				most, last = max(most, now.Sub(last)-every), now
			case <-stop:
				worst <- most
				return
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		most := <-worst
		t.Logf("starved for %v", most)
		return most
	}
}

// TestNumberedLinesOverCopytruncate does what logrotate does: copy, then truncate.
// Nothing is missing, since what had not been read is in the copy.
func TestNumberedLinesOverCopytruncate(t *testing.T) {
	t.Parallel()
	w := &numberedWriter{t: t, log: filepath.Join(t.TempDir(), "x.log")}
	w.open()
	f := run(t, options(w.log))
	f.ready(w.log)
	for i := range rotations {
		begun := w.next
		w.write(linesInEach)
		f.until("a line of this round", func() bool {
			return slices.ContainsFunc(f.lines[max(0, len(f.lines)-2*linesInEach):], func(l string) bool { return number(l) >= begun })
		})
		data, err := os.ReadFile(w.log)
		if err != nil {
			t.Fatal(err)
		}
		write(t, fmt.Sprintf("%s-%d", w.log, i), string(data))
		if err := os.Truncate(w.log, 0); err != nil {
			t.Fatal(err)
		}
	}
	f.until("all lines", func() bool { return len(f.lines) >= linesInAll })
	f.end()
	expectOnce(t, f.lines, linesInAll, nil)
}

func TestNumberedLinesOverSymlinkSwitch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := &numberedWriter{t: t, log: filepath.Join(dir, "current.log")}
	target := func(i int) {
		t.Helper()
		os.Remove(w.log + ".new")
		if err := os.Symlink(fmt.Sprintf("app-%04d.log", i), w.log+".new"); err != nil {
			t.Fatal(err)
		}
		rename(t, w.log+".new", w.log)
	}
	target(0)
	w.open()
	f := run(t, options(w.log))
	f.ready(w.log)
	for i := range rotations {
		w.write(linesInEach / 2)
		target(i + 1)
		w.write(linesInEach / 2)
		w.open()
	}
	f.until("all lines", func() bool { return len(f.lines) >= linesInAll })
	f.end()
	expectOnce(t, f.lines, linesInAll, nil)
}

// rotationPause is more than a tick of the clock by which a kernel dates files: whether a file that
// began in the same tick as another one had been read before a crash, nobody can tell (see the
// package's documentation).
const rotationPause = 20 * time.Millisecond

// TestNumberedLinesOverRestarts stops again and again, in the middle of it all,
// and goes on from what had been committed by then.
func TestNumberedLinesOverRestarts(t *testing.T) {
	t.Parallel()
	w := &numberedWriter{t: t, log: filepath.Join(t.TempDir(), "x.log")}
	w.open()
	o := options(w.log)
	o.Quiet = 200 * time.Millisecond
	f := run(t, o)
	f.ready(w.log)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := range rotations {
			w.write(linesInEach / 2)
			rename(t, w.log, fmt.Sprintf("%s.%d", w.log, i+1))
			w.write(linesInEach / 2)
			w.open()
			time.Sleep(rotationPause)
		}
	}()
	var lines []string
	restarts := 0
	for ; ; restarts++ {
		goal := min(len(lines)+1+rand.IntN(8000), linesInAll)
		f.until("some lines", func() bool { return len(lines)+len(f.lines) >= goal })
		f.end()
		lines = append(lines, f.lines...)
		if len(lines) >= linesInAll {
			break
		}
		o.Positions = f.stored()
		f = run(t, o)
	}
	<-written
	expectOnce(t, lines, linesInAll, nil)
	t.Logf("%d restarts", restarts)
}
