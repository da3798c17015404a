package daemon

import (
	"cmp"
	"slices"
	"time"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

// bansName is the source of a jail that counts the bans of others, instead of lines of a log.
const bansName = "bans"

// heard says how many bans such a jail has heard of, and when the last one was.
type heard struct {
	bans int64
	last time.Time
}

// relapseLocked hands a ban to the jails that count those of others. It takes the place of a source and a filter,
// which have nothing to find here; what the ban leads to is stored with it, as what a line leads to is with
// the line's position.
//
// Bans of a jail that itself counts bans are left out, and those that nobody enforces, unless
// the counting jail only watches as well.
func (e *engine) relapseLocked(from *cell, b jail.Ban, cause filter.Failure, changes *store.Changes) {
	counting := e.countingLocked()
	if from.conf.Bans || len(counting) == 0 {
		return
	}
	f, ok := b.Relapse(cause.Read, cause.CatchUp)
	if !ok {
		return
	}
	for _, c := range counting {
		if from.conf.Enforce || !c.conf.Enforce {
			c.heard.bans++
			c.heard.last = cause.Read
			e.observeLocked(c, []sighting{{Failure: f}}, changes)
		}
	}
}

// countingLocked are the jails that count bans, by name.
func (e *engine) countingLocked() (cells []*cell) {
	for _, c := range e.cells {
		if c.conf.Bans {
			cells = append(cells, c)
		}
	}
	slices.SortFunc(cells, func(a, b *cell) int { return cmp.Compare(a.name, b.name) })
	return cells
}
