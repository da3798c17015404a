package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// State is what a start takes up again.
type State struct {
	// Bans are in force, of all jails, in the order in which they were made. Where there
	// are very many, only the last ones have their Lines.
	Bans []jail.Ban
	// Counted are failures that may still lead to a ban, in the order in which they were counted.
	Counted []jail.Counted
	// Earlier says how often each target has been banned so far, bans in force included, by
	// jail.
	Earlier map[string]map[jail.Key]int
	// Positions are where sources have been left, the one written last at the end.
	Positions []filter.Position
}

// EarlierOf is what the jail of this name is told of earlier bans: its own, or with
// overall those of all jails together.
func (st *State) EarlierOf(name string, overall bool) map[jail.Key]int {
	if !overall {
		return st.Earlier[name]
	}
	sum := make(map[jail.Key]int)
	for _, earlier := range st.Earlier {
		for k, n := range earlier {
			sum[k] += n
		}
	}
	return sum
}

// Load reads what was in force at now. findtime is asked for each jail; 0 means that there
// is no such jail any more. A counted failure still matters if it was read within findtime
// (and the few minutes that dates may be off) of the last one of its jail, even if that is
// long ago: lines that were written since then are yet to be read.
func (s *Store) Load(ctx context.Context, now time.Time, findtime func(jail string) time.Duration) (State, error) {
	var st State
	err := s.do("loading the store", func() error {
		st = State{Earlier: make(map[string]map[jail.Key]int)}
		l := loader{ctx: ctx, db: s.db}
		// From the last one back, so that these get their lines; sorting would need all of
		// them at once.
		st.Bans = l.bans(`WHERE ended IS NULL AND (ends IS NULL OR ends > ?) ORDER BY rowid DESC`, nanos(now))
		slices.Reverse(st.Bans)
		st.Counted = l.counted(findtime)
		l.earlier(st.Earlier)
		st.Positions = l.positions()
		s.shrink()
		return l.err
	})
	if err != nil {
		return State{}, err
	}
	return st, nil
}

// loader reads, until the first error.
type loader struct {
	ctx context.Context
	db  *sql.DB
	err error
}

func (l *loader) query(query string, args []any, row func(scan func(...any) error) error) {
	if l.err != nil {
		return
	}
	// The driver does not get the context: it would start a goroutine for each row.
	rows, err := l.db.Query(query, args...)
	if err != nil {
		l.err = err
		return
	}
	defer rows.Close()
	for rows.Next() {
		if l.err = l.ctx.Err(); l.err != nil {
			return
		}
		if l.err = row(rows.Scan); l.err != nil {
			return
		}
	}
	l.err = rows.Err()
}

// maxLines bounds the lines that are read with bans, in bytes.
const maxLines = 8 << 20

// bans reads bans, and lines for the first of them.
func (l *loader) bans(where string, args ...any) []jail.Ban {
	var n int
	l.query(`SELECT count(*) FROM bans `+where, args, func(scan func(...any) error) error { return scan(&n) })
	list := make([]jail.Ban, 0, n)
	names := make(interned)
	query := `SELECT jail, prefix, id, start, ends, count, failures, user, made_by FROM bans ` + where
	l.query(query, args, func(scan func(...any) error) error {
		var b jail.Ban
		var prefix string
		var start int64
		var ends sql.NullInt64
		err := scan(&b.Jail, &prefix, &b.ID, &start, &ends, &b.Count, &b.Failures, &b.User, &b.By)
		if err != nil {
			return err
		}
		b.Jail, b.By, b.User, b.Start = names.get(b.Jail), names.get(b.By), names.get(b.User), timeOf(start)
		if ends.Valid {
			b.End = timeOf(ends.Int64)
		}
		b.Prefix, err = parsePrefix(prefix)
		list = append(list, b)
		return err
	})
	l.lines(list, where, args)
	return list
}

// errEnough ends a query early.
var errEnough = errors.New("enough")

// lines reads the lines of bans that were read by the same query, until they are enough.
// It is apart from the rest because most of what a ban takes is its lines.
func (l *loader) lines(list []jail.Ban, where string, args []any) {
	i, size := 0, 0
	l.query(`SELECT lines FROM bans `+where, args, func(scan func(...any) error) error {
		var text sql.RawBytes
		if err := scan(&text); err != nil {
			return err
		}
		if size += len(text); size > maxLines {
			return errEnough
		}
		var err error
		list[i].Lines, err = parseLines(text)
		i++
		return err
	})
	if errors.Is(l.err, errEnough) {
		l.err = nil
	}
}

func (l *loader) counted(findtime func(string) time.Duration) []jail.Counted {
	oldest := make(map[string]int64)
	l.query(`SELECT jail, max(read) FROM counted GROUP BY jail`, nil, func(scan func(...any) error) error {
		var name string
		var last int64
		if err := scan(&name, &last); err != nil {
			return err
		}
		if f := findtime(name); f > 0 {
			oldest[name] = last - int64(f) - int64(slack)
		}
		return nil
	})
	var list []jail.Counted
	names := make(interned)
	l.query(`SELECT jail, prefix, id, time, read, until, user, line FROM counted ORDER BY rowid`, nil, func(scan func(...any) error) error {
		var c jail.Counted
		var prefix string
		var at, read, until int64
		err := scan(&c.Jail, &prefix, &c.ID, &at, &read, &until, &c.User, &c.Line)
		if err != nil {
			return err
		}
		from, known := oldest[c.Jail]
		if !known || read < from {
			return nil
		}
		c.Jail, c.Time, c.Read, c.Until = names.get(c.Jail), timeOf(at), timeOf(read), timeOf(until)
		c.Prefix, err = parsePrefix(prefix)
		list = append(list, c)
		return err
	})
	return list
}

// slack is how much longer than findtime a jail keeps failures: the dates of two lines may
// each be off by a minute.
const slack = 2 * time.Minute

func (l *loader) earlier(to map[string]map[jail.Key]int) {
	// A ban that was taken over from elsewhere may know of more than there are rows.
	query := `SELECT jail, prefix, id, max(count(*), max(count)) FROM bans WHERE pardoned = 0 GROUP BY prefix, jail, id`
	l.query(query, nil, func(scan func(...any) error) error {
		var name, prefix, id string
		var n int
		err := scan(&name, &prefix, &id, &n)
		if err != nil {
			return err
		}
		key := jail.Key{ID: id}
		if key.Prefix, err = parsePrefix(prefix); err != nil {
			return err
		}
		if to[name] == nil {
			to[name] = make(map[jail.Key]int)
		}
		to[name][key] = n
		return nil
	})
}

func (l *loader) positions() []filter.Position {
	var list []filter.Position
	query := `SELECT path, device, inode, offset, fingerprint, fingerprint_size, cursor, seen FROM positions ORDER BY serial`
	l.query(query, nil, func(scan func(...any) error) error {
		var p filter.Position
		var device, inode, fingerprint, seen int64
		err := scan(&p.Path, &device, &inode, &p.Offset, &fingerprint, &p.FingerprintSize, &p.Cursor, &seen)
		p.Device, p.Inode, p.Fingerprint = uint64(device), uint64(inode), uint64(fingerprint)
		p.Seen = timeOf(seen)
		list = append(list, p)
		return err
	})
	return list
}

// interned keeps one copy of the few strings that each row repeats.
type interned map[string]string

func (in interned) get(s string) string {
	if known, ok := in[s]; ok {
		return known
	}
	in[s] = s
	return s
}
