package source

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"gaol/filter"
)

// FilesOptions configure NewFiles.
type FilesOptions struct {
	// Patterns may be none, and changed later by SetPatterns.
	Patterns []Pattern
	// Positions are what the store holds; positions of paths that no pattern
	// leads to are left alone.
	Positions []filter.Position
	// MaxLine is the number of bytes after which a line is cut; 0: 65,536.
	MaxLine int
	// Logger is required.
	Logger *slog.Logger
	// Now is the daemon's clock; required.
	Now func() time.Time
	// Rescan is how often globs are expanded and paths looked at besides
	// the notifications of the kernel; 0: 500 ms.
	Rescan time.Duration
	// Quiet is how long a rotated file must have been silent before it is
	// let go; 0: 60 s.
	Quiet time.Duration
	// Inotify says whether inotify can be had; nil asks the kernel. With an
	// error, files are looked at every 50 ms instead.
	Inotify func() error
}

// Files follows all files of all patterns, one follower a file however many
// patterns lead to it. Use NewFiles.
type Files struct {
	opts FilesOptions

	mu       sync.Mutex
	patterns []Pattern
}

// NewFiles checks the options; Run begins to follow.
func NewFiles(opts FilesOptions) (*Files, error) {
	if opts.Logger == nil || opts.Now == nil {
		return nil, errors.New("following files: Logger and Now are required")
	}
	return &Files{opts: opts, patterns: opts.Patterns}, nil
}

// Run follows until ctx is cancelled, for which it returns nil, or until emit
// returns an error. It may be called once.
func (f *Files) Run(ctx context.Context, emit Emit) error {
	<-ctx.Done()
	return nil
}

// SetPatterns replaces the patterns, also while Run is running.
func (f *Files) SetPatterns(patterns []Pattern) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.patterns = patterns
}

// Status describes every file and every pattern without one. It is safe at
// any time.
func (f *Files) Status() []Status {
	return nil
}
