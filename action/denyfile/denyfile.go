// Package denyfile keeps a file of banned addresses for a web server that reads it at its reload.
//
// It is for bans that no firewall can enforce, as the client's address reaches the host only in a
// header that a proxy sets. Every jail has a file of its own. It is replaced as a whole, by a rename, so a
// server that reads it at any moment finds either what was or what is. Only prefixes are
// written to it, in their canonical form and sorted; nothing else of a ban is.
package denyfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Options say what a File keeps. Path and Format are required.
type Options struct {
	// Path is the file, absolute. Its folder is made. No two actions may have the same.
	Path string
	// Format is how a prefix is written.
	Format Format
	// Server is told of changes; nil: it looks by itself.
	Server Server
}

// Server is who has to know what the file says: a [Reloader] or a [Runtime].
type Server interface {
	// Tell returns once the server knows that the file holds just these prefixes, which are sorted.
	Tell(ctx context.Context, held []netip.Prefix) error
	// Knows says whether it still knows what it was told last.
	Knows(ctx context.Context) (bool, error)
}

// File is an action that keeps a deny file. Use New.
//
// A ban or unban returns when the server was told to read the file again. Unban must be
// called at a ban's end: the file knows no times.
type File struct {
	opts Options

	mu      sync.Mutex // guards all below; not held while a server reloads
	held    map[netip.Prefix]time.Time
	written fs.FileInfo // the file as it was left; nil: not started
	stale   bool        // the server has not read what is in the file
	refused bool        // it could not be made to, last time
}

var (
	_ action.Action  = (*File)(nil)
	_ action.Checker = (*File)(nil)
	_ action.Holder  = (*File)(nil)
	_ action.Prober  = (*File)(nil)
)

// New checks opts. It writes nothing.
func New(opts Options) (*File, error) {
	if !filepath.IsAbs(opts.Path) || strings.HasSuffix(opts.Path, "/") {
		return nil, fmt.Errorf("deny file %q: expected the absolute path of a file", opts.Path)
	}
	if !opts.Format.Valid() {
		return nil, fmt.Errorf("deny file %s: no such format %q: choose deny, geo or plain", opts.Path, opts.Format)
	}
	return &File{opts: opts, held: make(map[netip.Prefix]time.Time)}, nil
}

// Start implements action.Action: it makes the folder and empties the file. The server is not told
// yet, so that it goes on with what an earlier run left until the bans in force are written: the
// first Ban or Check tells it. After a reload that failed the file stays as it is until one succeeds: a
// server that was down reads it when it comes up.
func (f *File) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	refused := f.refused
	f.mu.Unlock()
	if refused {
		if err := f.reload(ctx); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.held)
	return f.writeLocked()
}

// Ban implements action.Action.
func (f *File) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	return f.change(ctx, func() (changed bool) {
		for _, b := range bans {
			prefix, ok := canonical(b)
			if !ok || b.Over(now) {
				continue
			}
			_, there := f.held[prefix]
			changed = changed || !there
			f.held[prefix] = b.End
		}
		return changed
	})
}

// Unban implements action.Action.
func (f *File) Unban(ctx context.Context, bans []jail.Ban) error {
	return f.change(ctx, func() (changed bool) {
		for _, b := range bans {
			prefix, ok := canonical(b)
			if _, there := f.held[prefix]; ok && there {
				delete(f.held, prefix)
				changed = true
			}
		}
		return changed
	})
}

// Stop implements action.Action: it empties the file and leaves it there, as a server that
// includes it would not start without. What was never there is not made.
func (f *File) Stop(ctx context.Context) error {
	f.mu.Lock()
	clear(f.held)
	if _, err := os.Lstat(f.opts.Path); errors.Is(err, fs.ErrNotExist) {
		f.mu.Unlock()
		return nil
	}
	err := f.writeLocked()
	f.written = nil
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.reload(ctx)
}

// Check implements action.Checker: another program may have changed or removed the file. It also
// tells the server of what Start has written, if nothing else did, and of all if it has forgotten.
func (f *File) Check(ctx context.Context) error {
	f.mu.Lock()
	written := f.written
	f.mu.Unlock()
	info, err := os.Lstat(f.opts.Path)
	switch {
	case err != nil:
		return fmt.Errorf("looking at the deny file: %w", err)
	case written == nil || !same(info, written):
		return fmt.Errorf("deny file %s was changed by another program", f.opts.Path)
	case f.opts.Server == nil:
		return nil
	}
	knows, err := f.opts.Server.Knows(ctx)
	f.mu.Lock()
	f.stale = f.stale || !knows
	f.refused = f.refused || err != nil
	f.mu.Unlock()
	if err == nil {
		err = f.reload(ctx)
	}
	if err != nil {
		return &action.UntoldError{Err: err}
	}
	return nil
}

// change writes the file if update, called with the lock held, says that it has to, and has the server
// read it.
func (f *File) change(ctx context.Context, update func() bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	var err error
	if update() || f.written == nil {
		err = f.writeLocked()
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.reload(ctx)
}

// writeLocked brings the file to what is held.
func (f *File) writeLocked() error {
	changed, err := replace(f.opts.Path, f.opts.Format.Render(f.sortedLocked()))
	if err != nil {
		f.written = nil // the next change writes again, whatever it is
		return fmt.Errorf("writing deny file %s: %w", f.opts.Path, err)
	}
	f.stale = f.stale || changed
	f.written, err = os.Lstat(f.opts.Path)
	return err
}

func (f *File) sortedLocked() []netip.Prefix { return slices.SortedFunc(maps.Keys(f.held), Compare) }

// reload has the server read the file, unless it has.
func (f *File) reload(ctx context.Context) error {
	f.mu.Lock()
	stale := f.stale
	f.stale = false // before the server reads: what is written meanwhile makes it stale again
	if !stale || f.opts.Server == nil {
		f.mu.Unlock()
		return nil
	}
	held := f.sortedLocked()
	f.mu.Unlock()
	err := f.opts.Server.Tell(ctx, held)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = f.stale || err != nil
	f.refused = err != nil
	return err
}

// same says whether two looks at the file saw the same one.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
