package action

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// ErrLost says that something an action has made is not there any more, or not as it was.
var ErrLost = errors.New("another program has changed or removed it")

// Watcher is a Checker whose kernel tells when something of an action's is changed. What it does not tell is found
// by the checks at intervals.
type Watcher interface {
	// Watch calls changed after what may have been a change by another program, whose name it gives if it is known
	// (else ""); members says that bans may have been taken out one by one. It
	// returns nil once ctx is done. Watch is called beside the other methods, and must not wait for them.
	Watch(ctx context.Context, changed func(by string, members bool)) error
}

// Lister is an Action that can list all that it holds. The Runner compares that with what should be there, puts back
// what is missing and has the rest taken out.
type Lister interface {
	Prober
	// List returns all prefixes that are held, in any order; some may be left out or be there twice, as happens in
	// listings of sets that are being changed. It is called beside the other methods, and must not make them wait.
	List(ctx context.Context) ([]netip.Prefix, error)
}

// Loss is something that was not in the firewall as the Runner had put it there, and is again.
type Loss struct {
	// What was lost, in words; Missing is how many bans were put back, if not all, and Foreign how many members were
	// taken out that were not ours to keep.
	What             string
	Missing, Foreign int
	// By is the program that last changed something of ours, "" if the kernel does not say.
	By string
	// Noticed and Restored are when it was seen and when all was back.
	Noticed, Restored time.Time
}

// String says it in one sentence.
func (l Loss) String() string {
	text := l.What
	if l.By != "" {
		text += " (last changed by " + l.By + ")"
	}
	return fmt.Sprintf("%s: put right within %s", text, l.Restored.Sub(l.Noticed).Round(time.Millisecond))
}

// Losses say how often something was lost since the Runner was made.
type Losses struct {
	// Restored is how often something was put back, Foreign how many members were taken out.
	Restored, Foreign int
	// Last is the last of them; zero: there was none.
	Last Loss
}

// noteLossLocked begins a loss, unless one is open: what is found while it is being put right belongs to it.
func (r *Runner) noteLossLocked(what string, since time.Time) {
	if r.open == nil {
		r.open = &Loss{What: what, By: r.changer, Noticed: since}
	}
	r.changer = ""
}

// noteLoss is noteLossLocked for an error of the action's, if it tells of a loss.
func (r *Runner) noteLoss(err error) {
	if !errors.Is(err, ErrLost) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLossLocked(err.Error(), r.opts.Now())
}

// restored ends a loss, once all that was pending is done.
func (r *Runner) restored() {
	r.mu.Lock()
	loss := r.open
	if loss == nil {
		r.mu.Unlock()
		return
	}
	r.open = nil
	loss.Restored = r.opts.Now()
	if loss.Foreign == 0 || loss.Missing > 0 {
		r.losses.Restored++
	}
	r.losses.Foreign += loss.Foreign
	r.losses.Last = *loss
	r.mu.Unlock()
	r.log.Warn("what another program changed in the firewall is as it was", "problem", loss.What, "by", loss.By,
		"count", loss.Missing, "removed", loss.Foreign, "took", loss.Restored.Sub(loss.Noticed))
	if r.opts.Restored != nil {
		r.opts.Restored(*loss)
	}
}
