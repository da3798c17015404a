package source

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// sortedPaths are the paths of found in order.
func sortedPaths(paths found) []string { return slices.Sorted(maps.Keys(paths)) }

// visit looks where a path leads by now.
func (l *looker) visit(t *trail, s *sight) {
	// The order matters: if the path still leads to the same file after the
	// listing, then all that was listed had been rotated before that file.
	var before map[fileID]bool
	if s.changed(filepath.Dir(t.real)) {
		before = ids(s.views.siblings(t.real, t.linked(t.real)))
	}
	st, err := statPath(t.path)
	current := t.current()
	t.alias = nil
	switch {
	case err != nil:
		l.absent(t, err, before)
		return
	case !st.regular():
		if t.literal {
			t.setProblem(explain(&fs.PathError{Op: "open", Path: t.path, Err: errNotRegular}))
		}
		return
	}
	l.sighted[st.id] = l.looks
	holder, isHeld := l.held[st.id]
	ended, isFinished := l.finished[st.id]
	switch {
	case current != nil && current.id == st.id:
		if before != nil {
			t.setKnown(before)
		}
		t.setProblem("")
		l.recoverCopy(t, current)
	case isHeld:
		if holder.trail != t && holder.trail.current() == holder {
			t.alias = holder.trail
		}
		t.leave(current)
	case isFinished && st.size <= ended.Offset:
		t.leave(current)
	case isFinished:
		l.positions = append(l.positions, ended)
		delete(l.finished, st.id)
		l.open(t, s)
	default:
		l.open(t, s)
	}
}

// absent notes that a path leads to no file that can be followed. before are the
// rotated files beside it, nil: not looked.
func (l *looker) absent(t *trail, err error, before map[fileID]bool) {
	if !errors.Is(err, fs.ErrNotExist) {
		t.setProblem(explain(err))
		return
	}
	t.fresh = false
	if stored := l.takePositions(t.path, fileID{}); len(stored) > 0 {
		l.resume(t, nil, t.real, stored)
	}
	if before != nil && t.current() == nil {
		t.setKnown(before)
	}
	problem := noFile
	if st, err := lstatPath(t.path); err == nil && st.link() {
		problem = "the symbolic link leads to no file"
	}
	t.setProblem(problem)
}

// open opens the file that a path leads to, and what was rotated since the one
// before.
func (l *looker) open(t *trail, s *sight) {
	real, err := filepath.EvalSymlinks(t.path)
	if err != nil {
		real = t.path
	}
	// As in visit, what is listed before the opening is older than the file.
	older := s.views.rotated(t, real)
	file, st, err := openRegular(t.path)
	if err != nil {
		// Not being there is for the next look.
		if !errors.Is(err, fs.ErrNotExist) {
			t.setProblem(explain(err))
		}
		return
	}
	if l.held[st.id] != nil {
		file.Close() // the path has changed again
		return
	}
	l.sighted[st.id] = l.looks
	newest := opened{file, sibling{t.path, st}}
	stored := l.takePositions(t.path, st.id)
	switch {
	case len(stored) > 0:
		l.resume(t, &newest, real, stored)
	case t.fresh:
		l.begin(t, newest)
	default:
		l.follow(t, newest, real, older)
	}
	t.fresh = false
	t.real = real
	t.setKnown(ids(older))
	t.setProblem("")
}

// opened is an open file with what is known about it.
type opened struct {
	file *os.File
	sibling
}

// rotated lists the rotated files where a path led and leads. Only for a link are those with
// another number among them: of some thousand logs that are numbered or dated themselves, each
// would have all others, which is more than memory holds.
func (v views) rotated(t *trail, real string) []sibling {
	return v.beside(t, real, t.linked(t.real), t.linked(real))
}

// beside is rotated, with whether another number counts where the path led and where it leads.
func (v views) beside(t *trail, real string, ledNumbered, numbered bool) []sibling {
	all := v.siblings(t.real, ledNumbered)
	if real == t.real {
		return all
	}
	seen := ids(all)
	for _, s := range v.siblings(real, numbered) {
		if !seen[s.stat.id] {
			all = append(all, s)
		}
	}
	return all
}

// follow goes on from the trail's present file to newest, by way of all that was
// rotated in between. older was listed before newest was opened.
func (l *looker) follow(t *trail, newest opened, real string, older []sibling) {
	files := []opened{newest}
	if t.known != nil {
		files = l.openUnread(t, files, real, older)
	}
	slices.SortStableFunc(files, func(a, b opened) int { return compareAge(a.sibling, b.sibling) })
	for _, f := range files {
		l.start(t, f, beginning{catchUp: l.isOld(f.stat)})
	}
}

// openTries is how often the names of rotated files are looked up again because
// they were renamed just before the opening.
const openTries = 10

// openUnread adds the rotated files that are neither known nor followed. What
// cannot be opened is left to the next time the path changes.
func (l *looker) openUnread(t *trail, files []opened, real string, older []sibling) []opened {
	isOpen := map[fileID]bool{files[0].stat.id: true}
	isUnread := func(s sibling) bool {
		_, isFinished := l.finished[s.stat.id]
		return !t.known[s.stat.id] && !isOpen[s.stat.id] && !isFinished && l.held[s.stat.id] == nil
	}
	var list []sibling
	for range openTries {
		// Not what the look has seen: things have happened since.
		list = views{}.rotated(t, real)
		for _, s := range list {
			if isUnread(s) {
				before := len(files)
				files = l.openSibling(files, s)
				isOpen[s.stat.id] = len(files) > before
			}
		}
		if !slices.ContainsFunc(list, isUnread) {
			break
		}
	}
	t.unread = map[fileID]bool{}
	for _, s := range slices.Concat(older, list) {
		if isUnread(s) {
			t.unread[s.stat.id] = true
		}
	}
	return files
}

// openSibling opens a rotated file unless it is followed, or was.
func (l *looker) openSibling(files []opened, s sibling) []opened {
	if _, isFinished := l.finished[s.stat.id]; isFinished || l.held[s.stat.id] != nil {
		return files
	}
	file, st, err := openRegular(s.path)
	switch {
	case err != nil:
		l.opts.Logger.Warn("rotated file cannot be read", "path", s.path, "problem", explain(err))
		return files
	case st.id != s.stat.id:
		file.Close()
		return files
	}
	return append(files, opened{file, s})
}

// beginning says where to begin to read a file.
type beginning struct {
	offset  int64
	print   fingerprint
	catchUp bool
	// seenEnd is, with catchUp, when the file was seen to end at offset; zero: not known.
	seenEnd time.Time
	// stored says that the position is in the store already.
	stored bool
}

// start follows a file from now on, as the newest of its trail.
func (l *looker) start(t *trail, f opened, b beginning) {
	g := l.generation(t, f, b)
	if before := t.current(); before != nil {
		g.after = before.drained
		before.supersede()
	}
	t.add(g)
}

// generation makes the follower of a file, which runs from the end of this look on.
func (l *looker) generation(t *trail, f opened, b beginning) *generation {
	g := &generation{
		trail:     t,
		id:        f.stat.id,
		logger:    t.logger.With("inode", f.stat.id.inode),
		now:       l.opts.Now,
		buffers:   l.buffers,
		gate:      l.gate,
		truncated: l.files.wake,
		announce:  !b.stored,
		drained:   make(chan struct{}),
		announced: make(chan struct{}),
		wake:      make(chan struct{}, 1),
		finish:    make(chan struct{}),
		reader:    reader{file: f.file, maxLine: l.opts.MaxLine, offset: b.offset, print: b.print},
		catchUp:   b.catchUp,
		seenEnd:   b.seenEnd,
		file:      f.file,
		seen:      b.offset,
		problems:  map[problemKind]string{},
	}
	if !b.catchUp {
		g.seenEnd = l.opts.Now()
	}
	g.position = g.place()
	if b.stored {
		g.reported = g.position.Seen
	}
	l.held[g.id] = g
	l.launch = append(l.launch, g)
	return g
}

// recoverCopy looks for the copies of a log that has been truncated: with
// copytruncate they hold what had not been read by then.
func (l *looker) recoverCopy(t *trail, g *generation) {
	for _, p := range g.takeTruncations() {
		f, ok := l.findCopy(p, views{}.rotated(t, t.real))
		if !ok {
			continue
		}
		t.logger.Info("reading the rest of a truncated log from its copy", "path", f.path, "offset", p.Offset)
		copied := l.generation(t, f, beginning{offset: p.Offset, print: printOf(p)})
		copied.superseded.Store(true)
		t.insert(copied)
	}
}
