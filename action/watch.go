package action

import (
	"context"
	"time"
)

const (
	// settle is how long a change is let rest before it is looked at: a transaction's rules let go of their
	// sets a moment after the kernel has told of it.
	settle = 10 * time.Millisecond
	// looksApart is the least time between two looks for changes, and after how long a second look is taken.
	looksApart = 100 * time.Millisecond
	// watchAgain is after how long a Watch that failed is tried again.
	watchAgain = 30 * time.Second
)

// alarm says when to look at a firewall after the kernel told of changes: soon, and once more a little later,
// but never more than ten times a second. It belongs to Run's goroutine.
type alarm struct {
	timer *time.Timer
	due   int // looks still to be taken
	last  time.Time
}

func newAlarm() *alarm {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &alarm{timer: t}
}

// ring has two looks taken from now on.
func (a *alarm) ring(now time.Time) {
	if a.due == 0 {
		a.timer.Reset(max(settle, looksApart-now.Sub(a.last)))
	}
	a.due = 2
}

// looked notes that a look was taken.
func (a *alarm) looked(now time.Time) {
	a.last = now
	if a.due--; a.due > 0 {
		a.timer.Reset(looksApart)
	}
}

// watch has the kernel tell of changes until ctx is done; the function it returns waits for that.
func (r *Runner) watch(ctx context.Context) (wait func()) {
	watcher, ok := r.opts.Action.(Watcher)
	if !ok || r.opts.CheckEvery < 0 {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			err := watcher.Watch(ctx, r.heard)
			if ctx.Err() != nil {
				return
			}
			// The checks at intervals go on.
			r.log.Warn("changes of the firewall are noticed later than they could be", "err", err)
			if Pause(ctx, watchAgain) != nil {
				return
			}
		}
	}()
	return func() { <-done }
}

// heard notes a change that the kernel told of.
func (r *Runner) heard(by string, members bool) {
	r.mu.Lock()
	if by != "" {
		r.changer = by
	}
	r.touched = r.touched || members
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}
