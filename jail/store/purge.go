package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A purge goes in small steps, between which others get their turn: it may find millions of rows, and
// nobody must wait for all of them.
const (
	// purgeRows is how many rows a step looks at.
	purgeRows = 10_000
	// purgePages is how many free pages a step gives back to the disk.
	purgePages = 500
)

// Purge deletes bans that were over before that time, and counted failures and trust that could not
// matter any more then, and gives their space back to the disk.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	for _, table := range []struct{ name, old string }{
		{"bans", "coalesce(ended, ends) < ?"},
		{"counted", "until < ?"},
		{"trusted", "until < ?"},
		{"told", "until < ?"},
	} {
		if err := s.purgeTable(ctx, table.name, table.old, before); err != nil {
			return err
		}
	}
	for more := true; more; {
		err := s.do("giving back the store's space", func() (err error) {
			more, err = s.vacuum(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// purgeTable deletes the old rows of a table.
func (s *Store) purgeTable(ctx context.Context, table, old string, before time.Time) error {
	for from, last := int64(0), int64(0); ; from += purgeRows {
		err := s.do("purging the store", func() error {
			if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM "+table).Scan(&last); err != nil {
				return err
			}
			_, err := s.db.ExecContext(ctx, "DELETE FROM "+table+" WHERE rowid > ? AND rowid <= ? AND "+old, from, from+purgeRows, nanos(before))
			return err
		})
		if err != nil {
			return err
		}
		if from+purgeRows >= last {
			return nil
		}
	}
}

// vacuum gives some free pages back to the disk, and says whether it can go on.
func (s *Store) vacuum(ctx context.Context) (more bool, err error) {
	before, err := s.freePages(ctx)
	if err != nil || before == 0 {
		return false, err
	}
	// The statement yields a row a page.
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", purgePages))
	if err != nil {
		return false, err
	}
	for rows.Next() {
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return false, err
	}
	after, err := s.freePages(ctx)
	if err != nil {
		return false, err
	}
	if more = after > 0 && after < before; !more {
		s.shrink()
		// Until then the file's end is missing in the write-ahead log only.
		_, err = s.db.ExecContext(ctx, "PRAGMA wal_checkpoint")
	}
	return more, err
}

func (s *Store) freePages(ctx context.Context) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&n)
	return n, err
}
