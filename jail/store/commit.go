package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// Changes are what some lines, a command or the passing of time have led to. Within one
// Changes, Bans and Forgotten take the Counted of the same target with them, in whatever
// order they came.
type Changes struct {
	// Counted are failures that were counted, in the order in which they were.
	Counted []jail.Counted
	// Trusted are hosts that were let in. Of each, the last time counts.
	Trusted []jail.Trusted
	// Forgotten are targets whose counted failures were dropped by hand. Their earlier bans
	// do not count any more.
	Forgotten []jail.Forgotten
	// Bans are new, or known by jail, target and start: those take the new end, By, Count and Shadow. The
	// failures counted against the target that are dated before the ban's end are deleted
	// with it.
	Bans []jail.Ban
	// Ended are bans that were lifted.
	Ended []Ended
	// Positions say how far sources have been handled, Done which of them are not needed any more.
	Positions []filter.Position
	Done      []filter.Position
	// Notices are new, or take the place of the one with their Seq; NoticesGone need not be told any more.
	Notices     []Notice
	NoticesGone []int64
	// Told take the place of what was known of their target.
	Told []Told
}

// Ended is a ban that was lifted.
type Ended struct {
	Ban jail.Ban
	At  time.Time
	// By is "time", "hand", "escalation" (with its network) or why else. By hand, no earlier ban of the target counts any more.
	By string
}

// ByHand is Ended.By, and a ban's By, for what a person did.
const ByHand = "hand"

// Commit stores all of c or, with an error, nothing. The caller keeps what it could not
// store and tries again. Committing the same ban, end or position again changes nothing.
func (s *Store) Commit(ctx context.Context, c Changes) error {
	return s.do("storing changes", func() error {
		if !c.byHand() {
			return s.commit(ctx, c)
		}
		if _, err := s.db.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
			return err
		}
		err := s.commit(ctx, c)
		// Not ctx, whose end must not leave the connection in the slow mode.
		_, back := s.db.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = NORMAL")
		if err != nil {
			return err
		}
		return back
	})
}

// byHand says whether c holds anything that no log does.
func (c *Changes) byHand() bool {
	for _, b := range c.Bans {
		if b.By == ByHand {
			return true
		}
	}
	for _, e := range c.Ended {
		if e.By == ByHand {
			return true
		}
	}
	return len(c.Forgotten) > 0
}

func (s *Store) commit(ctx context.Context, c Changes) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	w := writer{ctx: ctx, stmts: s.stmts.in(tx), maxMatches: s.opts.MaxMatches, numbers: map[string]int64{"": 0}}
	w.counted(c.Counted)
	w.trusted(c.Trusted)
	w.bans(c.Bans)
	w.ended(c.Ended)
	w.forgotten(c.Forgotten)
	w.positions(c.Positions, c.Done)
	w.notices(c)
	if w.err != nil {
		return w.err
	}
	return tx.Commit()
}

// statements are prepared once.
type statements struct {
	count, outdated, trust, stale, ban, drop, end, pardon, position, done, name, notice, noticeGone, told *sql.Stmt
}

func prepare(ctx context.Context, db *sql.DB) (statements, error) {
	var s statements
	for _, p := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&s.count, `INSERT INTO counted (jail, prefix, id, time, read, until, user, line, pattern, weight, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.outdated, `DELETE FROM counted WHERE jail = ? AND until < ?`},
		{&s.trust, `INSERT INTO trusted (jail, prefix, id, time, read, until) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET time = max(time, excluded.time), read = excluded.read, until = excluded.until`},
		{&s.stale, `DELETE FROM trusted WHERE jail = ? AND until < ?`},
		{&s.ban, `INSERT INTO bans (jail, prefix, id, start, ends, count, failures, user, lines, made_by, patterns, shadow, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET ends = excluded.ends, made_by = excluded.made_by, shadow = excluded.shadow, count = max(count, excluded.count), sum = excluded.sum`},
		{&s.drop, `DELETE FROM counted WHERE prefix = ? AND jail = ? AND id = ? AND time < ?`},
		{&s.end, `UPDATE bans SET ended = ?, ended_by = ? WHERE jail = ? AND prefix = ? AND id = ? AND start = ? AND ended IS NULL`},
		{&s.pardon, `UPDATE bans SET pardoned = 1 WHERE jail = ? AND prefix = ? AND id = ? AND pardoned = 0`},
		{&s.position, `INSERT INTO positions (path, device, inode, offset, fingerprint, fingerprint_size, cursor, seen, sum, serial)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(serial), 0) + 1 FROM positions))
			ON CONFLICT DO UPDATE SET offset = excluded.offset, fingerprint = excluded.fingerprint,
			fingerprint_size = excluded.fingerprint_size, cursor = excluded.cursor, seen = excluded.seen, sum = excluded.sum, serial = excluded.serial`},
		{&s.done, `DELETE FROM positions WHERE path = ? AND device = ? AND inode = ?`},
		// An upsert that changes nothing, so that the number comes back in either case.
		{&s.name, `INSERT INTO patterns (text) VALUES (?) ON CONFLICT DO UPDATE SET text = excluded.text RETURNING number`},
		{&s.notice, `INSERT INTO notices (seq, action, queue, event) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET action = excluded.action, queue = excluded.queue, event = excluded.event`},
		{&s.noticeGone, `DELETE FROM notices WHERE seq = ?`},
		{&s.told, `INSERT INTO told (queue, target, at, until) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET at = excluded.at, until = excluded.until`},
	} {
		stmt, err := db.PrepareContext(ctx, p.query)
		if err != nil {
			return s, errors.Join(fmt.Errorf("preparing %q: %w", p.query, err), s.close())
		}
		*p.to = stmt
	}
	return s, nil
}

// in gives the same statements for one transaction.
func (s statements) in(tx *sql.Tx) statements {
	for _, stmt := range s.all() {
		*stmt = tx.Stmt(*stmt)
	}
	return s
}

func (s *statements) all() []**sql.Stmt {
	return []**sql.Stmt{&s.count, &s.outdated, &s.trust, &s.stale, &s.ban, &s.drop, &s.end, &s.pardon, &s.position, &s.done, &s.name, &s.notice, &s.noticeGone, &s.told}
}

func (s *statements) close() error {
	var errs []error
	for _, place := range s.all() {
		stmt := *place
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(errs...)
}

// writer writes into one transaction, until the first error.
type writer struct {
	ctx        context.Context
	stmts      statements
	maxMatches int
	sums       summer
	// numbers are those of the patterns that were asked for in this transaction.
	numbers map[string]int64
	err     error
}

// exec runs one statement. The context is asked here: given to the driver, it would cost a
// goroutine each time, for statements that take microseconds.
func (w *writer) exec(stmt *sql.Stmt, args ...any) {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err == nil {
		_, w.err = stmt.Exec(args...)
	}
}

// number is the one by which a pattern is known.
func (w *writer) number(pattern string) int64 {
	number, known := w.numbers[pattern]
	if !known && w.err == nil {
		w.err = w.stmts.name.QueryRow(pattern).Scan(&number)
		w.numbers[pattern] = number
	}
	return number
}

func (w *writer) numbersText(patterns []string) string {
	numbers := make([]int64, len(patterns))
	for i, p := range patterns {
		numbers[i] = w.number(p)
	}
	return jsonText(numbers)
}

// counted adds failures, and deletes those that were outdated when the newest was read:
// nothing else would ever delete what never led to a ban.
func (w *writer) counted(list []jail.Counted) {
	newest := make(map[string]time.Time)
	for _, c := range list {
		prefix, at, read := prefixText(c.Prefix), nanos(c.Time), nanos(c.Read)
		weight := max(c.Weight, 1)
		w.exec(w.stmts.count, c.Jail, prefix, c.ID, at, read, nanos(c.Until), c.User, c.Line, w.number(c.Pattern), weight,
			w.sums.counted(c.Jail, prefix, c.ID, at, read, weight))
		if c.Read.After(newest[c.Jail]) {
			newest[c.Jail] = c.Read
		}
	}
	for name, now := range newest {
		w.exec(w.stmts.outdated, name, nanos(now))
	}
}

func (w *writer) trusted(list []jail.Trusted) {
	read := make(map[string]time.Time)
	for _, t := range list {
		w.exec(w.stmts.trust, t.Jail, prefixText(t.Prefix), t.ID, nanos(t.Time), nanos(t.Read), nanos(t.Until))
		if t.Read.After(read[t.Jail]) {
			read[t.Jail] = t.Read
		}
	}
	for name, now := range read {
		w.exec(w.stmts.stale, name, nanos(now))
	}
}

func (w *writer) bans(list []jail.Ban) {
	for _, b := range list {
		prefix, start, ends := prefixText(b.Prefix), nanos(b.Start), end(b)
		lines, patterns := b.Lines, b.Patterns
		if n := len(lines); w.maxMatches > 0 && n > w.maxMatches {
			lines, patterns = lines[n-w.maxMatches:], patterns[min(len(patterns), n-w.maxMatches):]
		}
		w.exec(w.stmts.ban, b.Jail, prefix, b.ID, start, ends, b.Count, b.Failures, b.User, linesText(lines), b.By, w.numbersText(patterns), b.Shadow,
			w.sums.ban(b.Jail, prefix, b.ID, start, ends))
		w.exec(w.stmts.drop, prefix, b.Jail, b.ID, endOrLast(b))
	}
}

func (w *writer) ended(list []Ended) {
	for _, e := range list {
		prefix := prefixText(e.Ban.Prefix)
		w.exec(w.stmts.end, nanos(e.At), e.By, e.Ban.Jail, prefix, e.Ban.ID, nanos(e.Ban.Start))
		if e.By == ByHand {
			w.exec(w.stmts.pardon, e.Ban.Jail, prefix, e.Ban.ID)
		}
	}
}

func (w *writer) forgotten(list []jail.Forgotten) {
	for _, f := range list {
		prefix := prefixText(f.Prefix)
		w.exec(w.stmts.drop, prefix, f.Jail, f.ID, lastTime)
		w.exec(w.stmts.pardon, f.Jail, prefix, f.ID)
	}
}

func (w *writer) positions(list, done []filter.Position) {
	// SQLite's integers are signed; bit patterns come back as they went.
	for _, p := range list {
		w.exec(w.stmts.position, p.Path, int64(p.Device), int64(p.Inode), p.Offset, int64(p.Fingerprint), p.FingerprintSize, p.Cursor, nanos(p.Seen),
			w.sums.position(p))
	}
	for _, p := range done {
		w.exec(w.stmts.done, p.Path, int64(p.Device), int64(p.Inode))
	}
}
