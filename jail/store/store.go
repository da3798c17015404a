package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite" // and the driver "sqlite"
)

// Options say how a store is opened.
type Options struct {
	// Logger is told what an operator should know; nil: nobody.
	Logger *slog.Logger
	// MaxMatches lines at most are kept of each ban, the last ones; 0: all it has.
	MaxMatches int
	// Now names a broken file that is moved aside; zero: the clock.
	Now time.Time
}

// Store is an open file. Use [Open]. It is safe for several goroutines; calls wait
// for each other and for the disk.
type Store struct {
	path string
	opts Options
	// readOnly: nothing of the file may be changed, and there is no lock.
	readOnly bool
	// lock keeps everybody else out.
	lock fileLock
	// mu guards all below. It is held during each call, as there is only one connection.
	mu    sync.Mutex
	db    *sql.DB
	stmts statements
	// broken is what was wrong with the file that was moved aside last.
	broken error
	// damaged is how many rows were left out by the reading that left out most.
	damaged int
}

// ErrBegunAnew is returned by Commit and Load when the file was found broken: it has been
// moved aside and an empty one begun. What was in force must be committed again, with what
// could not be committed.
var ErrBegunAnew = errors.New("the store was broken and has been begun anew")

// ErrNewerSchema is returned by Open for a file that a later version of gaol has written.
var ErrNewerSchema = errors.New("written by a newer version of gaol")

// Open opens the file at path and makes it, and directories above, where they are missing
// (modes 0600 and 0700). An older schema is brought up to date. A file that is broken, or
// no store of gaol at all, is moved to path.broken-TIME and a new one begun:
// [Store.Broken] then says so. While it is open nobody else can open it, by a lock on
// path.lock: [ErrInUse].
func Open(path string, opts Options) (*Store, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the store's directory: %w", err)
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	s := &Store{path: path, opts: opts, lock: lock}
	s.removeLeftovers()
	err = s.open()
	if isBroken(err) {
		err = s.beginAnew(err)
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("opening the store %s: %w", path, hinted(err))
	}
	return s, nil
}

// open opens the file and checks whose it is.
func (s *Store) open() error {
	// SQLite would make it readable for everybody; its other files take its mode.
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := checkForeign(s.path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dataSource(s.path, info.Size() == 0))
	if err != nil {
		return err
	}
	// One connection: transactions come from one daemon, and each further one
	// would have a cache of its own.
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	if err := keepLog(ctx, db); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := migrate(ctx, db, migrations); err != nil {
		return errors.Join(unfit(err), db.Close())
	}
	stmts, err := prepare(ctx, db)
	if err != nil {
		return errors.Join(unfit(err), db.Close())
	}
	s.db, s.stmts = db, stmts
	return nil
}

// keepLog leaves the write-ahead log and its index in place, empty, when the file is closed. Made anew,
// they would need room at the next start, and on a full disk nobody could be told what was in force.
func keepLog(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driverConn any) error {
		_, err := driverConn.(sqlite.FileControl).FileControlPersistWAL("main", 1)
		return err
	})
}

// dataSource is what the driver is told: settings hold for each connection it makes. The
// page cache is what a transaction of some thousand changes needs; with less, such a one
// takes three times as long.
func dataSource(path string, fresh bool) string {
	pragmas := []string{"busy_timeout(5000)"}
	if fresh {
		// Of a file that is there it writes a page, for which there may be no room.
		pragmas = append(pragmas, "auto_vacuum(incremental)")
	}
	pragmas = append(pragmas,
		"journal_mode(wal)", "synchronous(normal)",
		"cache_size(-2000)", "mmap_size(0)", "wal_autocheckpoint(500)", "journal_size_limit(4194304)", "foreign_keys(off)",
		// For files that may be damaged (https://www.sqlite.org/security.html).
		"cell_size_check(on)", "trusted_schema(off)",
	)
	return fileURI(path) + "?_txlock=immediate&_pragma=" + strings.Join(pragmas, "&_pragma=")
}

func fileURI(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// Path is where the file is.
func (s *Store) Path() string { return s.path }

// Broken says what was wrong with a file that had to be moved aside, and where it is now;
// nil: nothing.
func (s *Store) Broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// Damaged says that rows were not what had been written, and were left out; nil: none. What has
// changed them may change more: it is no other gaol.
func (s *Store) Damaged() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.damaged == 0 {
		return nil
	}
	return fmt.Errorf("the store %s has damaged records, at least %d of them: they are left out: look for faults of its disk in the kernel's log", s.path, s.damaged)
}

// Close flushes everything to the file, and only then lets another one have it.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.stmts.close(), s.db.Close(), s.lock.Close()); err != nil {
		return fmt.Errorf("closing the store %s: %w", s.path, err)
	}
	return nil
}

// shrink gives the page cache back after something that has read the whole file. It is the
// daemon's memory at rest that counts, so a fault here is none.
func (s *Store) shrink() {
	if _, err := s.db.Exec("PRAGMA shrink_memory"); err != nil {
		s.opts.Logger.Debug("page cache kept", "path", s.path, "err", err)
	}
}

// do runs f, with the file replaced if f finds it broken.
func (s *Store) do(what string, f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := f()
	if isBroken(err) && !s.readOnly {
		s.stmts.close()
		s.db.Close()
		if again := s.beginAnew(err); again != nil {
			return fmt.Errorf("%s: beginning the broken store %s anew: %w", what, s.path, again)
		}
		return fmt.Errorf("%s: %w: %w", what, ErrBegunAnew, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, hinted(err))
	}
	return nil
}
