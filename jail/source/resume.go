package source

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gaol/filter"
)

// This file decides where a file begins that is opened for the first time in
// this Run.

// takePositions takes the stored positions that belong to path or to the file it
// leads to.
func (l *looker) takePositions(path string, id fileID) []filter.Position {
	var taken []filter.Position
	l.positions = slices.DeleteFunc(l.positions, func(p filter.Position) bool {
		belongs := p.Path == path || id.inode != 0 && p.Device == id.device && p.Inode == id.inode
		if belongs {
			taken = append(taken, p)
		}
		return belongs
	})
	return taken
}

// begin starts a file that was there before its pattern was, and of which
// nothing is stored.
func (l *looker) begin(t *trail, f opened) {
	offset, err := lastLineEnd(f.file, f.stat.size)
	for _, p := range t.own {
		if err == nil && p.From == FromTime && p.Date != nil {
			var from int64
			from, err = firstSince(f.file, f.stat.size, l.opts.Now().Add(-p.FindTime), p.Date)
			offset = min(offset, from)
		}
	}
	r := reader{file: f.file}
	print, printErr := r.grow(nil, offset)
	if err != nil || printErr != nil {
		// What it is will show when it is read.
		t.logger.Warn("log cannot be searched, reading it from its beginning", "err", err)
		l.start(t, f, beginning{catchUp: true})
		return
	}
	l.start(t, f, beginning{offset: offset, print: print, catchUp: offset < f.stat.size})
}

// resumption is the work of going on where the store says.
type resumption struct {
	l *looker
	t *trail
	// siblings lists the rotated files, as they are at its first call: mostly
	// it is not needed. Logs that are numbered may have moved on while nothing ran, so
	// those with another number are among them.
	siblings func() []sibling
	files    []resumed
	// postponed says that a file could not be opened for now.
	postponed bool
}

// resumed is a file with where to begin.
type resumed struct {
	opened
	beginning
}

// resume goes on where stored says, in rotated files first, and ends with
// newest, which is nil if the path leads to no file at present.
func (l *looker) resume(t *trail, newest *opened, real string, stored []filter.Position) {
	r := &resumption{l: l, t: t}
	r.siblings = sync.OnceValue(func() []sibling { return views{}.beside(t, real, true, true) })
	isOpen := false
	for _, p := range stored {
		if newest != nil && p.Device == newest.stat.id.device && p.Inode == newest.stat.id.inode {
			isOpen = true
			r.resumeNewest(*newest, p)
			continue
		}
		r.resumeRotated(p)
	}
	r.warnOfLoss(stored)
	if !isOpen {
		r.addNewer(newest)
	}
	slices.SortStableFunc(r.files, func(a, b resumed) int { return compareAge(a.sibling, b.sibling) })
	for _, f := range r.files {
		l.start(t, f.opened, f.beginning)
	}
	if newest == nil {
		t.setKnown(r.known(real))
	}
}

// known are the rotated files that need not be looked at any more: not those that were rotated
// while this was decided.
func (r *resumption) known(real string) map[fileID]bool {
	seen := ids(r.siblings())
	known := ids(views{}.rotated(r.t, real))
	maps.DeleteFunc(known, func(id fileID, _ bool) bool { return !seen[id] })
	return known
}

// resumeNewest goes on in the file that the path leads to.
func (r *resumption) resumeNewest(f opened, p filter.Position) {
	if b, ok := r.place(f, p); ok {
		r.files = append(r.files, resumed{f, b})
		return
	}
	r.t.logger.Info("log was truncated since it was read last, reading it from its beginning",
		"offset", p.Offset, "size", f.stat.size)
	if copied, ok := r.l.findCopy(p, r.siblings()); ok {
		// A copy is younger than the log, but what it holds is older.
		r.l.start(r.t, copied, beginning{offset: p.Offset, print: printOf(p), catchUp: true, seenEnd: p.Seen})
	}
	if p.Path != r.t.path {
		r.t.done(p)
	}
	r.files = append(r.files, resumed{f, beginning{catchUp: true}})
}

// resumeRotated goes on in a rotated file, if it is still there.
func (r *resumption) resumeRotated(p filter.Position) {
	i := slices.IndexFunc(r.siblings(), func(s sibling) bool {
		return s.stat.id.device == p.Device && s.stat.id.inode == p.Inode
	})
	if i < 0 {
		r.t.done(p)
		return
	}
	f := r.l.openSibling(nil, r.siblings()[i])
	if f == nil {
		// It is there; perhaps it can be read another time.
		r.postponed = true
		r.l.positions = append(r.l.positions, p)
		return
	}
	b, ok := r.place(f[0], p)
	if !ok {
		f[0].file.Close()
		r.t.done(p)
		return
	}
	r.files = append(r.files, resumed{f[0], b})
}

// place is where p says to begin in f, if f is the file that p was stored of.
func (r *resumption) place(f opened, p filter.Position) (beginning, bool) {
	ok, err := matches(p, f.file, f.stat)
	if err != nil || !ok {
		return beginning{}, false
	}
	sameName := p.Path == r.t.path
	if !sameName {
		r.t.done(p)
	}
	return beginning{offset: p.Offset, print: printOf(p), catchUp: true, seenEnd: p.Seen, stored: sameName}, true
}

// addNewer adds the files that were rotated after the newest one of which a
// position is stored, and that where the path leads, nil for none. Of files from within one tick of
// the clock nobody knows the order: of those, too, what is not stored has not been read. A copy that
// copytruncate made of an older state was changed last before that one was.
func (r *resumption) addNewer(newest *opened) {
	isOpen := map[fileID]bool{}
	for _, f := range r.files {
		isOpen[f.stat.id] = true
	}
	if newest != nil {
		isOpen[newest.stat.id] = true // and may have been rotated since
	}
	if len(r.files) > 0 {
		last := slices.MaxFunc(r.files, func(a, b resumed) int { return compareAge(a.sibling, b.sibling) })
		for _, s := range r.siblings() {
			age := compareBirth(s, last.sibling)
			if isOpen[s.stat.id] || age < 0 || age > 0 && s.stat.modified.Before(last.stat.modified) {
				continue
			}
			for _, f := range r.l.openSibling(nil, s) {
				r.files = append(r.files, resumed{f, beginning{catchUp: true}})
			}
		}
	}
	if newest != nil {
		r.files = append(r.files, resumed{*newest, beginning{catchUp: true}})
	}
}

// warnOfLoss says so if the file that was read last is not there any more.
func (r *resumption) warnOfLoss(stored []filter.Position) {
	if len(r.files) > 0 || r.postponed {
		return
	}
	what := "the file that was read last is gone"
	if isCompressed(r.t.real) {
		what = "the file that was read last has been compressed"
	}
	r.t.setLoss(fmt.Sprintf("%s: what was written to it after byte %d has not been seen",
		what, stored[len(stored)-1].Offset))
}

// isCompressed says that beside real is what rotation and compression made of it.
func isCompressed(real string) bool {
	names, err := os.ReadDir(filepath.Dir(real))
	if err != nil {
		return false
	}
	r := rotationOf(filepath.Base(real), true)
	return slices.ContainsFunc(names, func(d os.DirEntry) bool {
		name := d.Name()
		plain := strings.TrimSuffix(name, filepath.Ext(name))
		return compressed(name) && r.made(dirEntry{name: plain, shape: shapeOf(plain)})
	})
}

// minCopyPrint is the fingerprint that is enough to know a copy by: that of a
// dated line.
const minCopyPrint = 32

// findCopy finds the copy that copytruncate made of a log before truncating it.
// It holds what had not been read by then.
func (l *looker) findCopy(p filter.Position, siblings []sibling) (opened, bool) {
	if p.FingerprintSize < minCopyPrint {
		return opened{}, false
	}
	for _, s := range siblings {
		if s.stat.size <= p.Offset {
			continue
		}
		for _, f := range l.openSibling(nil, s) {
			if ok, err := printOf(p).holds(f.file); err == nil && ok {
				return f, true
			}
			f.file.Close()
		}
	}
	return opened{}, false
}

func printOf(p filter.Position) fingerprint {
	return fingerprint{sum: p.Fingerprint, size: p.FingerprintSize}
}

// isOld says of a file that appears whether it was written before: it was moved
// here, or its directory could not be seen. The limit allows for clocks that
// do not agree.
func (l *looker) isOld(st fileStat) bool {
	began := st.modified
	if st.id.born != 0 {
		began = time.Unix(0, st.id.born)
	}
	return l.opts.Now().Sub(began) > lateAfter
}
