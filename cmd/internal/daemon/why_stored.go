package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// WhyStored is [Daemon.Why] for when no daemon runs: it reads the store that conf names, changes nothing,
// and says what the jails of conf would have against the address if they began now. What the kernel holds
// is not known. A store that is not there yet is no error.
func WhyStored(ctx context.Context, conf *config.Config, address string, now time.Time) (control.Why, error) {
	q, err := newQuestion(address, now)
	if err != nil {
		return control.Why{}, err
	}
	r, err := store.OpenReadOnly(conf.Store.Path)
	if errors.Is(err, fs.ErrNotExist) {
		q.problem("there is no store %s: nothing was ever kept", conf.Store.Path)
	} else if err != nil {
		return control.Why{}, err
	}
	cells := q.cellsOf(ctx, conf)
	if r != nil {
		defer r.Close()
		if err := restoreStored(ctx, r, cells, now); err != nil {
			return control.Why{}, fmt.Errorf("reading the store %s: %w", conf.Store.Path, err)
		}
		q.recall(ctx, r)
	}
	for _, c := range cells {
		q.askLocked(c)
	}
	q.conclude()
	return q.why, nil
}

// cellsOf makes the jails of conf as they begin.
func (q *question) cellsOf(ctx context.Context, conf *config.Config) []*cell {
	var cells []*cell
	for _, j := range conf.Jails {
		if !j.Enabled || len(j.Problems) > 0 {
			continue
		}
		ignore := IgnoreList(j)
		asking, cancel := context.WithTimeout(ctx, ignoreWait)
		for _, err := range ignore.RefreshAnswers(asking, q.now) {
			q.problem("jail %s: %v", j.Name, err)
		}
		cancel()
		c, err := newCell(j, ignore, nil)
		if err != nil {
			q.problem("jail %s: %v", j.Name, err)
			continue
		}
		cells = append(cells, c)
	}
	return cells
}

// restoreStored gives jails what the store has of them.
func restoreStored(ctx context.Context, r *store.Reader, cells []*cell, now time.Time) error {
	state, err := r.Load(ctx, now)
	if err != nil {
		return err
	}
	jails, findtimes := map[string]*cell{}, map[string]time.Duration{}
	for _, c := range cells {
		c.jail.Restore(state.Bans, nil, now)
		c.restorePast(&state, now)
		jails[c.name], findtimes[c.name] = c, c.conf.FindTime
	}
	return r.Counted(ctx, findtimes, func(c jail.Counted) { jails[c.Jail].jail.RestoreFailure(c, now) })
}
