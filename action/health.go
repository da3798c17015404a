package action

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"
)

// sampleSize is how many bans in force are looked for at each check.
const sampleSize = 8

// check asks a Checker whether all is there. If not, the next round starts the
// action anew and restores all bans.
func (r *Runner) check(ctx context.Context) {
	checker := r.opts.Action.(Checker) // checkTimes ticks for no other
	err := checker.Check(ctx)
	if err == nil {
		err = r.probe(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case err == nil:
		r.weigh()
		r.NoteAgain()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.untold {
			r.healthyLocked()
		}
	default:
		r.lose(err)
		r.fail(err)
	}
}

// lose notes that the action has to be started again, unless it only can't tell a server of what it has.
func (r *Runner) lose(err error) {
	if _, untold := errors.AsType[*UntoldError](err); untold {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.untold = true
		return
	}
	r.started = false
	r.noteLoss(err)
}

// probe looks for some of the bans in force, and makes those pending that have
// been lost. If all are, the sets were emptied, and it makes every ban pending.
func (r *Runner) probe(ctx context.Context) error {
	prober, ok := r.opts.Action.(Prober)
	if !ok {
		return nil
	}
	sample := r.sample(sampleSize)
	if len(sample) == 0 {
		return nil
	}
	missing, err := prober.Missing(ctx, sample)
	if err != nil || len(missing) == 0 {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.touched = true // there may be more: they are all compared
	if len(missing) == len(sample) {
		r.noteDifferencesLocked(len(r.wanted), 0, r.opts.Now())
		r.restoreLocked()
		return nil
	}
	r.noteDifferencesLocked(len(missing), 0, r.opts.Now())
	for _, p := range missing {
		t := target{prefix: p}
		if b, ok := r.wanted[t]; ok {
			r.told++
			r.pending.ban(t, b, r.told)
		}
	}
	return nil
}

// Holds asks the action what the kernel says of a prefix; ok is false if it cannot tell. It waits
// for what the action is doing, but no longer than ctx.
func (r *Runner) Holds(ctx context.Context, prefix netip.Prefix) (held Held, ok bool, err error) {
	holder, ok := r.opts.Action.(Holder)
	if !ok {
		return Held{}, false, nil
	}
	type answer struct {
		held Held
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		held, err := holder.Holds(ctx, prefix)
		answers <- answer{held, err}
	}()
	select {
	case a := <-answers:
		return a.held, true, a.err
	case <-ctx.Done():
		return Held{}, true, fmt.Errorf("asking action %s what it holds: %w", r.opts.Name, ctx.Err())
	}
}

// sample returns the prefixes of up to n bans that the action must hold: not those
// it has yet to be told of, nor those about to end. Which ones is left to the
// map's order, which is another each time.
func (r *Runner) sample(n int) []netip.Prefix {
	soon := r.opts.Now().Add(2 * time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	var sample []netip.Prefix
	tries := 4 * n // of a map in which none qualifies
	for t, b := range r.wanted {
		if len(sample) == n || tries == 0 {
			break
		}
		tries--
		if t.id == "" && t.prefix.IsValid() && !b.Over(soon) && r.pending.byTarget[t] == nil {
			sample = append(sample, t.prefix)
		}
	}
	return sample
}

// checkTimes ticks whenever the action is to be checked: never, if it cannot
// be.
func (r *Runner) checkTimes() (<-chan time.Time, func()) {
	if _, ok := r.opts.Action.(Checker); !ok || r.opts.CheckEvery < 0 {
		return nil, func() {}
	}
	t := time.NewTicker(r.opts.CheckEvery)
	return t.C, t.Stop
}

// renew tells the action again of bans that are longer than it can take at
// once.
func (r *Runner) renew() {
	limited, ok := r.opts.Action.(Limited)
	if !ok {
		return
	}
	now := r.opts.Now()
	// What was cut at the last renewal, with an hour to spare.
	cut := limited.Longest() - renewEvery - time.Hour
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, b := range r.wanted {
		if !b.Forever() && b.End.Sub(now) > cut {
			r.told++
			r.pending.ban(t, b, r.told)
		}
	}
}

func (r *Runner) hasDelayed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pending.delayed) > 0
}

func (r *Runner) releaseDelayed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending.release()
}

// fail notes that the action has a problem, and logs it once while it is the
// same.
func (r *Runner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failLocked(err)
}

func (r *Runner) failLocked(err error) {
	if r.status.Problem == err.Error() {
		return
	}
	r.log.Error("action has a problem", "err", err)
	if r.status.Healthy {
		r.status.Healthy, r.status.Since = false, r.opts.Now()
	}
	r.status.Problem = err.Error()
}

func (r *Runner) healthyLocked() {
	r.untold = false
	if r.status.Healthy {
		return
	}
	now := r.opts.Now()
	r.log.Info("action is healthy", "after", now.Sub(r.status.Since))
	r.status.Healthy, r.status.Problem, r.status.Since = true, "", now
}

// notesOf are those of an action, if it is a Noter.
func notesOf(noter any) []string {
	if n, ok := noter.(Noter); ok {
		return n.Notes()
	}
	return nil
}

// NoteAgain has Status show what the action leaves out now: under another rule, see [Adjuster], or beside other programs'
// rules. It may wait for the action.
func (r *Runner) NoteAgain() {
	notes := notesOf(r.opts.Action)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(notes, r.status.Notes) {
		logNotes(r.log, notes)
	}
	r.status.Notes = notes
}

func logNotes(log *slog.Logger, notes []string) {
	for _, note := range notes {
		log.Warn("action is not complete", "problem", note)
	}
}

// backoff doubles the pause after each failure, from first to last.
type backoff struct {
	first, last time.Duration
	current     time.Duration
}

func (b *backoff) next() time.Duration {
	b.current = min(max(b.first, 2*b.current), b.last)
	return b.current
}

func (b *backoff) reset() { b.current = 0 }

// Pause waits for d, which may be past. It returns an error if ctx ends before.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
