package logtime_test

import (
	"testing"
	"time"

	"gaol/filter/logtime"
)

func FuzzFind(f *testing.F) {
	for _, layout := range layouts {
		f.Add(now.Format(layout)+" host sshd[1]: x", int64(0))
		f.Add("x "+now.Format(layout), int64(100000))
	}
	for _, line := range []string{"Jan 23 04:05:06 2026 x", "Jan 23 04:05:06 20261 x", "Jan 23 4:05:06 x", "Jan 23  4:05:06 x", "Jan  3 04:05:06.5 x", "Jan 23 2026 04:05:06 x",
		"Jan 23 24:05:06 x", "Jan 23 04:05:067 x", "Jan 23 04:05:06", "Jan 23 04:05:06 ", "Feb 30 04:05:06 x", "jAN 23 04:05:06 x"} {
		f.Add(line, int64(1))
	}
	for _, line := range []string{"<34>1 2026-03-10T21:31:23Z x", "21:31:23", "Feb 29 21:31:23", "1773178283.25", "@4000000069b08dab0ee6b280", "PDT Mar 10 21:31:23",
		"-01:00 Mar 10 21:31:23", "audit(1773178283.25:1)"} {
		f.Add(line, int64(-1))
	}
	f.Fuzz(func(t *testing.T, line string, later int64) {
		finder := newFinder(t, time.UTC)
		at := now.Add(time.Duration(later % (1 << 40)))
		found, ok := finder.Find(line, at)
		checkSameDay(t, line, found, at)
		if !ok {
			return
		}
		if found.Start < 0 || found.End > len(line) || found.Start >= found.End || found.Template == "" {
			t.Fatalf("span and template of %q: %+v", line, found)
		}
		again, ok := finder.Find(line, at)
		if !ok || again != found {
			t.Errorf("%q: %+v, the second time %+v", line, found, again)
		}
		checkCut(t, line, found, at)
	})
}

// checkSameDay reads the line behind another one of the same day.
func checkSameDay(t *testing.T, line string, found logtime.Found, at time.Time) {
	t.Helper()
	finder := newFinder(t, time.UTC)
	before, _ := finder.Find(line[:min(len("Jan 23 "), len(line))]+"00:00:00 x", at)
	if before.Template != "%b %d %H:%M:%S" {
		return
	}
	if got, _ := finder.Find(line, at); got != found {
		t.Errorf("%q: %+v, behind another line of the day %+v", line, found, got)
	}
}

// checkCut holds a date in ISO form against the same without its line.
func checkCut(t *testing.T, line string, found logtime.Found, at time.Time) {
	t.Helper()
	cut := line[found.Start:found.End]
	if len(cut) < 5 || found.Template[:2] != "%Y" {
		return
	}
	got, ok := newFinder(t, time.UTC).Find(cut, at)
	if !ok || got.Start != 0 || got.End != len(cut) || !got.Time.Equal(found.Time) {
		t.Errorf("%q of %q: %v %+v, want %+v", cut, line, ok, got, found)
	}
}

func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{"%Y-%m-%d %H:%M:%S,%f", `^\[%d/%b/%Y:%H:%M:%S %z\]`, "{^LN-BEG}%ExY%Exm%Exd", "**(%Y)**", "{EPOCH}", "x{,3}[%%]%y", "%c %U %w", "{UNB}%k"} {
		f.Add(pattern, "2026-03-10 21:31:23,899 [10/Mar/2026:21:31:23 +0100] x")
	}
	f.Fuzz(func(t *testing.T, pattern, line string) {
		finder, err := logtime.New(logtime.Options{Location: time.UTC, Patterns: []string{pattern}})
		if err != nil {
			return
		}
		found, ok := finder.Find(line, now)
		if !ok {
			return
		}
		if found.Start < 0 || found.End > len(line) || found.Start > found.End {
			t.Errorf("span of %q in %q: %+v", pattern, line, found)
		}
	})
}
