package daemon

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gaol/action/established"
	"gaol/action/notice"
	"gaol/cmd/internal/control"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/source"
	"gaol/jail/store"
)

// engine holds all cells and what happens to them. Its lock is held for counting and
// telling only, never over a match, the disk or the firewall.
type engine struct {
	log      *slog.Logger
	problems *problems
	events   *hub
	writer   *writer
	// resolve takes the failures of hosts that are known by name alone.
	resolve func(c *cell, f filter.Failure)
	// inquire queues an address that a jail's ignorecommand is to be asked about.
	inquire func(q *inquiry, addr netip.Addr) bool
	// ender ends the open connections of those who are banned.
	ender *established.Ender
	scans scans

	mu    sync.Mutex
	cells map[string]*cell
	// posts tell others, by config.Notifier.Key.
	posts map[string]*post
	// clouds are kept by the actions of jails.
	clouds cloudflareLists
	// places are how far all sources have been read.
	places latest
	// noticed is the Seq of the last notice.
	noticed int64
	// stopping says that nobody may change anything any more by hand.
	stopping bool
}

// handle takes a batch of lines from a source: match, count, decide. The
// position goes to the store together with what the lines led to.
func (e *engine) handle(ctx context.Context, batch source.Batch) error {
	e.writer.room(ctx)
	type hit struct {
		cell      *cell
		sightings []sighting
	}
	var hits []hit
	readers := e.readers(batch.Patterns)
	candidates := e.scans.scan(batch.Patterns, readers, batch.Lines)
	for _, c := range readers {
		if sightings := c.tap(batch.Source).match(batch, candidates); len(sightings) > 0 {
			hits = append(hits, hit{c, sightings})
		}
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	changes := store.Changes{Positions: []filter.Position{batch.Position}, Done: batch.Done}
	for _, h := range hits {
		e.observeLocked(h.cell, h.sightings, &changes)
	}
	e.places.add(changes.Positions)
	e.places.remove(changes.Done)
	e.writer.add(changes)
	return nil
}

// readers returns the jails that read sources of these patterns, by name.
func (e *engine) readers(patterns []string) []*cell {
	e.mu.Lock()
	defer e.mu.Unlock()
	var readers []*cell
	for _, c := range e.cells {
		if c.reads(patterns) {
			readers = append(readers, c)
		}
	}
	slices.SortFunc(readers, func(a, b *cell) int { return cmp.Compare(a.name, b.name) })
	return readers
}

// observe counts failures that come from elsewhere than a batch.
func (e *engine) observe(c *cell, failures []filter.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var changes store.Changes
	sightings := make([]sighting, len(failures))
	for i, f := range failures {
		sightings[i].Failure = f
	}
	e.observeLocked(c, sightings, &changes)
	e.writer.add(changes)
}

func (e *engine) observeLocked(c *cell, sightings []sighting, changes *store.Changes) {
	if e.cells[c.name] != c {
		return // it was taken away meanwhile, and counts no more
	}
	var bans []jail.Ban
	for _, s := range sightings {
		f := s.Failure
		if s.success {
			if t := c.jail.Trust(filter.Success(f)); t != nil {
				changes.Trusted = append(changes.Trusted, *t)
			}
			continue
		}
		o := c.jail.Observe(f)
		e.judgeDateLocked(c, f, o)
		switch {
		case o.Unresolved != "":
			if c.conf.UseDNS {
				e.resolve(c, f)
			}
			continue
		case o.AlreadyBanned:
			c.noteBannedLocked(f, o)
			continue
		case o.Ignored != "":
			e.log.Debug("ignored", "jail", c.name, "host", f.Host, "by", o.Ignored)
			if _, isProxy := c.ignore.Proxy(f.Prefix); isProxy {
				c.proxies.see(f.Prefix, f.Read)
			}
			continue
		}
		if o.Counted != nil {
			if !takes(o.Ban, *o.Counted) && !takes(o.Expired, *o.Counted) {
				changes.Counted = append(changes.Counted, *o.Counted)
			}
			e.publishFailure(*o.Counted)
		}
		bans = e.tellLocked(bans, c, o, f, changes)
	}
	if len(bans) > 0 {
		c.enforceLocked(bans)
	}
}

// takes says whether the store would delete a failure at once for the ban that it led to.
func takes(b *jail.Ban, c jail.Counted) bool {
	return b != nil && (b.Forever() || c.Time.Before(b.End))
}

// tellLocked tells everybody but the actions of the bans that an outcome has, and adds those that are in force to bans. cause
// is what led to them.
func (e *engine) tellLocked(bans []jail.Ban, c *cell, o jail.Outcome, cause filter.Failure, changes *store.Changes) []jail.Ban {
	if o.Ban != nil {
		bans = append(bans, e.beginLocked(c, *o.Ban, o.Extended, cause.Read, changes))
		e.relapseLocked(c, *o.Ban, cause, changes)
	}
	if o.Expired != nil {
		e.recordLocked(c, *o.Expired, changes)
		e.relapseLocked(c, *o.Expired, cause, changes)
	}
	if o.Spared != "" {
		e.log.Info("network not banned", "jail", c.name, "host", cause.Host, "by", o.Spared)
	}
	if o.Network != nil && o.Network.Over(cause.Read) {
		e.recordLocked(c, *o.Network, changes)
	} else if o.Network != nil {
		bans = append(bans, e.beginLocked(c, *o.Network, o.NetworkExtended, cause.Read, changes))
	}
	return bans
}

// beginLocked stores a ban that is in force, tells of it and returns it. extended says that it takes the place of one that
// had run out.
func (e *engine) beginLocked(c *cell, b jail.Ban, extended bool, now time.Time, changes *store.Changes) jail.Ban {
	if extended {
		e.endLocked(c, b, now, changes)
	}
	changes.Bans = append(changes.Bans, b)
	e.noteLocked(b)
	e.announceBanLocked(b, now, changes)
	return b
}

// recordLocked stores a ban that was over when it was found out.
func (e *engine) recordLocked(c *cell, b jail.Ban, changes *store.Changes) {
	changes.Bans = append(changes.Bans, b)
	e.noteLocked(b)
	e.log.Info("ban already over", "jail", c.name, "prefix", b.Target(), "until", b.End)
}

// endLocked ends the ban that next takes the place of, as its time was over: whoever is told of
// bans hears of an end between two of them.
func (e *engine) endLocked(c *cell, next jail.Ban, now time.Time, changes *store.Changes) {
	ended := jail.Ban{Jail: next.Jail, Prefix: next.Prefix, ID: next.ID, Shadow: next.Shadow}
	e.announceUnbanLocked(ended, now, byTime, changes)
	c.releaseLocked([]jail.Ban{ended})
}

func (e *engine) publishFailure(counted jail.Counted) {
	e.events.publish(func() control.Event {
		return control.Event{
			Time: counted.Time, What: "failure", Jail: counted.Jail, Prefix: prefixText(counted.Prefix), ID: counted.ID,
			User: counted.User, Line: counted.Line, Weight: moreThanOne(counted.Weight),
		}
	})
}

// moreThanOne is a weight worth telling, 0 for one that is not.
func moreThanOne(weight int) int {
	if weight > 1 {
		return weight
	}
	return 0
}

// noteLocked tells the jails that count the bans of all of one more.
func (e *engine) noteLocked(b jail.Ban) {
	for _, c := range e.cells {
		c.jail.Note(b)
	}
}

// announceBanLocked tells of a ban, or of its new end: the log, and whom tellOfBanLocked tells.
func (e *engine) announceBanLocked(b jail.Ban, now time.Time, changes *store.Changes) {
	e.logBan(b)
	e.tellOfBanLocked(b, now, changes)
}

func (e *engine) logBan(b jail.Ban) {
	log := e.log
	if b.Shadow {
		log = log.With("shadow", true)
	}
	log.Info("banned", "jail", b.Jail, "prefix", b.Target(), "until", untilText(b.End), "count", b.Count,
		"failures", b.Failures, "user", b.User, "by", b.By)
}

// tellOfBanLocked tells listeners of a ban and, by notices, which are added to changes, others.
func (e *engine) tellOfBanLocked(b jail.Ban, now time.Time, changes *store.Changes) {
	e.events.publish(func() control.Event { return banEvent("ban", b, now) })
	e.noticeLocked(notice.Ban, b, now, "", changes)
}

// enforced is told by a firewall that it has taken bans, and tells listeners of those that
// are still in force.
func (e *engine) enforced(c *cell, by *runner, bans []jail.Ban, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.firewall != by {
		return // another one has taken its place
	}
	e.endEstablishedLocked(c, bans)
	for _, b := range bans {
		if c.heldLocked(b, at) {
			e.events.publish(func() control.Event {
				event := banEvent("ban", b, at)
				event.Enforced = true
				return event
			})
		}
	}
}

func (e *engine) announceUnbanLocked(b jail.Ban, now time.Time, why string, changes *store.Changes) {
	e.logUnban(b, why)
	e.tellOfUnbanLocked(b, now, why, changes)
}

func (e *engine) logUnban(b jail.Ban, why string) {
	e.log.Info("unbanned", "jail", b.Jail, "prefix", b.Target(), "by", why)
}

// tellOfUnbanLocked is tellOfBanLocked for the end of a ban.
func (e *engine) tellOfUnbanLocked(b jail.Ban, now time.Time, why string, changes *store.Changes) {
	e.events.publish(func() control.Event {
		event := banEvent("unban", b, now)
		event.Text = why
		return event
	})
	e.noticeLocked(notice.Unban, b, now, why, changes)
}

func banEvent(what string, b jail.Ban, now time.Time) control.Event {
	event := control.Event{Time: now, What: what, Jail: b.Jail, Prefix: prefixText(b.Prefix), ID: b.ID, User: b.User, Shadow: b.Shadow}
	event.End = timeOrNil(b.End)
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

// What ended a ban, besides store.ByHand.
const (
	byTime   = "time"
	byIgnore = "ignoreip"
	// byEscalation ends the bans of a network's hosts with the network's.
	byEscalation = "escalation"
)

// expire ends the bans whose time is over.
func (e *engine) expire(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.cells {
		e.expireLocked(c, now)
	}
}

func (e *engine) expireLocked(c *cell, now time.Time) {
	ended := c.jail.Expire(now)
	if len(ended) == 0 {
		return
	}
	var changes store.Changes
	for _, b := range ended {
		e.announceUnbanLocked(b, now, byTime, &changes)
	}
	c.releaseLocked(ended)
	if len(changes.Notices) > 0 {
		e.writer.add(changes)
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
		e.announceUnbanLocked(b, now, byIgnore, &changes)
		changes.Ended = append(changes.Ended, store.Ended{Ban: b, At: now, By: byIgnore})
	}
	c.releaseLocked(ended)
	e.writer.add(changes)
}

// inForce is what a store that lost everything needs to know.
func (e *engine) inForce() store.Changes {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.inForceLocked()
}

func (e *engine) inForceLocked() store.Changes {
	changes := store.Changes{Positions: e.places.all()}
	for _, c := range e.cells {
		changes.Bans = append(changes.Bans, c.jail.Banned()...)
	}
	for _, p := range e.posts {
		changes.Notices = append(changes.Notices, p.stored(p.queue.Waiting())...)
	}
	return changes
}

// alive returns once the lock could be had: the watchdog's question.
func (e *engine) alive() {
	e.mu.Lock()
	defer e.mu.Unlock()
}

// place is how far the source of this path has been read, nil: not at all.
func (e *engine) place(path string) *filter.Position {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.places.of(path)
}

func (e *engine) isStopping() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopping
}

// sortedLocked returns the cells by name.
func (e *engine) sortedLocked() []*cell {
	cells := make([]*cell, 0, len(e.cells))
	for _, name := range slices.Sorted(maps.Keys(e.cells)) {
		cells = append(cells, e.cells[name])
	}
	return cells
}
