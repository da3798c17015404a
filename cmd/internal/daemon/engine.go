package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"gaol/cmd/internal/control"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/source"
	"gaol/jail/store"
)

// engine holds all cells and what happens to them. Its lock is held for
// arithmetic only, never over a match, the disk or the firewall.
type engine struct {
	log      *slog.Logger
	problems *problems
	events   *hub
	writer   *writer
	// resolve takes the failures of hosts that are known by name alone.
	resolve func(c *cell, f filter.Failure)

	mu    sync.Mutex
	cells map[string]*cell
}

// handle takes a batch of lines from a source: match, count, decide. The
// position goes to the store together with what the lines led to.
func (e *engine) handle(ctx context.Context, batch source.Batch) error {
	e.writer.room(ctx)
	type hit struct {
		cell     *cell
		failures []filter.Failure
	}
	var hits []hit
	for _, c := range e.readers(batch.Patterns) {
		if failures := c.tap(batch.Source).match(batch.Lines); len(failures) > 0 {
			hits = append(hits, hit{c, failures})
		}
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	changes := store.Changes{Positions: []filter.Position{batch.Position}, Done: batch.Done}
	for _, h := range hits {
		// A jail that was taken away meanwhile counts no more.
		if e.cells[h.cell.conf.Name] == h.cell {
			e.observeLocked(h.cell, h.failures, &changes)
		}
	}
	e.writer.add(changes)
	return nil
}

func (e *engine) readers(patterns []string) []*cell {
	e.mu.Lock()
	defer e.mu.Unlock()
	var readers []*cell
	for _, c := range e.cells {
		if c.reads(patterns) {
			readers = append(readers, c)
		}
	}
	return readers
}

// observe counts failures that come from elsewhere than a batch.
func (e *engine) observe(c *cell, failures []filter.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cells[c.conf.Name] != c {
		return
	}
	var changes store.Changes
	e.observeLocked(c, failures, &changes)
	e.writer.add(changes)
}

func (e *engine) observeLocked(c *cell, failures []filter.Failure, changes *store.Changes) {
	var bans []jail.Ban
	for _, f := range failures {
		o := c.jail.Observe(f)
		e.judgeDateLocked(c, f, o)
		switch {
		case o.Unresolved != "":
			if c.conf.UseDNS {
				e.resolve(c, f)
			}
			continue
		case o.Ignored != "":
			e.log.Debug("ignored", "jail", c.conf.Name, "host", f.Host, "by", o.Ignored)
			continue
		}
		if o.Counted != nil {
			changes.Counted = append(changes.Counted, *o.Counted)
			e.publishFailure(f, *o.Counted)
		}
		if o.Ban != nil {
			bans = append(bans, *o.Ban)
			changes.Bans = append(changes.Bans, *o.Ban)
			e.announceBanLocked(*o.Ban, f.Read)
		}
		if o.Expired != nil {
			changes.Bans = append(changes.Bans, *o.Expired)
			e.log.Info("ban already over", "jail", c.conf.Name, "prefix", o.Expired.Target(), "until", o.Expired.End)
		}
	}
	if len(bans) > 0 {
		c.enforce(bans)
	}
}

// judgeDateLocked says what is wrong with the dates of a log whose live lines
// had to be counted as now.
func (e *engine) judgeDateLocked(c *cell, f filter.Failure, o jail.Outcome) {
	if f.CatchUp {
		return
	}
	text := ""
	switch {
	case o.Undated:
		text = fmt.Sprintf("%s: lines bear no date that gaol can read: they count as they are read; set datepattern if there is one", f.Source)
	case o.Shift != 0:
		text = fmt.Sprintf("%s: %s: lines count as they are read; set timezone if the log is in another one", f.Source, shiftText(o.Shift))
	}
	e.problems.set(c.conf.Name, "date:"+f.Source, text)
}

// shiftText says by how much a log's dates are off; negative: they are in the past.
func shiftText(shift time.Duration) string {
	if shift < 0 {
		return fmt.Sprintf("runs %s behind", -shift.Round(time.Minute))
	}
	return fmt.Sprintf("runs %s ahead", shift.Round(time.Minute))
}

func (e *engine) publishFailure(f filter.Failure, counted jail.Counted) {
	e.events.publish(control.Event{
		Time: counted.Time, What: "failure", Jail: counted.Jail, Prefix: prefixText(counted.Prefix), ID: counted.ID,
		User: f.User, Line: counted.Line,
	})
}

// announceBanLocked tells everybody of a ban: the log, listeners, and the jails that count
// the bans of all.
func (e *engine) announceBanLocked(b jail.Ban, now time.Time) {
	for _, c := range e.cells {
		c.jail.Note(b)
	}
	e.log.Info("banned", "jail", b.Jail, "prefix", b.Target(), "until", untilText(b.End), "count", b.Count,
		"failures", b.Failures, "user", b.User, "by", b.By)
	e.events.publish(banEvent("ban", b, now))
}

// announceEnforced tells listeners that the kernel was seen to hold bans.
func (e *engine) announceEnforced(bans []jail.Ban, at time.Time) {
	for _, b := range bans {
		event := banEvent("ban", b, at)
		event.Enforced = true
		e.events.publish(event)
	}
}

func (e *engine) announceUnban(b jail.Ban, now time.Time, why string) {
	e.log.Info("unbanned", "jail", b.Jail, "prefix", b.Target(), "by", why)
	event := banEvent("unban", b, now)
	event.Text = why
	e.events.publish(event)
}

func banEvent(what string, b jail.Ban, now time.Time) control.Event {
	event := control.Event{Time: now, What: what, Jail: b.Jail, Prefix: prefixText(b.Prefix), ID: b.ID, User: b.User}
	if !b.Forever() {
		event.End = &b.End
	}
	if len(b.Lines) > 0 {
		event.Line = b.Lines[len(b.Lines)-1]
	}
	return event
}

func untilText(end time.Time) string {
	if end.IsZero() {
		return "forever"
	}
	return end.Format(time.RFC3339)
}

// expire ends the bans whose time is over.
func (e *engine) expire(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.cells {
		ended := c.jail.Expire(now)
		if len(ended) == 0 {
			continue
		}
		for _, b := range ended {
			e.announceUnban(b, now, "time")
		}
		c.release(ended)
	}
}

// pardon lifts the bans of those who are ignored by now.
func (e *engine) pardon(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.cells {
		e.pardonLocked(c, now)
	}
}

func (e *engine) pardonLocked(c *cell, now time.Time) {
	ended := c.jail.Pardon()
	if len(ended) == 0 {
		return
	}
	var changes store.Changes
	for _, b := range ended {
		e.announceUnban(b, now, "ignoreip")
		changes.Ended = append(changes.Ended, store.Ended{Ban: b, At: now, By: "ignoreip"})
	}
	c.release(ended)
	e.writer.add(changes)
}

// inForce is what a store that lost everything needs to know.
func (e *engine) inForce() store.Changes {
	e.mu.Lock()
	defer e.mu.Unlock()
	var changes store.Changes
	for _, c := range e.cells {
		changes.Bans = append(changes.Bans, c.jail.Banned()...)
	}
	return changes
}

// alive returns once the lock could be had: the watchdog's question.
func (e *engine) alive() {
	e.mu.Lock()
	defer e.mu.Unlock()
}

// sortedLocked returns the cells by name.
func (e *engine) sortedLocked() []*cell {
	cells := make([]*cell, 0, len(e.cells))
	for _, name := range slices.Sorted(maps.Keys(e.cells)) {
		cells = append(cells, e.cells[name])
	}
	return cells
}
