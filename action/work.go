package action

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gaol/jail"
)

// errEnded is what a Sync gets that still waits when Run ends.
var errEnded = errors.New("the action was stopped before it was told")

// Run starts the action and does what it is told, until ctx is done; then it
// returns nil. Whatever goes wrong with the action becomes a problem in Status
// and is tried again. It leaves in force what is in force; see Stop.
func (r *Runner) Run(ctx context.Context) error {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = true
		r.answerLocked(0, errEnded)
	}()
	checks, stopChecks := r.checkTimes()
	defer stopChecks()
	// What runs beside ends before Run does.
	beside, cancel := context.WithCancel(ctx)
	defer r.compareEnds.Wait()
	defer r.watch(beside)()
	defer cancel()
	alarm := newAlarm()
	defer alarm.timer.Stop()
	renew := time.NewTicker(renewEvery)
	defer renew.Stop()

	whole := backoff{first: wholeRetryMin, last: wholeRetryMax}
	single := backoff{first: singleRetryMin, last: singleRetryMax}
	var again <-chan time.Time // the delayed changes are due
	for {
		if err := r.workOff(ctx); err != nil && ctx.Err() == nil {
			r.fail(err)
			if Pause(ctx, whole.next()) != nil {
				return nil
			}
			continue
		}
		whole.reset()
		r.restored()
		switch {
		case !r.hasDelayed():
			single.reset()
			again = nil
		case again == nil:
			again = time.After(single.next())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-checks:
			r.check(ctx)
			r.compare(beside)
		case <-r.changed:
			alarm.ring(r.opts.Now())
		case <-alarm.timer.C:
			r.check(ctx)
			r.compare(beside)
			alarm.looked(r.opts.Now())
		case c := <-r.comparisons:
			r.conclude(c)
		case <-again:
			again = nil
			r.releaseDelayed()
		case <-renew.C:
			r.renew()
		}
	}
}

// workOff starts the action where it is not started and does all that is
// ready. An error means that the action as a whole did not do its work; what it
// was told is told it again.
func (r *Runner) workOff(ctx context.Context) error {
	if !r.started {
		if err := r.start(ctx); err != nil {
			return err
		}
	}
	for {
		changes := r.take()
		if len(changes) == 0 {
			return nil
		}
		if err := r.do(ctx, changes); err != nil {
			// Perhaps because what Start made is gone.
			if checker, ok := r.opts.Action.(Checker); ok && ctx.Err() == nil {
				if gone := checker.Check(ctx); gone != nil {
					r.lose(gone)
				}
			}
			return err
		}
	}
}

// start starts the action and makes every ban that should be in force pending.
func (r *Runner) start(ctx context.Context) error {
	began := r.opts.Now()
	if err := r.opts.Action.Start(ctx); err != nil {
		err = fmt.Errorf("starting: %w", err)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tried = true
		r.answerLocked(0, err)
		return err
	}
	r.started = true
	r.starts++
	r.size = size{}
	notes := notesOf(r.opts.Action)
	r.mu.Lock()
	r.status.Notes = notes
	r.restoreLocked()
	count := len(r.wanted)
	r.healthyLocked()
	r.tried = true
	r.answerLocked(math.MaxUint64, nil)
	r.mu.Unlock()
	r.log.Info("action started", "count", count, "took", r.opts.Now().Sub(began))
	logNotes(r.log, notes)
	return nil
}

// restoreLocked makes every ban pending that should be in force, the oldest
// first.
func (r *Runner) restoreLocked() {
	bans := make([]jail.Ban, 0, len(r.wanted))
	for t, b := range r.wanted {
		if r.pending.byTarget[t] == nil {
			bans = append(bans, b)
		}
	}
	slices.SortFunc(bans, func(a, b jail.Ban) int { return a.Start.Compare(b.Start) })
	for _, b := range bans {
		r.told++
		r.pending.ban(targetOf(b), b, r.told)
	}
}

// take moves a batch from what is pending to what the action works on.
func (r *Runner) take() []*change {
	r.mu.Lock()
	defer r.mu.Unlock()
	changes := r.pending.take(r.opts.BatchSize)
	for _, c := range changes {
		r.doing = min(r.doing, c.seq)
	}
	return changes
}

// do tells the action of changes, unbans first. The error is that of the action
// as a whole; changes that failed by themselves are delayed or given up here.
func (r *Runner) do(ctx context.Context, changes []*change) error {
	failed := singles{targets: make(map[target]bool)}
	now := r.opts.Now()
	lift := pick(changes, func(c *change) bool { return c.unban })
	err := failed.sift(r.lift(ctx, lift))
	if err == nil {
		for _, c := range changes {
			c.unban = c.unban && failed.targets[c.target]
		}
		impose := pick(changes, func(c *change) bool { return c.ban && !c.unban && !c.what.Over(now) })
		r.size.added += len(impose)
		if err = failed.sift(r.impose(ctx, impose, now)); err == nil {
			r.enforced(impose, failed)
		}
	}
	if err == nil && failed.err != nil && ctx.Err() != nil {
		// Cut short, rather than failed: they are as they were.
		err = failed.err
		changes = slices.DeleteFunc(changes, func(c *change) bool { return !failed.targets[c.target] })
	}
	r.settle(changes, failed, err)
	return err
}

func (r *Runner) lift(ctx context.Context, bans []jail.Ban) error {
	if len(bans) == 0 {
		return nil
	}
	if err := r.opts.Action.Unban(ctx, bans); err != nil {
		return fmt.Errorf("lifting bans: %w", err)
	}
	return nil
}

func (r *Runner) impose(ctx context.Context, bans []jail.Ban, now time.Time) error {
	if len(bans) == 0 {
		return nil
	}
	if err := r.opts.Action.Ban(ctx, bans, now); err != nil {
		return fmt.Errorf("banning: %w", err)
	}
	return nil
}

// enforced passes on which bans the action has taken.
func (r *Runner) enforced(bans []jail.Ban, failed singles) {
	if r.opts.Enforced == nil {
		return
	}
	if len(failed.targets) > 0 {
		bans = slices.DeleteFunc(bans, func(b jail.Ban) bool { return failed.targets[targetOf(b)] })
	}
	if len(bans) > 0 {
		r.opts.Enforced(bans, r.opts.Now())
	}
}

// settle returns to pending what was not done, and answers who waits for it.
func (r *Runner) settle(changes []*change, failed singles, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doing = math.MaxUint64
	lowest := uint64(math.MaxUint64)
	switch {
	case err != nil:
		r.pending.putBack(changes)
		lowest = r.pending.oldest()
	case failed.err != nil:
		err = failed.err
		lowest = r.delayLocked(changes, failed)
		r.failLocked(err)
	case !r.pending.anyDelayed():
		r.healthyLocked()
	}
	r.answerLocked(lowest, err)
}

// delayLocked delays those of changes that failed, or gives them up, and
// returns the lowest seq of those that failed for the first time: nobody who came
// later waits for the others.
func (r *Runner) delayLocked(changes []*change, failed singles) uint64 {
	lowest := uint64(math.MaxUint64)
	var again []*change
	for _, c := range changes {
		if !failed.targets[c.target] {
			continue
		}
		if c.tries++; c.tries == 1 {
			lowest = min(lowest, c.seq)
		}
		c.err = failed.err
		if c.tries < singleTries {
			again = append(again, c)
			continue
		}
		r.log.Error("action gave up on a target", "host", c.what.Target(), "count", c.tries, "err", failed.err)
	}
	r.pending.delay(again)
	return lowest
}

// answerLocked tells those who wait in Sync: err if what they wait for reaches
// back to lowest or further, nil if all of it is done.
func (r *Runner) answerLocked(lowest uint64, err error) {
	if len(r.waiters) == 0 {
		return
	}
	open := r.pending.oldest()
	r.waiters = slices.DeleteFunc(r.waiters, func(w waiter) bool {
		switch {
		case err != nil && w.seq >= lowest:
			w.done <- err
		case w.seq < open:
			w.done <- nil
		default:
			return false
		}
		return true
	})
}

// singles are the targets that failed while others did not.
type singles struct {
	targets map[target]bool
	err     error
}

// sift adds the parts of a FailedError and returns any other error.
func (s *singles) sift(err error) error {
	single, ok := errors.AsType[*FailedError](err)
	if !ok {
		return err
	}
	for _, b := range single.Bans {
		s.targets[targetOf(b)] = true
	}
	s.err = errors.Join(s.err, err)
	return nil
}

// pick returns the bans of those changes that are wanted.
func pick(changes []*change, want func(*change) bool) []jail.Ban {
	n := 0
	for _, c := range changes {
		if want(c) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	bans := make([]jail.Ban, 0, n)
	for _, c := range changes {
		if want(c) {
			bans = append(bans, c.what)
		}
	}
	return bans
}
