package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// rowsAtOnce is how many rows go into one statement where there are as many: most of what a row costs is the
// statement around it. More than this gains nothing.
const rowsAtOnce = 50

// bulk is a statement for rows of values, prepared for one row and for many.
type bulk struct {
	// query has one %s, for a list of rows.
	query     string
	columns   int
	one, many *sql.Stmt
}

func (b *bulk) prepare(ctx context.Context, db *sql.DB) (err error) {
	row := "(?" + strings.Repeat(", ?", b.columns-1) + ")"
	if b.one, err = prepareOne(ctx, db, fmt.Sprintf(b.query, row)); err != nil {
		return err
	}
	b.many, err = prepareOne(ctx, db, fmt.Sprintf(b.query, row+strings.Repeat(", "+row, rowsAtOnce-1)))
	return err
}

func prepareOne(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	stmt, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("preparing %.200q: %w", query, err)
	}
	return stmt, nil
}

func (b *bulk) in(tx *sql.Tx) bulk {
	return bulk{columns: b.columns, one: tx.Stmt(b.one), many: tx.Stmt(b.many)}
}

func (b *bulk) close() error {
	return errors.Join(closeOne(b.one), closeOne(b.many))
}

func closeOne(stmt *sql.Stmt) error {
	if stmt == nil {
		return nil
	}
	return stmt.Close()
}

// rows gathers rows for a bulk statement.
type rows struct {
	*bulk
	writer *writer
	args   []any
}

func (w *writer) rows(b *bulk) *rows { return &rows{bulk: b, writer: w} }

// add gives the statement one more row. It may be written later, with others: at flush.
func (r *rows) add(args ...any) {
	r.args = append(r.args, args...)
	if len(r.args) == rowsAtOnce*r.columns {
		r.writer.exec(r.many, r.args...)
		r.args = r.args[:0]
	}
}

// flush writes what is left.
func (r *rows) flush() {
	for left := r.args; len(left) > 0; left = left[r.columns:] {
		r.writer.exec(r.one, left[:r.columns]...)
	}
	r.args = r.args[:0]
}
