package store

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
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
	w.counted(c.Counted, c.Bans)
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
	count, ban, drop, end, lift, notice, noticeGone            bulk
	outdated, trust, stale, pardon, position, done, name, told *sql.Stmt
}

func prepare(ctx context.Context, db *sql.DB) (statements, error) {
	s := statements{
		count: bulk{columns: 11, query: `INSERT INTO counted (jail, prefix, id, time, read, until, user, line, pattern, weight, sum) VALUES %s`},
		ban: bulk{columns: 13, query: `INSERT INTO bans (jail, prefix, id, start, ends, count, failures, user, lines, made_by, patterns, shadow, sum) VALUES %s
			ON CONFLICT DO UPDATE SET ends = excluded.ends, made_by = excluded.made_by, shadow = excluded.shadow, count = max(count, excluded.count), sum = excluded.sum`},
		drop: bulk{columns: 4, query: `WITH gone (prefix, jail, id, before) AS (VALUES %s) DELETE FROM counted WHERE rowid IN (SELECT c.rowid
			FROM gone CROSS JOIN counted AS c ON c.prefix = gone.prefix AND c.jail = gone.jail AND c.id = gone.id AND c.time < gone.before)`},
		end: bulk{columns: 6, query: `WITH gone (jail, prefix, id, start, at, why) AS (VALUES %s) UPDATE bans SET ended = gone.at, ended_by = gone.why
			FROM gone WHERE bans.jail = gone.jail AND bans.prefix = gone.prefix AND bans.id = gone.id AND bans.start = gone.start AND ended IS NULL`},
		// What end and pardon do, at once. No target may be there twice.
		lift: bulk{columns: 6, query: `WITH gone (jail, prefix, id, start, at, why) AS (VALUES %s) UPDATE bans SET pardoned = 1,
			ended = iif(bans.start = gone.start, coalesce(ended, gone.at), ended),
			ended_by = iif(bans.start = gone.start AND ended IS NULL, gone.why, ended_by)
			FROM gone WHERE bans.jail = gone.jail AND bans.prefix = gone.prefix AND bans.id = gone.id
			AND (pardoned = 0 OR bans.start = gone.start AND ended IS NULL)`},
		notice: bulk{columns: 4, query: `INSERT INTO notices (seq, action, queue, event) VALUES %s
			ON CONFLICT DO UPDATE SET action = excluded.action, queue = excluded.queue, event = excluded.event`},
		noticeGone: bulk{columns: 1, query: `WITH gone (seq) AS (VALUES %s) DELETE FROM notices WHERE seq IN gone`},
	}
	for _, b := range s.bulks() {
		if err := b.prepare(ctx, db); err != nil {
			return s, errors.Join(err, s.close())
		}
	}
	for _, p := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&s.outdated, `DELETE FROM counted WHERE jail = ? AND until < ?`},
		{&s.trust, `INSERT INTO trusted (jail, prefix, id, time, read, until) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET time = max(time, excluded.time), read = excluded.read, until = excluded.until`},
		{&s.stale, `DELETE FROM trusted WHERE jail = ? AND until < ?`},
		{&s.pardon, `UPDATE bans SET pardoned = 1 WHERE jail = ? AND prefix = ? AND id = ? AND pardoned = 0`},
		{&s.position, `INSERT INTO positions (path, device, inode, offset, fingerprint, fingerprint_size, cursor, seen, sum, serial)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(serial), 0) + 1 FROM positions))
			ON CONFLICT DO UPDATE SET offset = excluded.offset, fingerprint = excluded.fingerprint,
			fingerprint_size = excluded.fingerprint_size, cursor = excluded.cursor, seen = excluded.seen, sum = excluded.sum, serial = excluded.serial`},
		{&s.done, `DELETE FROM positions WHERE path = ? AND device = ? AND inode = ?`},
		// An upsert that changes nothing, so that the number comes back in either case.
		{&s.name, `INSERT INTO patterns (text) VALUES (?) ON CONFLICT DO UPDATE SET text = excluded.text RETURNING number`},
		{&s.told, `INSERT INTO told (queue, target, at, until) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET at = excluded.at, until = excluded.until`},
	} {
		var err error
		if *p.to, err = prepareOne(ctx, db, p.query); err != nil {
			return s, errors.Join(err, s.close())
		}
	}
	return s, nil
}

// in gives the same statements for one transaction.
func (s statements) in(tx *sql.Tx) statements {
	for _, b := range s.bulks() {
		*b = b.in(tx)
	}
	for _, stmt := range s.singles() {
		*stmt = tx.Stmt(*stmt)
	}
	return s
}

func (s *statements) bulks() []*bulk {
	return []*bulk{&s.count, &s.ban, &s.drop, &s.end, &s.lift, &s.notice, &s.noticeGone}
}

func (s *statements) singles() []**sql.Stmt {
	return []**sql.Stmt{&s.outdated, &s.trust, &s.stale, &s.pardon, &s.position, &s.done, &s.name, &s.told}
}

func (s *statements) close() error {
	var errs []error
	for _, b := range s.bulks() {
		errs = append(errs, b.close())
	}
	for _, stmt := range s.singles() {
		errs = append(errs, closeOne(*stmt))
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

// counted adds failures but those that bans take with them anyway, and deletes those that were outdated when the newest was
// read: nothing else would ever delete what never led to a ban.
func (w *writer) counted(list []jail.Counted, bans []jail.Ban) {
	newest := make(map[string]time.Time)
	taken := takenBy(list, bans)
	rows := w.rows(&w.stmts.count)
	for _, c := range list {
		if c.Read.After(newest[c.Jail]) {
			newest[c.Jail] = c.Read
		}
		at := nanos(c.Time)
		if end, ok := taken[target{c.Jail, c.Prefix, c.ID}]; ok && at < end {
			continue
		}
		prefix, read, weight := prefixText(c.Prefix), nanos(c.Read), max(c.Weight, 1)
		rows.add(c.Jail, prefix, c.ID, at, read, nanos(c.Until), c.User, c.Line, w.number(c.Pattern), weight,
			w.sums.counted(c.Jail, prefix, c.ID, at, read, weight))
	}
	rows.flush()
	for name, now := range newest {
		w.exec(w.stmts.outdated, name, nanos(now))
	}
}

// target is what a jail counts and bans.
type target struct {
	jail   string
	prefix netip.Prefix
	id     string
}

// takenBy says up to which date failures against a target are taken by the bans that are committed with them.
func takenBy(list []jail.Counted, bans []jail.Ban) map[target]int64 {
	if len(list) == 0 || len(bans) == 0 {
		return nil
	}
	ends := make(map[target]int64, len(bans))
	for _, b := range bans {
		t := target{b.Jail, b.Prefix, b.ID}
		ends[t] = max(ends[t], endOrLast(b))
	}
	return ends
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
	rows, drops := w.rows(&w.stmts.ban), w.rows(&w.stmts.drop)
	for _, b := range list {
		prefix, start, ends := prefixText(b.Prefix), nanos(b.Start), end(b)
		lines, patterns := b.Lines, b.Patterns
		if n := len(lines); w.maxMatches > 0 && n > w.maxMatches {
			lines, patterns = lines[n-w.maxMatches:], patterns[min(len(patterns), n-w.maxMatches):]
		}
		rows.add(b.Jail, prefix, b.ID, start, ends, b.Count, b.Failures, b.User, linesText(lines), b.By, w.numbersText(patterns), b.Shadow,
			w.sums.ban(b.Jail, prefix, b.ID, start, ends))
		drops.add(prefix, b.Jail, b.ID, endOrLast(b))
	}
	rows.flush()
	drops.flush()
}

func (w *writer) ended(list []Ended) {
	ends, lifts := w.rows(&w.stmts.end), w.rows(&w.stmts.lift)
	lifted := make(map[target]bool)
	for _, e := range list {
		rows := ends
		if e.By == ByHand {
			rows = lifts
			t := target{e.Ban.Jail, e.Ban.Prefix, e.Ban.ID}
			if lifted[t] {
				lifts.flush()
			}
			if len(lifts.args) == 0 {
				clear(lifted)
			}
			lifted[t] = true
		}
		rows.add(e.Ban.Jail, prefixText(e.Ban.Prefix), e.Ban.ID, nanos(e.Ban.Start), nanos(e.At), e.By)
	}
	ends.flush()
	lifts.flush()
}

func (w *writer) forgotten(list []jail.Forgotten) {
	drops := w.rows(&w.stmts.drop)
	for _, f := range list {
		prefix := prefixText(f.Prefix)
		drops.add(prefix, f.Jail, f.ID, lastTime)
		w.exec(w.stmts.pardon, f.Jail, prefix, f.ID)
	}
	drops.flush()
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
