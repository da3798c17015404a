package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"gaol/jail"
)

// InForce hands the bans that are in force at now to each, of all jails, some at a time, the last one that was made first. Where
// there are very many, only the first ones have their Lines. each must not call the store, which is busy meanwhile, and may keep
// what it is given. After an error some bans have been handed out.
func (s *Store) InForce(ctx context.Context, now time.Time, each func([]jail.Ban)) error {
	return s.read(ctx, "loading bans", func(l *loader) { l.inForce(now, each) })
}

const (
	// maxLines bounds the lines that are read with bans, in bytes.
	maxLines = 8 << 20
	// bansAtOnce is how many bans are handed out together: so many that it costs little to pass them on, and so few that those
	// are soon at work who are to put them in force.
	bansAtOnce = 2000
)

// errEnough ends a query early.
var errEnough = errors.New("enough")

// inForce hands out bans, with their lines until these are enough. All the others are read without: most of what a ban takes is
// its lines. It goes from the last one back, as sorting in another way would need all of them at once.
func (l *loader) inForce(now time.Time, each func([]jail.Ban)) {
	r := banReader{loader: l, each: each, names: make(interned)}
	r.read("lines", math.MaxInt64, now)
	if errors.Is(l.err, errEnough) {
		l.err = nil
		r.read("'[]'", r.rowid, now)
	}
	r.pass()
}

// banReader reads bans and passes them on.
type banReader struct {
	*loader
	each  func([]jail.Ban)
	names interned
	part  []jail.Ban
	// rowid is that of the last one read, size what the lines take so far.
	rowid int64
	size  int
}

func (r *banReader) read(lines string, before int64, now time.Time) {
	query := `SELECT rowid, jail, prefix, id, start, ends, count, failures, user, ` + lines + `, made_by, ended_by != '', shadow, sum FROM bans
		WHERE ended IS NULL AND (ends IS NULL OR ends > ?) AND rowid < ? ORDER BY rowid DESC`
	// Out here they are allocated once, not for each row.
	var prefix string
	var text sql.RawBytes
	var start int64
	var ends, sum sql.NullInt64
	var contradictory bool
	var b jail.Ban
	r.query(query, []any{nanos(now), before}, func(scan func(...any) error) error {
		b = jail.Ban{}
		err := scan(&r.rowid, &b.Jail, &prefix, &b.ID, &start, &ends, &b.Count, &b.Failures, &b.User, &text, &b.By, &contradictory, &b.Shadow, &sum)
		if err != nil {
			return err
		}
		b.Jail, b.By, b.User, b.Start = r.names.get(b.Jail), r.names.get(b.By), r.names.get(b.User), timeOf(start)
		if ends.Valid {
			b.End = timeOf(ends.Int64)
		}
		if contradictory || !matches(sum, r.sums.ban(b.Jail, prefix, b.ID, start, ends)) {
			return errDamaged
		}
		if b.Prefix, err = parsePrefix(prefix); err != nil {
			return err
		}
		if r.size += len(text); r.size <= maxLines {
			b.Lines, err = parseLines(text) // without them it is a ban all the same
		} else if lines == "lines" {
			err = errEnough
		}
		if r.part = append(r.part, b); len(r.part) == bansAtOnce {
			r.pass()
		}
		return err
	})
}

// pass hands out what has been read.
func (r *banReader) pass() {
	if len(r.part) > 0 {
		r.each(r.part)
		r.part = make([]jail.Ban, 0, bansAtOnce)
	}
}
