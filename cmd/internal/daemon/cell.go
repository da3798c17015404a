package daemon

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gaol/config"
	"gaol/filter"
	"gaol/jail"
)

// cell is a jail at work: its counts, its filter at each source, its actions.
type cell struct {
	// name never changes.
	name string

	// The engine's lock guards these.
	conf   config.Jail
	jail   *jail.Jail
	ignore *jail.Ignore
	// inquiry asks the jail's ignorecommand; nil: it has none.
	inquiry *inquiry
	// patterns are those of the sources that the jail reads.
	patterns []string
	runners  []*runner
	// firewall is the one of runners that enforces bans; nil: none does.
	firewall *runner
	// posts tell others of the jail's bans.
	posts []*post
	// listing keeps the jail's lists in force; nil: it has none.
	listing *listing
	// imposed has the bans in force that the actions were told of.
	imposed map[jail.Key]imposed
	// leaks are those who fail all the same.
	leaks leaks
	// accused may be proxies.
	accused accused
	// heard is of a jail that counts the bans of others.
	heard heard
	// dates says what is wrong with the dates of a source.
	dates map[string]verdict
	// evicted is how many hosts had been forgotten for want of room at the last look; crowded says
	// that there was none lately.
	evicted int
	crowded bool
	// ended counts the connections that were ended because of its bans.
	ended int

	// trusting is ignore for those who look at lines, without the engine's lock.
	trusting atomic.Pointer[jail.Ignore]
	proxies  accusedProxies

	mu     sync.Mutex
	filter *filter.Filter
	taps   map[string]*tap
}

// imposed is a ban that the actions were told of, known by its start.
type imposed struct {
	start time.Time
	// held is when the kernel was first seen to hold it; zero: not yet.
	held time.Time
	// since counts the failures that were logged after that, ended the connections that were open.
	since, ended int
}

func newCell(j config.Jail, ignore *jail.Ignore, inquiry *inquiry) (*cell, error) {
	counting, err := jail.New(jailOptions(j, ignore, inquiry))
	if err != nil {
		return nil, err
	}
	c := &cell{
		name: j.Name, conf: j, jail: counting, imposed: map[jail.Key]imposed{}, dates: map[string]verdict{},
		filter: j.Compiled, taps: map[string]*tap{}, inquiry: inquiry,
	}
	c.heed(ignore)
	return c, nil
}

// heed makes ignore say who is never banned, and who is a trusted proxy.
func (c *cell) heed(ignore *jail.Ignore) {
	c.ignore = ignore
	c.trusting.Store(ignore)
	if c.listing != nil {
		c.listing.heed(ignore)
	}
}

// trusts says whether addr is that of a trusted proxy.
func (c *cell) trusts(addr netip.Addr) bool { return c.trusting.Load().Trusts(addr) }

// tap returns the place where the jail meets a source.
func (c *cell) tap(source string) *tap {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.taps[source]
	if t == nil {
		t = newTap(c.filter, c.trusts, &c.proxies)
		c.taps[source] = t
	}
	return t
}

// current returns the filter in use.
func (c *cell) current() *filter.Filter {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.filter
}

// use makes all taps continue with another filter.
func (c *cell) use(f *filter.Filter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filter = f
	for _, t := range c.taps {
		t.use(f)
	}
}

// sources returns the figures of all taps by source.
func (c *cell) sources() map[string]*tap {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.taps)
}

// forgetSources drops what is kept of sources that are not among live and have been silent
// since before: where each day brings a log of another name, they would become ever more. It
// returns their names.
func (c *cell) forgetSources(live map[string]bool, before time.Time) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var gone []string
	for name, t := range c.taps {
		if _, _, last := t.figures(); !live[name] && last.Before(before) {
			delete(c.taps, name)
			gone = append(gone, name)
		}
	}
	return gone
}

// reads says whether one of a source's patterns is the jail's.
func (c *cell) reads(patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return slices.Contains(c.patterns, p) })
}

func keyOf(b jail.Ban) jail.Key {
	if b.ID != "" {
		return jail.Key{ID: b.ID}
	}
	return jail.Key{Prefix: b.Prefix}
}

// enforceLocked tells the actions of new bans.
func (c *cell) enforceLocked(bans []jail.Ban) {
	for _, b := range bans {
		c.imposed[keyOf(b)] = imposed{start: b.Start}
	}
	for _, r := range c.runners {
		r.Ban(bans)
	}
}

// beginImposedLocked notes the bans with which new actions begin; afresh, nobody knows yet what the firewall holds of them.
func (c *cell) beginImposedLocked(bans []jail.Ban, afresh bool) {
	if afresh {
		clear(c.imposed)
	}
	for _, b := range bans {
		if _, ok := c.imposed[keyOf(b)]; !ok {
			c.imposed[keyOf(b)] = imposed{start: b.Start}
		}
	}
}

// toldAtOnce is how many bans the actions are told of before they are told of more: of very many, the first are in the kernel's
// hands meanwhile.
const toldAtOnce = 2000

// releaseLocked tells the actions of bans that are over.
func (c *cell) releaseLocked(bans []jail.Ban) {
	for part := range slices.Chunk(bans, toldAtOnce) {
		for _, b := range part {
			delete(c.imposed, keyOf(b))
		}
		for _, r := range c.runners {
			r.Unban(part)
		}
	}
}

// heldLocked notes that the kernel holds a ban from at on, and says whether that is news. A ban that was
// lifted while the firewall was at work is none.
func (c *cell) heldLocked(b jail.Ban, at time.Time) (news bool) {
	key := keyOf(b)
	is, ok := c.imposed[key]
	if !ok || !is.held.IsZero() || !is.start.Equal(b.Start) {
		return false
	}
	is.held = at
	c.imposed[key] = is
	c.accused.see(b)
	return true
}

func (c *cell) isHeldLocked(b jail.Ban) bool { return !c.imposed[keyOf(b)].held.IsZero() }

// noteBannedLocked counts a failure of somebody who is banned, if it was logged once the kernel held
// the ban. Lines that are still on their way when it does are no sign that it does not hold.
func (c *cell) noteBannedLocked(f filter.Failure, o jail.Outcome) {
	is, ok := c.imposed[o.Within]
	at, grace := f.Time, leakGrace
	if at.IsZero() || o.Shift != 0 {
		at, grace = f.Read, undatedGrace
	}
	// Dates mostly have whole seconds.
	if ok && !is.held.IsZero() && !at.Before(is.held.Truncate(time.Second).Add(time.Second)) {
		is.since++
		c.imposed[o.Within] = is
		if f.Prefix.IsValid() && !at.Before(is.held.Add(grace)) && !f.Read.Before(is.held.Add(grace)) {
			c.leaks.see(f, o.Within)
		}
	}
}
