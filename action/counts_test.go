package action_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"gaol/action"
)

func TestTallyNeverFalls(t *testing.T) {
	var tally action.Tally
	for i, step := range []struct {
		see     action.Counts
		restart bool
		want    action.Counts
	}{
		{see: action.Counts{Packets: 3, Bytes: 180}, want: action.Counts{Packets: 3, Bytes: 180}},
		{see: action.Counts{Packets: 5, Bytes: 300}, want: action.Counts{Packets: 5, Bytes: 300}},
		{see: action.Counts{Packets: 1, Bytes: 60}, want: action.Counts{Packets: 6, Bytes: 360}},
		{see: action.Counts{}, restart: true, want: action.Counts{Packets: 6, Bytes: 360}},
		{see: action.Counts{Packets: 9, Bytes: 540}, want: action.Counts{Packets: 15, Bytes: 900}},
		{see: action.Counts{Packets: 9, Bytes: 540}, restart: true, want: action.Counts{Packets: 24, Bytes: 1440}},
	} {
		if step.restart {
			tally.Restart()
		}
		if tally.See(step.see); tally.Total() != step.want {
			t.Errorf("step %d: got %+v, want %+v", i, tally.Total(), step.want)
		}
	}
}

// slowCounter takes a while to count.
type slowCounter struct {
	action.Action
	takes time.Duration
	asked int
}

func (c *slowCounter) Counted(context.Context) (action.Counts, error) {
	c.asked++
	time.Sleep(c.takes)
	return action.Counts{Packets: uint64(c.asked), Bytes: 60 * uint64(c.asked)}, nil
}

func TestRecountWaitsNoLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counter := &slowCounter{takes: time.Second}
		r := action.NewRunner(action.RunnerOptions{Name: "slow", Jail: "web", Action: counter})
		if _, known := r.Refused(); known {
			t.Error("known before it was asked")
		}
		recount := func(wait time.Duration) (action.Counts, time.Duration) {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			r.Recount(ctx)
			counts, _ := r.Refused()
			return counts, time.Since(began)
		}
		if got, took := recount(100 * time.Millisecond); got.Packets != 0 || took != 100*time.Millisecond {
			t.Errorf("slow: got %+v after %v", got, took)
		}
		if got, took := recount(time.Minute); got.Packets != 1 || took != 900*time.Millisecond {
			t.Errorf("the same question: got %+v after %v", got, took)
		}
		if got, took := recount(time.Minute); got.Packets != 1 || took != 0 {
			t.Errorf("a moment later: got %+v after %v", got, took)
		}
		time.Sleep(5 * time.Second)
		if got, _ := recount(time.Minute); got.Packets != 2 || counter.asked != 2 {
			t.Errorf("later: got %+v, asked %d times", got, counter.asked)
		}
	})
}
