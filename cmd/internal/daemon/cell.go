package daemon

import (
	"context"
	"maps"
	"slices"
	"sync"

	"gaol/config"
	"gaol/filter"
	"gaol/jail"
)

// cell is a jail at work: its counts, its filter at each source, its actions.
type cell struct {
	// conf, jail and ignore are guarded by the engine's lock.
	conf   config.Jail
	jail   *jail.Jail
	ignore *jail.Ignore
	// patterns are those of the sources that the jail reads.
	patterns []string
	runners  []*runner

	mu     sync.Mutex
	filter *filter.Filter
	taps   map[string]*tap
	// enforced has the targets that the kernel was seen to hold.
	enforced map[string]bool
}

// tap returns the place where the jail meets a source.
func (c *cell) tap(source string) *tap {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.taps[source]
	if t == nil {
		t = &tap{matcher: c.filter.NewMatcher()}
		c.taps[source] = t
	}
	return t
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

// reads says whether one of a source's patterns is the jail's.
func (c *cell) reads(patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return slices.Contains(c.patterns, p) })
}

// enforce tells the actions of new bans.
func (c *cell) enforce(bans []jail.Ban) {
	for _, r := range c.runners {
		r.Ban(bans)
	}
}

// release tells the actions of bans that are over.
func (c *cell) release(bans []jail.Ban) {
	c.mu.Lock()
	for _, b := range bans {
		delete(c.enforced, b.Target())
	}
	c.mu.Unlock()
	for _, r := range c.runners {
		r.Unban(bans)
	}
}

// sync waits until the actions have done what they were told.
func (c *cell) sync(ctx context.Context) error {
	for _, r := range c.runners {
		if err := r.Sync(ctx); err != nil {
			return err
		}
	}
	return nil
}

// markEnforced notes what the firewall has taken.
func (c *cell) markEnforced(bans []jail.Ban) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range bans {
		c.enforced[b.Target()] = true
	}
}

func (c *cell) forgetEnforced() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.enforced)
}

func (c *cell) isEnforced(b jail.Ban) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.enforced[b.Target()]
}

// sources returns the figures of all taps by source.
func (c *cell) sources() map[string]*tap {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.taps)
}
