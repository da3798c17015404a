package logtime_test

import (
	"slices"
	"testing"
	"time"
)

// A finder that is told what another one remembers finds what that finds.
func TestMemory(t *testing.T) {
	lines := []string{
		"03-04-2026 04:05:06 x", "03-30-2026 04:05:06 x", "03-04-2026 04:05:06 x", "30-03-2026 04:05:06 x",
		"[x] Jan 23 04:05:06 2026", "[x] Fri Jan 23 04:05:06 2026", "[x] Jan 23 04:05:06 2026", "user 03-30-2026 04:05:06",
		"2026-01-23 04:05:06 x", "nothing", "23/01/26 04:05:06 x", "01-02-2026 04:05:06 x",
	}
	for _, patterns := range [][]string{nil, {"^{DATE}"}, {"{DATE} x", "{DEFAULT}"}, {"^x%Y"}} {
		once := newFinder(t, time.UTC, patterns...)
		for n, text := range slices.Concat(lines, lines[:3], lines) {
			other := newFinder(t, time.UTC, patterns...)
			other.Recall(once.Memory())
			if !slices.Equal(other.Memory(), once.Memory()) {
				t.Fatalf("%q: %v is recalled as %v", patterns, once.Memory(), other.Memory())
			}
			want, _ := once.Find(text, now)
			got, _ := other.Find(text, now)
			if !got.Time.Equal(want.Time) || got.Start != want.Start || got.End != want.End || got.Template != want.Template {
				t.Errorf("%q, line %d: got %+v, want %+v", patterns, n, got, want)
			}
		}
		once.Recall(nil)
		if fresh := newFinder(t, time.UTC, patterns...); !slices.Equal(once.Memory(), fresh.Memory()) {
			t.Errorf("%q: forgetting leaves %v, want %v", patterns, once.Memory(), fresh.Memory())
		}
	}
}
