package daemon

import (
	"cmp"
	"maps"
	"slices"

	"gaol/filter"
)

// latest are positions of which each counts as written last. The zero value has none.
type latest struct {
	count  int
	places map[place]numbered
}

// place is what tells positions apart.
type place struct {
	path          string
	device, inode uint64
}

// numbered is a position with the order in which it was written.
type numbered struct {
	filter.Position
	number int
}

func placeOf(p filter.Position) place { return place{p.Path, p.Device, p.Inode} }

func (l *latest) add(positions []filter.Position) {
	for _, p := range positions {
		if p.Path == "" {
			continue
		}
		if l.places == nil {
			l.places = map[place]numbered{}
		}
		l.count++
		l.places[placeOf(p)] = numbered{p, l.count}
	}
}

// remove drops positions that are not needed any more.
func (l *latest) remove(done []filter.Position) {
	for _, p := range done {
		delete(l.places, placeOf(p))
	}
}

// all returns the positions in the order in which they were written.
func (l *latest) all() []filter.Position {
	var all []filter.Position
	for _, n := range slices.SortedFunc(maps.Values(l.places), func(a, b numbered) int { return cmp.Compare(a.number, b.number) }) {
		all = append(all, n.Position)
	}
	return all
}

// of returns the position of path that was written last, nil if there is none.
func (l *latest) of(path string) *filter.Position {
	var last *numbered
	for at, n := range l.places {
		if at.path == path && (last == nil || n.number > last.number) {
			last = &n
		}
	}
	if last == nil {
		return nil
	}
	return &last.Position
}
