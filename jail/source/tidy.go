package source

import "path/filepath"

// This file takes leave of files.

// ending says how a file is let go.
type ending int

const (
	// abandoned: no pattern leads to it any more. It is resumed if one does.
	abandoned ending = iota + 1
	// retained: it is finished, but a path still leads to it.
	retained
	// finished: its position is not needed any more.
	finished
)

// tidy takes leave of what is not needed any more.
func (l *looker) tidy(paths found) {
	for id, last := range l.sighted {
		if l.looks-last > lately {
			delete(l.sighted, id)
		}
	}
	for id, g := range l.held {
		if g.ended() {
			delete(l.held, id)
			g.trail.remove(g)
			switch g.ending {
			case abandoned:
				l.positions = append(l.positions, g.lastPosition())
			case retained:
				l.finished[id] = g.lastPosition()
			}
			continue
		}
		if how := l.endingOf(g, len(paths[g.trail.path]) > 0); how != 0 {
			g.letGo(how)
		}
	}
	l.tidyFinished()
	for _, t := range l.files.eachTrail() {
		if len(paths[t.path]) == 0 && t.current() == nil {
			l.files.dropTrail(t)
		}
	}
}

// endingOf says how g is to be let go, 0 if it is not. found says that a pattern
// leads to its path.
func (l *looker) endingOf(g *generation, found bool) ending {
	if !found && !l.isMatched(g.trail.path) {
		return abandoned
	}
	over := g.superseded.Load() || g.unlinked() || !found
	since, idle := g.idleSince()
	if !over || !idle || l.opts.Now().Sub(since) < l.opts.Quiet {
		return 0
	}
	switch l.sight(g.id) {
	case seenNow:
		return retained
	case seenLately:
		return 0
	}
	// The oldest first: after a crash, what is newer than all that is stored is taken for
	// unread (see addNewer).
	if g.trail.oldest() != g {
		return 0
	}
	return finished
}

// sighting says whether a pattern leads to a file.
type sighting int

const (
	notSeen sighting = iota
	// seenLately: not in this look, but it may just be on its way from one
	// matching name to another.
	seenLately
	seenNow
)

// lately is so many looks.
const lately = 3

// sight says whether a pattern leads to a file.
func (l *looker) sight(id fileID) sighting {
	last, ok := l.sighted[id]
	switch {
	case !ok:
		return notSeen
	case last == l.looks:
		return seenNow
	}
	return seenLately
}

// isMatched says whether a pattern would lead to path if there were a file.
func (l *looker) isMatched(path string) bool {
	patterns, _ := l.files.currentPatterns()
	for _, p := range patterns {
		if ok, err := filepath.Match(p.Glob, path); err == nil && ok || filepath.Clean(p.Glob) == path {
			return true
		}
	}
	return false
}

// tidyFinished reports the positions of finished files to which no path leads any
// more.
func (l *looker) tidyFinished() {
	for id, position := range l.finished {
		if l.sight(id) != notSeen {
			continue
		}
		for _, t := range l.files.eachTrail() {
			if t.current() != nil {
				t.done(position)
				delete(l.finished, id)
				break
			}
		}
	}
}
