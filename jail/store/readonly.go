package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gaol/jail"
)

// Reader is a store that is open to be looked at. Use [OpenReadOnly].
type Reader struct{ store Store }

// OpenReadOnly opens the file at path to look at what it holds. Nothing of it is changed, and
// a daemon that is using it, or begins to, is not disturbed: what is read is what was stored when it
// was asked, by SQLite's own locks. fs.ErrNotExist: there is none. A file of another schema
// than this version's is an error.
func OpenReadOnly(path string) (*Reader, error) {
	r := &Reader{Store{path: path, readOnly: true}}
	if err := r.store.openReadOnly(); err != nil {
		return nil, fmt.Errorf("reading the store %s: %w", path, err)
	}
	return r, nil
}

// Load is [Store.Load].
func (r *Reader) Load(ctx context.Context, now time.Time) (State, error) {
	return r.store.Load(ctx, now)
}

// Counted is [Store.Counted].
func (r *Reader) Counted(ctx context.Context, findtime map[string]time.Duration, each func(jail.Counted)) error {
	return r.store.Counted(ctx, findtime, each)
}

// History is [Store.History].
func (r *Reader) History(ctx context.Context, target jail.Key, limit int) (events []Event, more bool, err error) {
	return r.store.History(ctx, target, limit)
}

// Close closes the file.
func (r *Reader) Close() error { return r.store.Close() }

func (s *Store) openReadOnly() error {
	// SQLite says of each of these that it can't open the file.
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: be root, or the user that gaol runs as", fs.ErrPermission)
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := checkForeign(s.path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", fileURI(s.path)+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	s.db = db
	if err := s.checkVersion(context.Background()); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// checkVersion makes sure that the file has the tables that this version reads.
func (s *Store) checkVersion(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	version, err := versionOf(ctx, tx)
	switch {
	case err != nil:
		return err
	case version > len(migrations):
		return fmt.Errorf("%w (schema %d, this one knows %d): use that version", ErrNewerSchema, version, len(migrations))
	case version < len(migrations):
		return fmt.Errorf("written by an older version of gaol (schema %d, this one reads %d): start gaol once", version, len(migrations))
	}
	return nil
}
