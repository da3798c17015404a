package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"gaol/jail"
	"gaol/jail/store"
)

// housekeepEvery is how often ended bans are told and problems looked for. The
// kernel lets go by itself to the second; this only follows.
const housekeepEvery = 500 * time.Millisecond

// cleanEvery is how often old history and what is kept of silent sources is dropped.
const cleanEvery = time.Hour

// refreshEvery is how often files and names of ignoreip are looked at again.
const refreshEvery = 2 * time.Second

// housekeep does what comes with time: ends bans, looks for problems, forgets what is old.
func (d *Daemon) housekeep(ctx context.Context) error {
	ticker := time.NewTicker(housekeepEvery)
	defer ticker.Stop()
	// Soon after the start, as there are machines that don't run for long.
	cleaned := d.started.Add(time.Minute - cleanEvery)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := d.opts.Now()
		d.expire(now)
		d.watchProblems()
		if now.Sub(cleaned) >= cleanEvery {
			cleaned = now
			d.forgetSources(now.Add(-cleanEvery))
			d.purge(ctx, now)
		}
	}
}

func (d *Daemon) purge(ctx context.Context, now time.Time) {
	if d.store == nil {
		return
	}
	d.mu.Lock()
	age := d.purgeAge
	d.mu.Unlock()
	err := d.store.Purge(ctx, now.Add(-age))
	text := ""
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, store.ErrBegunAnew):
		d.writer.add(d.inForce())
		text = err.Error()
	case err != nil:
		text = err.Error()
	}
	d.problems.set("", "purge", text)
}

// keepIgnore keeps up with files and names of ignoreip, and lifts the bans of those who are ignored
// by now. Name servers may be slow, so it has a goroutine to itself.
func (d *Daemon) keepIgnore(ctx context.Context) error {
	ticker := time.NewTicker(refreshEvery)
	defer ticker.Stop()
	for {
		d.refreshIgnore(ctx)
		d.pardon(d.opts.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// refreshIgnore brings all lists up to date, all at a time.
func (d *Daemon) refreshIgnore(ctx context.Context) {
	d.mu.Lock()
	lists := map[*cell]*jail.Ignore{}
	for _, c := range d.cells {
		lists[c] = c.ignore
	}
	d.mu.Unlock()
	now := d.opts.Now()
	var all sync.WaitGroup
	for c, ignore := range lists {
		all.Go(func() {
			texts := map[string]string{}
			for _, err := range ignore.Refresh(ctx, now) {
				texts[err.Error()] = err.Error()
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if ctx.Err() == nil && d.cells[c.name] == c && c.ignore == ignore {
				d.problems.replace(c.name, "ignore", texts)
			}
		})
	}
	all.Wait()
}
