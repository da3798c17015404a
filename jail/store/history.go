package store

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"slices"
	"strings"
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
	// Prefix or ID is that of the ban or failure; a prefix may be wider or narrower than what was
	// asked for.
	Prefix netip.Prefix
	ID     string
	// Line is the line that was counted, or the last one that led to the ban. Pattern is the
	// failregex that matched it, "" if that is not known.
	Line    string
	Pattern string
	User    string
	// By says who banned or lifted: "jail", "escalation", "time", "hand".
	By string
	// Ban is the ban that began or was lifted, else nil.
	Ban *jail.Ban
}

// History tells what is known of a target, oldest first: of a prefix, of all that it lies in and of
// all that lies in it. It has at most limit bans and limit failures, those that were stored last;
// more says that there are others.
func (s *Store) History(ctx context.Context, target jail.Key, limit int) (events []Event, more bool, err error) {
	err = s.read(ctx, "reading the history", func(l *loader) {
		t := teller{loader: l, target: target, limit: limit}
		t.where, t.args = storedOf(target)
		t.names = t.patterns()
		t.failures()
		t.stories()
		events, more = t.events, t.more
	})
	// They were read from the last row back.
	slices.Reverse(events)
	slices.SortStableFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return events, more, err
}

// storedOf finds the rows that may be of a target. For an address there is an index; for a
// network all rows of prefixes are looked at.
func storedOf(target jail.Key) (where string, args []any) {
	switch {
	case target.ID != "":
		return "id = ? AND id != ''", []any{target.ID}
	case !target.Prefix.IsSingleIP():
		return "prefix != ''", nil
	}
	for bits := range target.Prefix.Bits() + 1 {
		args = append(args, netip.PrefixFrom(target.Prefix.Addr(), bits).Masked().String())
	}
	return "prefix IN (?" + strings.Repeat(", ?", len(args)-1) + ")", args
}

// teller gathers the history of one target.
type teller struct {
	*loader
	target jail.Key
	where  string
	args   []any
	limit  int
	names  map[int64]string
	events []Event
	more   bool
}

// tell reads rows of a table, the last one first, until row has said of enough that they are
// the target's.
func (t *teller) tell(columns, table string, row func(scan func(...any) error) (meant bool, err error)) {
	n := 0
	query := "SELECT " + columns + " FROM " + table + " WHERE " + t.where + " ORDER BY rowid DESC"
	t.query(query, t.args, func(scan func(...any) error) error {
		if n == t.limit {
			t.more = true
			return errEnough
		}
		meant, err := row(scan)
		if meant {
			n++
		}
		return err
	})
	if errors.Is(t.err, errEnough) {
		t.err = nil
	}
}

// means says whether a stored target is what was asked for.
func (t *teller) means(p netip.Prefix, id string) bool {
	if t.target.ID != "" {
		return id == t.target.ID
	}
	return p.IsValid() && p.Overlaps(t.target.Prefix)
}

func (t *teller) failures() {
	t.tell("jail, prefix, id, time, user, line, pattern", "counted", func(scan func(...any) error) (bool, error) {
		e := Event{What: Failed}
		var prefix string
		var at, pattern int64
		err := scan(&e.Jail, &prefix, &e.ID, &at, &e.User, &e.Line, &pattern)
		if err != nil {
			return false, err
		}
		e.Prefix, err = parsePrefix(prefix)
		if err != nil || !t.means(e.Prefix, e.ID) {
			return false, err
		}
		e.Time, e.Pattern = timeOf(at), t.names[pattern]
		t.events = append(t.events, e)
		return true, nil
	})
}

// stories tells the beginning of each ban, and its being lifted.
func (t *teller) stories() {
	const columns = "jail, prefix, id, start, ends, count, failures, user, lines, patterns, made_by, shadow, ended, ended_by"
	t.tell(columns, "bans", func(scan func(...any) error) (bool, error) {
		var b jail.Ban
		var prefix, endedBy string
		var lines, patterns sql.RawBytes
		var start int64
		var ends, ended sql.NullInt64
		err := scan(&b.Jail, &prefix, &b.ID, &start, &ends, &b.Count, &b.Failures, &b.User, &lines, &patterns, &b.By, &b.Shadow, &ended, &endedBy)
		if err != nil {
			return false, err
		}
		b.Prefix, err = parsePrefix(prefix)
		if err != nil || !t.means(b.Prefix, b.ID) {
			return false, err
		}
		b.Start = timeOf(start)
		if ends.Valid {
			b.End = timeOf(ends.Int64)
		}
		if err := t.proofs(&b, lines, patterns); err != nil {
			return false, err
		}
		began := Event{Time: b.Start, What: Banned, Jail: b.Jail, Prefix: b.Prefix, ID: b.ID, User: b.User, By: b.By, Ban: &b}
		if n := len(b.Lines); n > 0 {
			began.Line, began.Pattern = b.Lines[n-1], b.Patterns[n-1]
		}
		t.events = append(t.events, began)
		if ended.Valid {
			t.events = append(t.events, Event{
				Time: timeOf(ended.Int64), What: Unbanned, Jail: b.Jail, Prefix: b.Prefix, ID: b.ID, By: endedBy, Ban: &b,
			})
		}
		return true, nil
	})
}

// proofs gives a ban its lines, and to each the pattern that matched, which an older version
// did not store.
func (t *teller) proofs(b *jail.Ban, lines, patterns []byte) (err error) {
	if b.Lines, err = parseLines(lines); err != nil {
		return err
	}
	numbers, err := parseList[int64](patterns)
	b.Patterns = make([]string, len(b.Lines))
	for i := range min(len(numbers), len(b.Lines)) {
		b.Patterns[i] = t.names[numbers[i]]
	}
	return err
}

// patterns are the stored failregexes by their numbers.
func (l *loader) patterns() map[int64]string {
	texts := map[int64]string{}
	l.query(`SELECT number, text FROM patterns`, nil, func(scan func(...any) error) error {
		var number int64
		var text string
		err := scan(&number, &text)
		texts[number] = text
		return err
	})
	return texts
}
