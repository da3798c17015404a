package notice

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Run tells what there is to tell until ctx ends; then it returns nil. What was not told by then still
// waits, for the next run. A message that was under way then may be told twice: nobody knows whether it was
// taken.
func (q *Queue) Run(ctx context.Context) error {
	for {
		wait, any := q.due()
		switch {
		case !any:
			select {
			case <-ctx.Done():
				return nil
			case <-q.wake:
			}
		case wait > 0:
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil
			case <-timer.C:
			case <-q.wake: // what came may lead to nothing sooner, but the clock may have been set
				timer.Stop()
			}
		default:
			q.tell(ctx)
			if ctx.Err() != nil {
				return nil
			}
		}
	}
}

// due says whether anything waits, and how long it has to.
func (q *Queue) due() (wait time.Duration, any bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.opts.Now()
	return max(q.pace.wait(now), q.pause.Wait(now)), len(q.waiting) > 0
}

// tell sends one message.
func (q *Queue) tell(ctx context.Context) {
	m := q.take()
	attempt, cancel := context.WithTimeoutCause(ctx, q.opts.Timeout, fmt.Errorf("no answer within %v", q.opts.Timeout))
	defer cancel()
	err := q.opts.Sender.Send(attempt, m)
	if err != nil && attempt.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.Cause(attempt), err)
	}
	if c := q.settle(ctx, err); len(c.Put)+len(c.Gone) > 0 {
		q.opts.Keep(c)
	}
}

// take is the next message: one event while there are no more than messages allowed, else all.
func (q *Queue) take() Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.waiting)
	if q.opts.Single || n <= q.pace.left {
		n = 1
	}
	q.flying, q.waiting = q.waiting[:n:n], slices.Clone(q.waiting[n:])
	q.pace.left--
	return Message{Host: q.opts.Host, Observe: q.opts.Observe, Events: eventsOf(q.flying)}
}

// settle notes what came of a message, and returns what is to be stored of that.
func (q *Queue) settle(ctx context.Context, err error) Changed {
	q.mu.Lock()
	defer q.mu.Unlock()
	done := q.flying
	q.flying = nil
	failure, _ := errors.AsType[*Failure](err)
	var c Changed
	switch {
	case err == nil:
		q.status.Sent++
		q.pause.Reset()
		q.healthyLocked()
	case failure != nil && failure.Refused:
		q.status.Lost += totalOf(done)
		q.failLocked(fmt.Errorf("%w: it is not sent again", err))
	default:
		q.waiting = append(done, q.waiting...)
		done = nil
		q.pace.left++
		if ctx.Err() == nil { // else cut short, rather than failed
			q.failLocked(fmt.Errorf("%w: %s", err, remedy(failure)))
			q.pause.Fail(q.opts.Now(), failure, rand.Float64())
		}
		q.shedLocked(&c)
	}
	for _, e := range done {
		c.Gone = append(c.Gone, e.Seq)
	}
	return c
}

// remedy says what to do about an attempt that is repeated.
func remedy(failure *Failure) string {
	if failure != nil && failure.Settings {
		return "mend the action's settings and reload gaol; until then it is tried again once a minute to once an hour"
	}
	return "it is tried again; nothing to do unless this goes on"
}
