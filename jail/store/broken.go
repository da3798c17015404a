package store

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"modernc.org/sqlite"
)

// Result codes of SQLite (https://www.sqlite.org/rescode.html); the low byte is the
// primary one.
const (
	codeError    = 1
	codeReadOnly = 8
	codeIOErr    = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
	// codeShmSize, in full, is that the index of the write-ahead log finds no room.
	codeShmSize = codeIOErr | 19<<8
)

// errForeign is a file that is sound but not a store.
var errForeign = errors.New("the file is not a store of gaol")

func codeOf(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

func isBroken(err error) bool {
	code := codeOf(err)
	return code == codeCorrupt || code == codeNotADB || errors.Is(err, errForeign)
}

// unfit marks the error of a statement that SQLite can make nothing of: ours make sense, so it is the
// file's tables that don't.
func unfit(err error) error {
	if codeOf(err) == codeError {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	return err
}

// checkForeign tells another program's database before anything is written to it. Ours is
// known by its head. Any other file is looked at without its write-ahead log: it is ours
// only if it is empty, as a store is whose making was interrupted.
func checkForeign(path string) error {
	head := make([]byte, headSize)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.ReadFull(f, head); err == nil && binary.BigEndian.Uint32(head[headApplicationID:]) == applicationID {
		return nil
	}
	db, err := sql.Open("sqlite", fileURI(path)+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer db.Close()
	var objects int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&objects); err != nil {
		return err
	}
	if objects > 0 {
		return errForeign
	}
	return nil
}

// A file's head and where it bears the application's id
// (https://www.sqlite.org/fileformat2.html#the_database_header).
const (
	headSize          = 100
	headApplicationID = 68
)

// hinted adds what to do about an error, where that is known.
func hinted(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code() == codeShmSize {
		return fmt.Errorf("%w: free some space on its disk", err)
	}
	switch codeOf(err) {
	case codeFull:
		return fmt.Errorf("%w: free some space on its disk", err)
	case codeReadOnly, codeCantOpen:
		return fmt.Errorf("%w: make it and its directory writable for gaol", err)
	case codeIOErr:
		return fmt.Errorf("%w: look for faults of its disk in the kernel's log", err)
	default:
		return err
	}
}

// beginAnew moves the file aside, with those SQLite keeps beside it, and opens an empty
// one. It is never deleted: most of it can usually be read with sqlite3's .recover.
func (s *Store) beginAnew(cause error) error {
	now := s.opts.Now
	if now.IsZero() {
		now = time.Now()
	}
	aside, err := s.moveAside(fmt.Sprintf("%s.broken-%s", s.path, now.UTC().Format("20060102T150405Z")))
	if err != nil {
		return err
	}
	s.broken = fmt.Errorf("the store %s could not be used and is now %s: %w: bans and positions of before are lost, a new one is begun", s.path, aside, cause)
	s.opts.Logger.Error("store begun anew", "path", s.path, "aside", aside, "err", cause)
	return s.open()
}

// moveAside finds a name that is not in use.
func (s *Store) moveAside(name string) (string, error) {
	aside := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s-%d", name, n)
	}
	if err := os.Rename(s.path, aside); err != nil {
		return "", err
	}
	for _, ending := range []string{"-wal", "-shm"} {
		if err := os.Rename(s.path+ending, aside+ending); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}
