package cores_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/cores"
	"gaol/filter"
	"gaol/jail/source"
)

// dated finds out how the dates of lines are read, which depends on the dates before them.
type dated struct{ matcher *filter.Matcher }

func newDated(t *testing.T) func() cores.Examiner[[]string] {
	f, err := filter.Compile(filter.Spec{Failregex: []string{`^x <HOST>$`}}, filter.Options{Timezone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	return func() cores.Examiner[[]string] { return dated{f.NewMatcher()} }
}

func (d dated) Examine(b source.Block) []string {
	var dates []string
	for _, line := range b.Lines() {
		dates = append(dates, d.matcher.Match(line).Time.Format(time.DateOnly))
	}
	return dates
}

func (d dated) Memory() []filter.Memory       { return []filter.Memory{d.matcher.Memory()} }
func (d dated) Recall(memory []filter.Memory) { d.matcher.Recall(memory[0]) }
func options(t *testing.T, n int, merge func(source.Block, []string) error) cores.Options[[]string] {
	return cores.Options[[]string]{Name: "log", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Cores: n, New: newDated(t), Merge: merge}
}

// longLog has dates that are read as day or month first, by the one that was clear last.
func longLog() string {
	var b strings.Builder
	for i := range 60_000 {
		date := "03-04-2025"
		switch {
		case i%20_011 == 20_010:
			date = "30-03-2025"
		case i%10_007 == 10_006:
			date = "03-30-2025"
		}
		fmt.Fprintf(&b, "%s 04:05:06 x 192.0.2.%d\n", date, i%256)
	}
	return b.String()
}

func TestReadIsInOrderAndTheSameOnAllCores(t *testing.T) {
	log := longLog()
	read := func(n int) (dates []string) {
		err := cores.Read(t.Context(), strings.NewReader(log), options(t, n, func(b source.Block, found []string) error {
			if lines := strings.Count(b.Text, "\n"); lines != len(found) {
				t.Errorf("%d dates were found in a block of %d lines", len(found), lines)
			}
			dates = append(dates, found...)
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		return dates
	}
	want := read(1)
	if len(want) != 60_000 || !slices.Contains(want, "2025-04-03") || !slices.Contains(want, "2025-03-04") {
		t.Fatalf("%d dates, not of both kinds", len(want))
	}
	for _, n := range []int{2, 3, 8} {
		if !slices.Equal(read(n), want) {
			t.Errorf("%d cores: other dates", n)
		}
	}
}

func TestReadEnds(t *testing.T) {
	full := errors.New("full")
	for _, n := range []int{1, 4} {
		merged := 0
		err := cores.Read(t.Context(), strings.NewReader(longLog()), options(t, n, func(source.Block, []string) error {
			merged++
			return full
		}))
		if !errors.Is(err, full) || merged != 1 {
			t.Errorf("%d cores, an error at once: got %v after %d blocks", n, err, merged)
		}
		ctx, stop := context.WithCancel(t.Context())
		err = cores.Read(ctx, strings.NewReader(longLog()), options(t, n, func(source.Block, []string) error {
			stop()
			return nil
		}))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d cores, cancelled: got %v", n, err)
		}
		stop()
	}
}
