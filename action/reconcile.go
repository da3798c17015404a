package action

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"time"

	"gaol/jail"
)

// A complete comparison costs up to some seconds of one core for 100,000 bans, so it is rare: after a start, after
// another program has changed members, and every few minutes; and never for more than a quarter of all time.
const (
	compareEvery = 5 * time.Minute
	compareApart = 100 * time.Millisecond
	compareShare = 3
	// A comparison leaves out what is told of meanwhile, and takes a processor from a flood of bans: it waits until
	// nothing has been told for compareCalm, but no longer than comparePatience.
	compareCalm     = 100 * time.Millisecond
	comparePatience = 2 * time.Second
	// compareFlood is how much may be told of during a comparison that began in a calm before it is given up, once, to be made
	// after the flood: bans come first.
	compareFlood = 500
	// comparePart is how many bans are compared, or asked for, at a stretch, while nobody else can ban.
	comparePart = 100
	// soonOver is how long a ban must still run to be missed: clocks differ a little.
	soonOver = 2 * time.Second
)

// comparison is a complete comparison of what the action holds with what it should hold. It runs beside Run's
// goroutine, so that bans don't wait for it; whatever is told of or done meanwhile is left out of it.
type comparison struct {
	// changed has the targets that something was told of since it began, or that it was pending for. It is
	// guarded by the Runner's mutex.
	changed map[target]struct{}
	// giveUp ends it early; nil: it is to be completed, whatever comes. Run's goroutine and those who tell call it.
	giveUp context.CancelFunc
	// enough is how many targets may be in changed before that.
	enough  int
	began   time.Time
	starts  int // how often the action had been started when it began
	took    time.Duration
	missing []netip.Prefix
	foreign []netip.Prefix
	err     error
}

// note leaves t out of the comparison; nil is none.
func (c *comparison) note(t target) {
	if c == nil {
		return
	}
	c.changed[t] = struct{}{}
	if p, ok := Normal(t.prefix); ok && p != t.prefix {
		c.changed[target{prefix: p}] = struct{}{} // as the kernel lists it
	}
	if c.giveUp != nil && len(c.changed) > c.enough {
		c.giveUp()
	}
}

// comparisonDue says whether it is time for a comparison.
func (r *Runner) comparisonDue(now time.Time) bool {
	if r.comparing != nil || !r.started {
		return false
	}
	if _, ok := r.opts.Action.(Lister); !ok || r.opts.CheckEvery < 0 {
		return false
	}
	since := now.Sub(r.compared)
	r.mu.Lock()
	defer r.mu.Unlock()
	if since < compareEvery && !r.touched {
		r.compareAsked = time.Time{}
		return false
	}
	if r.compareAsked.IsZero() {
		r.compareAsked = now
	}
	calm := now.Sub(r.toldLast) >= compareCalm || now.Sub(r.compareAsked) >= comparePatience
	return calm && (since >= compareEvery || since >= max(compareApart, compareShare*r.compareTook))
}

// compare begins a comparison if one is due; Run's goroutine gets it on r.comparisons.
func (r *Runner) compare(ctx context.Context) {
	if !r.comparisonDue(r.opts.Now()) {
		return
	}
	now := r.opts.Now()
	c := &comparison{changed: make(map[target]struct{}), starts: r.starts, began: now}
	r.mu.Lock()
	r.touched = false
	r.comparing = c
	for t := range r.pending.byTarget {
		c.note(t)
	}
	finding, cancel := context.WithCancel(ctx)
	if now.Sub(r.toldLast) >= compareCalm && !r.gaveUp {
		c.giveUp, c.enough = cancel, len(c.changed)+compareFlood
	}
	r.mu.Unlock()
	r.compareEnds.Go(func() {
		defer cancel()
		if c.err = r.find(finding, c); finding.Err() != nil {
			c.err = finding.Err() // whatever the action made of it
		}
		c.took = r.opts.Now().Sub(c.began)
		select {
		case r.comparisons <- c:
		case <-ctx.Done():
		}
	})
}

// find lists what is held and sets apart what is missing and what is foreign, each asked for again: listings have
// holes.
func (r *Runner) find(ctx context.Context, c *comparison) error {
	lister := r.opts.Action.(Lister)
	list, err := lister.List(ctx)
	if err != nil {
		return err
	}
	held := make(map[netip.Prefix]struct{}, len(list))
	for _, p := range list {
		held[p] = struct{}{}
	}
	missing, foreign := r.differences(c, held)
	if c.missing, err = r.confirm(ctx, missing, true); err != nil {
		return err
	}
	c.foreign, err = r.confirm(ctx, foreign, false)
	return err
}

// differences compares held, which it empties, with what is wanted, but for what has changed since c began. It lets go of the lock
// after each part.
func (r *Runner) differences(c *comparison, held map[netip.Prefix]struct{}) (missing, foreign []netip.Prefix) {
	soon := r.opts.Now().Add(soonOver)
	r.mu.Lock()
	n := 0
	for t, b := range r.wanted {
		if n++; n%comparePart == 0 {
			// The loop goes on with whatever the map is like then: what is new in it is left to the next comparison.
			r.mu.Unlock()
			runtime.Gosched()
			r.mu.Lock()
		}
		p, ok := Normal(t.prefix)
		if t.id != "" || !ok || p.Bits() <= 1 {
			continue
		}
		if _, there := held[p]; !there && !b.Over(soon) {
			missing = append(missing, t.prefix)
		}
		delete(held, p)
	}
	for t := range c.changed {
		if p, ok := Normal(t.prefix); ok {
			delete(held, p)
		}
	}
	r.mu.Unlock()
	for p := range held {
		// Halves of everything stand for everything where the kernel takes no prefix without bits.
		if p.Bits() > 1 {
			foreign = append(foreign, p)
		}
	}
	return missing, foreign
}

// confirm returns those of prefixes that are missing, or those that are not.
func (r *Runner) confirm(ctx context.Context, prefixes []netip.Prefix, missing bool) ([]netip.Prefix, error) {
	prober := r.opts.Action.(Prober)
	var confirmed []netip.Prefix
	for len(prefixes) > 0 {
		part := prefixes[:min(comparePart, len(prefixes))]
		prefixes = prefixes[len(part):]
		gone, err := prober.Missing(ctx, part)
		if err != nil {
			return nil, err
		}
		if missing {
			confirmed = append(confirmed, gone...)
			continue
		}
		isGone := make(map[netip.Prefix]bool, len(gone))
		for _, p := range gone {
			isGone[p] = true
		}
		for _, p := range part {
			if !isGone[p] {
				confirmed = append(confirmed, p)
			}
		}
	}
	return confirmed, nil
}

// conclude makes pending what a comparison has found, but for what has changed since it began.
func (r *Runner) conclude(c *comparison) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.comparing = nil
	r.size.known = false // as it is once this is put right, it is to be
	r.compareAsked = time.Time{}
	r.compared, r.compareTook = r.opts.Now(), c.took
	r.gaveUp = errors.Is(c.err, context.Canceled)
	switch {
	case c.starts != r.starts:
		return // all was made anew
	case r.gaveUp:
		r.touched = true // it is made later
		return
	case errors.Is(c.err, ErrLost):
		return // the next check says so
	case c.err != nil:
		r.log.Warn("what the firewall holds could not be compared with what it should hold", "err", c.err)
		r.touched = true // it is compared again soon
		return
	}
	var back, out int
	for _, p := range c.missing {
		t := target{prefix: p}
		b, wanted := r.wanted[t]
		if _, changed := c.changed[t]; changed || !wanted {
			continue
		}
		r.told++
		r.pending.ban(t, b, r.told)
		back++
	}
	for _, p := range c.foreign {
		t := target{prefix: p}
		_, wanted := r.wanted[t]
		if _, changed := c.changed[t]; changed || wanted {
			continue
		}
		r.told++
		r.pending.unban(t, jail.Ban{Prefix: p}, r.told)
		out++
	}
	r.noteDifferencesLocked(back, out, c.began)
}

// noteDifferencesLocked notes that bans have to be put back and others taken out, as is seen since a moment.
func (r *Runner) noteDifferencesLocked(back, out int, since time.Time) {
	var what string
	switch {
	case back > 0 && out > 0:
		what = "bans were taken out of the firewall, and others put in"
	case back > 0:
		what = "bans were taken out of the firewall"
	case out > 0:
		what = "something was put into the firewall's sets that is no ban of gaol's"
	default:
		return
	}
	r.noteLossLocked(what, since)
	r.open.Missing += back
	r.open.Foreign += out
}
