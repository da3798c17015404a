package source

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gaol/filter"
)

// pollEvery is how often a file is looked at that inotify does not watch. What
// was written that long before a truncation is always read.
const pollEvery = 50 * time.Millisecond

// retryWatchEvery is how often inotify is tried again when it could not be had.
const retryWatchEvery = 5 * time.Second

// looker finds files and gives each a generation. It is the only one that opens
// files, and it never waits for a consumer: a new file is held on to as soon
// as it appears, however far behind its reading is.
type looker struct {
	files   *Files
	opts    FilesOptions
	group   *errgroup.Group
	ctx     context.Context // of the group, for the generations
	emit    Emit
	buffers *sync.Pool

	// positions are those to resume at.
	positions []filter.Position
	// held are the files that are being followed, launch those among them that begin at the end
	// of this look.
	held   map[fileID]*generation
	launch []*generation
	// finished are rotated files that were let go but still have a matching
	// path, with where they ended.
	finished map[fileID]filter.Position
	// looks counts; sighted is the last look in which a file had a matching path.
	looks   int
	sighted map[fileID]int
	// looked are the globs that have been looked at before.
	looked map[string]bool

	gate     *gate
	dirs     *dirWatch // nil: inotify cannot be had
	dirTimes map[string]time.Time
	tried    time.Time // when inotify was tried last
}

func newLooker(f *Files, group *errgroup.Group, ctx context.Context, emit Emit) *looker {
	size := f.opts.MaxLine + readBlock
	return &looker{
		files: f,
		opts:  f.opts,
		group: group,
		ctx:   ctx,
		emit:  emit,
		buffers: &sync.Pool{New: func() any {
			buf := make([]byte, size)
			return &buf
		}},
		gate:      &gate{probe: f.opts.Inotify},
		positions: slices.Clone(f.opts.Positions),
		held:      map[fileID]*generation{},
		finished:  map[fileID]filter.Position{},
		sighted:   map[fileID]int{},
		looked:    map[string]bool{},
		dirTimes:  map[string]time.Time{},
	}
}

// run looks again whenever there is reason to, until the context ends.
func (l *looker) run() error {
	defer func() {
		if l.dirs != nil {
			l.dirs.close()
		}
	}()
	rescan := time.NewTicker(l.opts.Rescan)
	defer rescan.Stop()
	poll := time.NewTicker(pollEvery)
	poll.Stop()
	all := true
	for {
		start := time.Now() // only to see how long it takes
		l.tryInotify()
		polled := l.look(all)
		if polled {
			poll.Reset(pollEvery)
		} else {
			poll.Stop()
		}
		var ok bool
		if all, ok = l.wait(rescan.C, poll.C, start); !ok {
			return nil
		}
	}
}

// longestPause is how long a change in a directory may wait for its look.
const longestPause = 100 * time.Millisecond

// wait returns when it is time to look: at all directories, or at those that
// seem to have changed. Where something happens all the time, looks take a
// tenth of the time, or more if one takes longer than 10 ms.
func (l *looker) wait(rescan, poll <-chan time.Time, start time.Time) (all, ok bool) {
	var changed chan struct{}
	if l.dirs != nil {
		changed = l.dirs.changed
	}
	took := time.Since(start)
	for {
		select {
		case <-l.ctx.Done():
			return false, false
		case <-l.files.changed:
			return true, true
		case <-changed:
			pause := time.NewTimer(min(10*took, longestPause) - (time.Since(start) - took))
			defer pause.Stop()
			select {
			case <-pause.C:
			case <-l.files.changed:
			case <-l.ctx.Done():
				return false, false
			}
			return true, true
		case <-rescan:
			return l.dirs == nil, true
		case <-poll:
			for _, g := range l.held {
				g.poke(true)
			}
		}
	}
}

// tryInotify gets the watch of directories, and asks polled files to try again.
func (l *looker) tryInotify() {
	if l.dirs != nil && !l.anyWatchable() {
		return
	}
	now := l.opts.Now()
	if !l.tried.IsZero() && now.Sub(l.tried) < retryWatchEvery {
		return
	}
	l.tried = now
	if l.dirs == nil && !l.newDirs() {
		return
	}
	for _, g := range l.held {
		if g.watchable() {
			g.retryWatch.Store(true)
			g.nudge()
		}
	}
}

// newDirs gets the watch of directories, or shows why not.
func (l *looker) newDirs() bool {
	err := l.gate.check()
	if err == nil {
		l.dirs, err = newDirWatch()
	}
	if err != nil {
		l.files.setProblem(fmt.Sprintf("looking for new files every %v: %v", l.opts.Rescan, err))
		return false
	}
	l.files.setProblem("")
	return true
}

// anyWatchable says whether a file is polled that might be watched.
func (l *looker) anyWatchable() bool {
	for _, g := range l.held {
		if g.watchable() {
			return true
		}
	}
	return false
}

// look looks at all paths, and in directories for what was rotated: in all of
// them, or only in those that have changed. It says whether a file is polled.
func (l *looker) look(all bool) (polled bool) {
	patterns, change := l.files.currentPatterns()
	unwatched := l.watchDirs(patterns)
	paths, troubles := expand(patterns)
	l.looks++
	s := &sight{all: all, views: views{}, times: l.dirTimes, same: map[string]bool{}}
	for _, path := range sortedPaths(paths) {
		if l.ctx.Err() != nil {
			break
		}
		l.visit(l.trail(path, paths[path]), s)
	}
	for _, p := range patterns {
		l.looked[p.Glob] = true
	}
	l.sharePatterns(paths)
	l.launchAll()
	l.tellUnwatched(unwatched, patterns, paths, troubles)
	l.files.setTroubles(troubles)
	l.tidy(paths)
	var announced []<-chan struct{}
	for _, g := range l.held {
		g.poke(false)
		polled = polled || g.isPolled()
		if g.after == nil {
			announced = append(announced, g.announced)
		}
	}
	l.files.setLooked(change, announced)
	return polled
}

// launchAll lets the new generations run. Not before all paths have been visited: only then it is
// known which patterns lead to a file, and what it reads is for their jails alone.
func (l *looker) launchAll() {
	for _, g := range l.launch {
		g.logger.Debug("following", "offset", g.position.Offset)
		l.group.Go(func() error { return g.follow(l.ctx, l.emit) })
	}
	l.launch = nil
}

// trail is path's, with what is known about its patterns.
func (l *looker) trail(path string, patterns []Pattern) *trail {
	t, isNew := l.files.trailOf(path)
	t.own = patterns
	t.literal = slices.ContainsFunc(patterns, Pattern.literal)
	if isNew {
		t.fresh = !slices.ContainsFunc(patterns, func(p Pattern) bool { return l.looked[p.Glob] })
	}
	return t
}

// sight is what one look sees of directories.
type sight struct {
	// all says that every directory counts as changed.
	all   bool
	views views
	times map[string]time.Time
	same  map[string]bool
}

// changed says whether dir has got, lost or renamed an entry since the look
// before.
func (s *sight) changed(dir string) bool {
	if s.all {
		return true
	}
	same, ok := s.same[dir]
	if !ok {
		st, err := statPath(dir)
		same = err == nil && st.modified.Equal(s.times[dir])
		s.times[dir] = st.modified
		s.same[dir] = same
	}
	return !same
}

// sharePatterns gives each trail the patterns of the paths that lead to its file.
func (l *looker) sharePatterns(paths found) {
	globs := map[*trail][]string{}
	for path := range paths {
		t, _ := l.files.trailOf(path)
		to := t
		if t.alias != nil {
			to = t.alias
			if t.current() == nil {
				globs[t] = nil
			}
		}
		for _, p := range t.own {
			globs[to] = append(globs[to], p.Glob)
		}
	}
	for t, g := range globs {
		t.setPatterns(g)
	}
}
