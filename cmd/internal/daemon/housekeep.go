package daemon

import (
	"context"
	"errors"
	"time"

	"gaol/jail/store"
)

// housekeepEvery is how often ended bans are told and problems looked for. The
// kernel lets go by itself to the second; this only follows.
const housekeepEvery = 500 * time.Millisecond

// cleanEvery is how often old history and what is kept of silent sources is dropped.
const cleanEvery = time.Hour

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

// purge forgets what is older than history is kept, in memory and in the store.
func (d *Daemon) purge(ctx context.Context, now time.Time) {
	d.mu.Lock()
	age := d.purgeAge
	for _, c := range d.cells {
		c.jail.ForgetEarlier(now.Add(-age))
	}
	d.mu.Unlock()
	if d.store == nil {
		return
	}
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
