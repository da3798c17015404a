package daemon

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"gaol/cmd/internal/control"
	"gaol/jail"
	"gaol/jail/store"
)

// historyLimit bounds the bans and the failures that Why tells, each.
const historyLimit = 200

// historian is the part of a store that knows what was.
type historian interface {
	History(ctx context.Context, target jail.Key, limit int) (events []store.Event, more bool, err error)
}

// question gathers all that is known of one target.
type question struct {
	target jail.Key
	now    time.Time
	why    control.Why
	// kept are the failures that jails have in memory: what there is without a store.
	kept []jail.Counted
}

// newQuestion reads what is asked for.
func newQuestion(address string, now time.Time) (*question, error) {
	if address == "" {
		return nil, refuse(http.StatusBadRequest, "no address was given")
	}
	targets, err := parseTargets([]string{address})
	if err != nil {
		return nil, err
	}
	q := &question{target: jail.Key{Prefix: targets[0].prefix, ID: targets[0].id}, now: now}
	q.why = control.Why{
		Address: jail.Ban{Prefix: q.target.Prefix, ID: q.target.ID}.Target(), Jails: []control.WhyJail{}, Bans: []control.Ban{},
		History: []control.WhyEvent{}, Kernel: []control.WhyKernel{}, Problems: []string{},
	}
	return q, nil
}

// Why implements [control.Daemon]. Where a firewall holds the address it takes a second, to see
// whether packets still come.
func (d *Daemon) Why(ctx context.Context, address string) (control.Why, error) {
	q, err := newQuestion(address, d.opts.Now())
	if err != nil {
		return control.Why{}, err
	}
	q.why.Running = true
	d.mu.Lock()
	var firewalls []firewall
	var leaks []whyLeak
	for i, c := range d.sortedLocked() {
		q.askLocked(c)
		leaks = append(leaks, q.leakLocked(c, i)...)
		// A jail of lists has bans by hand only; that it has none of an address says nothing of its lists.
		if c.firewall != nil && (c.listing == nil || len(c.jail.Banned()) > 0) {
			firewalls = append(firewalls, firewall{c.name, c.firewall})
		}
	}
	d.mu.Unlock()
	if d.store != nil {
		// What was counted a moment ago may be on its way into the store.
		flushing, cancel := context.WithTimeout(ctx, syncWait)
		if err := d.writer.flush(flushing); err != nil {
			q.problem("%v", err)
		}
		cancel()
		q.recall(ctx, d.store)
	} else {
		q.problem("there is no store to ask: of earlier bans nothing is known")
		q.recallKept()
	}
	var looking sync.WaitGroup
	looking.Go(func() { q.explain(ctx, leaks) })
	q.askKernel(ctx, firewalls)
	looking.Wait()
	q.conclude()
	return q.why, nil
}

func (q *question) problem(format string, args ...any) {
	q.why.Problems = append(q.why.Problems, fmt.Sprintf(format, args...))
}

// askLocked asks a jail.
func (q *question) askLocked(c *cell) {
	s := c.jail.About(q.target, q.now)
	j := control.WhyJail{
		Name: c.name, Failures: s.Failures, Needed: s.Needed, TrustedUntil: timeOrNil(s.Trusted), FindTimeSeconds: s.FindTime.Seconds(), Hosts: s.Hosts,
		Until: timeOrNil(s.Until), Banned: len(s.Bans) > 0, Ignored: s.Ignored,
	}
	if s.Hosts > 0 {
		j.Host = jail.Ban{Prefix: s.Nearest.Prefix, ID: s.Nearest.ID}.Target()
	}
	for _, b := range s.Bans {
		q.why.Bans = append(q.why.Bans, c.describeBanLocked(b))
		j.SinceEnforced += c.imposed[keyOf(b)].since
		j.Ended += c.imposed[keyOf(b)].ended
	}
	if c.listing != nil {
		j.Needed = 0
		if q.target.ID == "" {
			q.why.Listed = append(q.why.Listed, c.listing.about(q.target.Prefix)...)
		}
	}
	q.why.Jails = append(q.why.Jails, j)
	q.kept = append(q.kept, s.Kept...)
}

// recall reads the history.
func (q *question) recall(ctx context.Context, from historian) {
	events, more, err := from.History(ctx, q.target, historyLimit)
	if err != nil {
		q.problem("%v", err)
		q.recallKept()
		return
	}
	q.why.HistoryCut = more
	for _, e := range events {
		q.why.History = append(q.why.History, describeEvent(e))
	}
}

// recallKept makes do with what the jails remember.
func (q *question) recallKept() {
	slices.SortStableFunc(q.kept, func(a, b jail.Counted) int { return a.Time.Compare(b.Time) })
	for _, c := range q.kept {
		q.why.History = append(q.why.History, describeEvent(store.Event{
			Time: c.Time, What: store.Failed, Jail: c.Jail, Prefix: c.Prefix, ID: c.ID, Line: c.Line, Pattern: c.Pattern, User: c.User,
		}))
	}
}

func describeEvent(e store.Event) control.WhyEvent {
	described := control.WhyEvent{
		Time: e.Time, What: e.What, Jail: e.Jail, Prefix: prefixText(e.Prefix), ID: e.ID, Line: e.Line, Pattern: e.Pattern, User: e.User, By: e.By,
	}
	if e.What == store.Banned {
		described.Count, described.Failures = e.Ban.Count, e.Ban.Failures
		if !e.Ban.Forever() {
			described.End = &e.Ban.End
		}
		for i, line := range e.Ban.Lines {
			described.Evidence = append(described.Evidence, control.WhyLine{Line: line, Pattern: e.Ban.Patterns[i]})
		}
	}
	return described
}
