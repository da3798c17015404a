package store

import (
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"time"

	"gaol/jail"
)

// What happened in an [Event].
const (
	// Failed is a failure that was counted and has not led to a ban.
	Failed = "failure"
	// Banned is the start of a ban, Unbanned its being lifted.
	Banned   = "ban"
	Unbanned = "unban"
)

// Event is a part of a target's history.
type Event struct {
	Time time.Time
	// What is Failed, Banned or Unbanned.
	What string
	Jail string
	// Prefix is that of the ban or failure, which may be wider or narrower than what was asked for.
	Prefix netip.Prefix
	// Line is the line that was counted, or the last one that led to the ban.
	Line string
	User string
	// By says who banned or lifted: "jail", "time", "hand".
	By string
	// Ban is the ban that began or was lifted, else nil.
	Ban *jail.Ban
}

// History tells what is known of prefix, of all that it lies in and of all that lies in it, oldest
// first.
func (s *Store) History(ctx context.Context, prefix netip.Prefix) ([]Event, error) {
	var events []Event
	err := s.do("reading the history of "+prefix.String(), func() error {
		events = nil
		l := loader{ctx: ctx, db: s.db}
		for _, p := range l.related(prefix.Masked()) {
			events = append(events, l.failures(p)...)
			events = append(events, l.stories(p)...)
		}
		return l.err
	})
	slices.SortStableFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return events, err
}

// related lists the stored prefixes that prefix overlaps.
func (l *loader) related(prefix netip.Prefix) []string {
	var list []string
	for bits := 0; bits <= prefix.Bits(); bits++ {
		list = append(list, netip.PrefixFrom(prefix.Addr(), bits).Masked().String())
	}
	if prefix.IsSingleIP() {
		return list
	}
	for _, table := range []string{"bans", "counted"} {
		l.query("SELECT DISTINCT prefix FROM "+table+" WHERE prefix != ''", nil, func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			p, err := parsePrefix(text)
			if err == nil && prefix.Overlaps(p) && p.Bits() > prefix.Bits() {
				list = append(list, text)
			}
			return err
		})
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (l *loader) failures(prefix string) []Event {
	var list []Event
	l.query(`SELECT jail, time, user, line FROM counted WHERE prefix = ? ORDER BY time`, []any{prefix}, func(scan func(...any) error) error {
		e := Event{What: Failed}
		var at int64
		err := scan(&e.Jail, &at, &e.User, &e.Line)
		if err != nil {
			return err
		}
		e.Time = timeOf(at)
		e.Prefix, err = parsePrefix(prefix)
		list = append(list, e)
		return err
	})
	return list
}

// stories tells the beginning and end of each ban of prefix.
func (l *loader) stories(prefix string) []Event {
	var list []Event
	for _, b := range l.bans(`WHERE prefix = ? ORDER BY start`, prefix) {
		e := Event{Time: b.Start, What: Banned, Jail: b.Jail, Prefix: b.Prefix, User: b.User, By: b.By, Ban: &b}
		if n := len(b.Lines); n > 0 {
			e.Line = b.Lines[n-1]
		}
		list = append(list, e)
	}
	l.query(`SELECT jail, start, ended, ended_by FROM bans WHERE prefix = ? AND ended IS NOT NULL ORDER BY start`, []any{prefix}, func(scan func(...any) error) error {
		e := Event{What: Unbanned}
		var start, ended int64
		if err := scan(&e.Jail, &start, &ended, &e.By); err != nil {
			return err
		}
		e.Time = timeOf(ended)
		for i := range list {
			if b := list[i].Ban; list[i].What == Banned && b.Jail == e.Jail && nanos(b.Start) == start {
				e.Ban, e.Prefix = b, b.Prefix
			}
		}
		list = append(list, e)
		return nil
	})
	return list
}

// Purge deletes bans that were over before that time and counted failures that could not
// matter any more then, and gives their space back.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	return s.do("purging the store", func() error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for _, step := range []struct {
			query string
			args  []any
		}{
			{`DELETE FROM bans WHERE coalesce(ended, ends) < ?`, []any{nanos(before)}},
			{`DELETE FROM counted WHERE until < ?`, []any{nanos(before)}},
			{`DELETE FROM told WHERE until < ?`, []any{nanos(before)}},
		} {
			if _, err := tx.ExecContext(ctx, step.query, step.args...); err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		defer s.shrink()
		return vacuum(ctx, s.db)
	})
}

// vacuum gives free pages back to the disk; the statement yields a row a page.
func vacuum(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "PRAGMA incremental_vacuum")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}
