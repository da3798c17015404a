package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Backup copies the store into a new file, as it is at one moment, and returns that file, open and
// without a name: closing it gives its space back. Commits go on meanwhile. The copy is made beside the
// store and is refused where the disk has not twice the store's size left.
func (s *Store) Backup(ctx context.Context) (*os.File, error) {
	copied, err := s.backup(ctx)
	if err != nil {
		return nil, fmt.Errorf("backing up the store %s: %w", s.path, hinted(err))
	}
	return copied, nil
}

func (s *Store) backup(ctx context.Context) (*os.File, error) {
	if err := haveRoom(s.path); err != nil {
		return nil, err
	}
	// Its mode is 0600.
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+backupEnding+"*")
	if err != nil {
		return nil, err
	}
	err = copyStore(ctx, s.path, f.Name())
	if err := errors.Join(err, os.Remove(f.Name())); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// backupEnding is what copies that are being made are called, behind the store's name.
const backupEnding = ".backup-"

// removeLeftovers deletes copies that a crash has left behind. Only whoever has the store's lock makes any.
func (s *Store) removeLeftovers() {
	names, err := filepath.Glob(globQuoted(s.path) + backupEnding + "*")
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		s.opts.Logger.Warn("removing what is left of backups", "path", s.path, "err", err)
	}
}

// globQuoted is path as a pattern that nothing else matches.
func globQuoted(path string) string {
	quoted := make([]byte, 0, len(path))
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, path[i])
	}
	return string(quoted)
}

// haveRoom refuses a copy that would leave the store itself no room.
func haveRoom(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &disk); err != nil {
		return err
	}
	if free, want := disk.Bavail*uint64(disk.Bsize), 2*uint64(info.Size()); free < want {
		return fmt.Errorf("its disk has %d bytes left, and %d are wanted: free some space", free, want)
	}
	return nil
}

// Backup copies the store at path to a file that is missing or empty, as [Store.Backup] does. Nobody
// needs to have the store open; it is not changed.
func Backup(ctx context.Context, path, to string) error {
	_, err := os.Stat(path)
	if err == nil {
		err = copyStore(ctx, path, to)
	}
	if err != nil {
		return fmt.Errorf("backing up the store %s: %w", path, hinted(err))
	}
	return nil
}

// copyStore copies the store at path to a file that is missing or empty. It has a connection of its
// own, which a write-ahead log lets read what was there when it began while others write
// (https://www.sqlite.org/lang_vacuum.html#vacuuminto).
func copyStore(ctx context.Context, path, to string) error {
	db, err := sql.Open("sqlite", fileURI(path)+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	var application int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		return err
	}
	if application != applicationID {
		return errForeign
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}
