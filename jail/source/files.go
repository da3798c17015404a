package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gaol/filter"
)

// FilesOptions configure NewFiles.
type FilesOptions struct {
	// Patterns may be none, and changed later by SetPatterns.
	Patterns []Pattern
	// Positions are what the store holds; positions of paths that no pattern
	// leads to are left alone.
	Positions []filter.Position
	// MaxLine is the number of bytes after which a line is cut; 0: [filter.MaxLine].
	MaxLine int
	// Logger is required.
	Logger *slog.Logger
	// Now is the daemon's clock; required.
	Now func() time.Time
	// Rescan is how often globs are expanded and paths looked at besides
	// the notifications of the kernel; 0: 1 s.
	Rescan time.Duration
	// Quiet is how long a rotated file must have been silent before it is
	// let go, and a deleted one before it is closed; 0: 60 s.
	Quiet time.Duration
	// Inotify says whether inotify can be had; nil asks the kernel. With an
	// error, files are looked at every 50 ms instead.
	Inotify func() error
}

// readBlock is how much is read at once, besides room for a line. Every file
// that is being read at the moment needs about three times as much memory.
const readBlock = 64 << 10

// Files follows all files of all patterns, one follower a file however many
// patterns lead to it. Use NewFiles. There should be one Files in a
// process: two that follow the same file share its notifications, and one of
// them sees changes only when it looks.
type Files struct {
	opts FilesOptions
	// changed asks for a look; it holds one.
	changed chan struct{}

	mu       sync.Mutex
	patterns []Pattern
	// change counts the changes of patterns; looked is the change that was
	// looked at last, and waiting are those who wait for a later one.
	change, looked int
	waiting        []chan struct{}
	// announced are closed as the first positions of files have been emitted.
	announced []<-chan struct{}
	trails    map[string]*trail
	// troubles are the patterns that lead to no file, or to too many, or into a directory without
	// any that can't be watched, and why.
	troubles map[string]string
	// problem is one of all files.
	problem string
}

// NewFiles checks the options; Run begins to follow.
func NewFiles(opts FilesOptions) (*Files, error) {
	if opts.Logger == nil || opts.Now == nil {
		return nil, errors.New("following files: Logger and Now are required")
	}
	if opts.MaxLine < 0 || opts.Rescan < 0 || opts.Quiet < 0 {
		return nil, errors.New("following files: MaxLine, Rescan and Quiet must not be negative")
	}
	if err := checkPatterns(opts.Patterns); err != nil {
		return nil, err
	}
	if opts.MaxLine == 0 {
		opts.MaxLine = filter.MaxLine
	}
	if opts.Rescan == 0 {
		opts.Rescan = time.Second
	}
	if opts.Quiet == 0 {
		opts.Quiet = 60 * time.Second
	}
	if opts.Inotify == nil {
		opts.Inotify = probeInotify
	}
	return &Files{
		opts:     opts,
		change:   1,
		changed:  make(chan struct{}, 1),
		patterns: slices.Clone(opts.Patterns),
		trails:   map[string]*trail{},
	}, nil
}

// Run follows until ctx is cancelled, for which it returns nil, or until emit
// returns an error, which it returns. It may be called once. See Emit for who
// calls emit when.
func (f *Files) Run(ctx context.Context, emit Emit) error {
	group, groupCtx := errgroup.WithContext(ctx)
	l := newLooker(f, group, groupCtx, emit)
	group.Go(l.run)
	err := group.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// SetPatterns replaces the patterns, also while Run is running. A file that no
// pattern leads to any more is let go; its position is not reported as done, so
// that it is resumed if a pattern leads there again. With an error, the
// patterns stay as they are.
func (f *Files) SetPatterns(patterns []Pattern) error {
	if err := checkPatterns(patterns); err != nil {
		return err
	}
	f.mu.Lock()
	f.patterns = slices.Clone(patterns)
	f.change++
	f.mu.Unlock()
	f.wake()
	return nil
}

// Looked returns once the patterns, as they are now, have been looked at: every
// file that there is has been opened and its first position emitted, or has a problem. A
// line that is written from now on will be read, and once those positions are
// stored, also after a crash. It returns ctx's error if that ends before.
func (f *Files) Looked(ctx context.Context) error {
	for {
		f.mu.Lock()
		done := f.looked == f.change
		steps := f.announced
		if !done {
			next := make(chan struct{})
			f.waiting = append(f.waiting, next)
			steps = []<-chan struct{}{next}
		}
		f.mu.Unlock()
		for _, step := range steps {
			select {
			case <-step:
			case <-ctx.Done():
				return fmt.Errorf("waiting for the logs to be opened: %w", context.Cause(ctx))
			}
		}
		if done {
			return nil
		}
	}
}

// wake asks for a look at everything.
func (f *Files) wake() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// Status describes every file, and every pattern with a trouble of its own, in the order of
// their paths. It is safe at any time.
func (f *Files) Status() []Status {
	f.mu.Lock()
	trails := slices.Collect(maps.Values(f.trails))
	troubles := maps.Clone(f.troubles)
	problem := f.problem
	f.mu.Unlock()
	now := f.opts.Now()
	var all []Status
	for _, t := range trails {
		s := t.status(now, f.opts.MaxLine)
		if len(s.Patterns) == 0 {
			continue // another path of a file that is already there
		}
		s.Problem = joinProblems([]string{problem, s.Problem})
		all = append(all, s)
	}
	for glob, why := range troubles {
		all = append(all, Status{Path: glob, Patterns: []string{glob}, Problem: why})
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// currentPatterns are those to look for now, and which change they are.
func (f *Files) currentPatterns() (patterns []Pattern, change int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.patterns, f.change
}

// setLooked says which change has been looked at, and what is closed as the files that were found
// are announced.
func (f *Files) setLooked(change int, announced []<-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked, f.announced = change, announced
	for _, next := range f.waiting {
		close(next)
	}
	f.waiting = nil
}

// setTroubles shows which patterns have troubles, and logs news of it.
func (f *Files) setTroubles(troubles map[string]string) {
	f.mu.Lock()
	was := f.troubles
	f.troubles = troubles
	f.mu.Unlock()
	for glob, why := range troubles {
		logProblem(f.opts.Logger.With("source", glob), was[glob], why)
	}
}

// setProblem shows a problem that all files have.
func (f *Files) setProblem(problem string) {
	f.mu.Lock()
	was := f.problem
	f.problem = problem
	f.mu.Unlock()
	logProblem(f.opts.Logger, was, problem)
}

// trailOf is the trail of path, made if there is none.
func (f *Files) trailOf(path string) (t *trail, isNew bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t = f.trails[path]
	if t != nil {
		return t, false
	}
	t = &trail{
		path:   path,
		real:   path,
		logger: f.opts.Logger.With("source", path),
		turn:   make(chan struct{}, 1),
	}
	f.trails[path] = t
	return t, true
}

// dropTrail forgets a path.
func (f *Files) dropTrail(t *trail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.trails, t.path)
}

// eachTrail are all trails in the order of their paths.
func (f *Files) eachTrail() []*trail {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*trail
	for _, path := range slices.Sorted(maps.Keys(f.trails)) {
		all = append(all, f.trails[path])
	}
	return all
}
