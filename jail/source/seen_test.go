package source_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"gaol/jail/source"
)

// stoodStill is when the clocks of these tests begin.
var stoodStill = time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)

// handClock is a clock that moves when it is moved.
type handClock struct{ ahead atomic.Int64 }

func (c *handClock) now() time.Time { return stoodStill.Add(time.Duration(c.ahead.Load())) }

func (c *handClock) move(d time.Duration) { c.ahead.Add(int64(d)) }

func TestPositionOfAQuietFileStaysYoung(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log, "")
	var clock handClock
	o := options(log)
	o.Now, o.Rescan = clock.now, 10*time.Millisecond
	f := run(t, o)
	seen := func(want time.Duration) {
		t.Helper()
		f.until("a position seen then", func() bool {
			return len(f.stored()) == 1 && f.stored()[0].Seen.Equal(stoodStill.Add(want))
		})
	}
	seen(0)
	clock.move(time.Minute)
	seen(time.Minute)
	clock.move(59 * time.Second)
	write(t, log, "line\n")
	seen(119 * time.Second)
	f.end()
	if n := len(f.batches); n != 3 {
		t.Errorf("got %d batches, want one at the beginning, one after a minute and one with the line", n)
	}
}

func TestLateLinesSaySinceWhen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// away is for how long nothing runs; forget, that no position is stored.
		away   time.Duration
		forget bool
		// know says that the position knows when it was seen.
		know bool
	}{
		{"after a short while", time.Second, false, true},
		{"after a day", 24 * time.Hour, false, true},
		{"a position of before there was such a time", time.Second, false, false},
		{"no position is stored", time.Second, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "x.log")
			write(t, log, "")
			var clock handClock
			o := options(log)
			o.Now = clock.now
			f := run(t, o)
			f.ready(log)
			clock.move(time.Hour)
			write(t, log, "1\n")
			f.expect("1")
			f.end()

			write(t, log, "2\n")
			if !tt.forget {
				o.Positions = f.stored()
			}
			var want time.Time
			if tt.know {
				want = stoodStill.Add(time.Hour)
			} else if !tt.forget {
				o.Positions[0].Seen = time.Time{}
			}
			if tt.forget {
				o.Patterns = []source.Pattern{{Glob: log, From: source.FromTime, FindTime: 24 * time.Hour, Date: always}}
			}
			clock.move(tt.away)
			f = run(t, o)
			f.until("the line that was written meanwhile", func() bool { return len(f.lines) > 0 })
			clock.move(time.Millisecond) // so that one who is behind shows it
			f.untilCaughtUp()
			write(t, log, "3\n")
			f.until("a live line", func() bool { return f.lines[len(f.lines)-1] == "3" })
			f.end()
			var late, live source.Batch
			for _, b := range f.batches {
				switch {
				case len(b.Lines) == 0:
				case b.Lines[0].CatchUp:
					late = b
				default:
					live = b
				}
			}
			if !late.Since.Equal(want) || !late.Position.Seen.Equal(want) {
				t.Errorf("late lines: since %v, seen %v; want %v", late.Since, late.Position.Seen, want)
			}
			if !live.Since.IsZero() || !live.Position.Seen.Equal(clock.now()) {
				t.Errorf("live lines: since %v, seen %v; want none, %v", live.Since, live.Position.Seen, clock.now())
			}
		})
	}
}

func always(string) (time.Time, bool) { return stoodStill, true }

// TestLinesBehindASlowConsumerSaySinceWhen holds up a batch for longer than lines may wait.
func TestLinesBehindASlowConsumerSaySinceWhen(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "x.log")
	write(t, log, "")
	var clock handClock
	o := options(log)
	o.Now = clock.now
	f := runHolding(t, o, func(_ context.Context, b source.Batch) error {
		if len(b.Lines) > 0 && b.Lines[0].Text == "1" {
			clock.move(time.Minute)
			write(t, log, "2\n")
		}
		return nil
	})
	f.ready(log)
	write(t, log, "1\n")
	f.expect("1", "2")
	f.end()
	var last source.Batch
	for _, b := range f.batches {
		if len(b.Lines) > 0 {
			last = b
		}
	}
	if line := last.Lines[0]; !line.CatchUp || !last.Since.Equal(stoodStill) {
		t.Errorf("got %+v since %v, want a late line since %v", line, last.Since, stoodStill)
	}
}
