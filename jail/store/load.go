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

// State is what a start takes up again, besides the failures that [Store.Counted] hands out.
type State struct {
	// Bans are in force, of all jails, in the order in which they were made. Where there
	// are very many, only the last ones have their Lines.
	Bans []jail.Ban
	// Trusted are hosts that were let in, of each the last time, in the order in which that was read.
	Trusted []jail.Trusted
	// Earlier says how often each target has been banned so far, bans in force included, by
	// jail.
	Earlier map[string]map[jail.Key]int
	// Enforced says of those targets which of Earlier were enforced that have any which were not.
	Enforced map[string]map[jail.Key]int
	// Positions are where sources have been left, the one written last at the end.
	Positions []filter.Position
}

// OthersOf says how often each target has been banned so far by all jails but that of this name; only bans that
// were enforced count.
func (st *State) OthersOf(name string) map[jail.Key]int {
	sum := make(map[jail.Key]int)
	for other, earlier := range st.Earlier {
		for k, n := range earlier {
			if enforced, some := st.Enforced[other][k]; some {
				n = enforced
			}
			if other != name && n > 0 {
				sum[k] += n
			}
		}
	}
	return sum
}

// Load reads all of what was in force at now. Rows that are not what was written are left out:
// [Store.Damaged] then says so.
func (s *Store) Load(ctx context.Context, now time.Time) (State, error) {
	var bans []jail.Ban
	err := s.InForce(ctx, now, func(part []jail.Ban) { bans = append(bans, part...) })
	if err != nil {
		return State{}, err
	}
	st, err := s.Past(ctx)
	if err != nil {
		return State{}, err
	}
	slices.Reverse(bans)
	st.Bans = bans
	st.Positions, err = s.Positions(ctx)
	return st, err
}

// Past reads what a start takes up besides bans in force and counted failures: the State without Bans and Positions.
func (s *Store) Past(ctx context.Context) (st State, err error) {
	st.Earlier = make(map[string]map[jail.Key]int)
	err = s.read(ctx, "loading earlier bans", func(l *loader) {
		st.Trusted = l.trusted()
		l.earlier(&st)
	})
	return st, err
}

// Positions reads where sources have been left, the one written last at the end.
func (s *Store) Positions(ctx context.Context) (list []filter.Position, err error) {
	err = s.read(ctx, "loading positions", func(l *loader) { list = l.positions() })
	return list, err
}

// Counted hands the failures that may still lead to a ban to each, one by one in the order in which
// they were counted, of the jails that have a findtime. A counted failure still matters if it was
// read within findtime (and the few minutes that dates may be off) of the last one of its jail, even
// if that is long ago: lines that were written since then are yet to be read. each must not call the
// store, which is busy meanwhile. After an error some failures have been handed out.
func (s *Store) Counted(ctx context.Context, findtime map[string]time.Duration, each func(jail.Counted)) error {
	return s.read(ctx, "loading counted failures", func(l *loader) { l.counted(findtime, each) })
}

// read lets f read, and keeps what it says of damage.
func (s *Store) read(ctx context.Context, what string, f func(*loader)) error {
	return s.do(what, func() error {
		l := loader{ctx: ctx, db: s.db}
		f(&l)
		s.damaged = max(s.damaged, l.damaged)
		s.shrink()
		return l.err
	})
}

// loader reads, until the first error.
type loader struct {
	ctx context.Context
	db  *sql.DB
	err error
	// sums is scratch space.
	sums summer
	// damaged is how many rows were left out.
	damaged int
}

// errDamaged says that a row is not what was written.
var errDamaged = errors.New("the row is damaged")

// query hands each row to row. One that is damaged is counted and left out.
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
	scan := func(to ...any) error {
		// A fault of the file shows in rows.Err; here it is a value of another kind.
		if rows.Scan(to...) != nil {
			return errDamaged
		}
		return nil
	}
	for rows.Next() {
		if l.err = l.ctx.Err(); l.err != nil {
			return
		}
		switch err := row(scan); {
		case errors.Is(err, errDamaged):
			l.damaged++
		case err != nil:
			l.err = err
			return
		}
	}
	l.err = rows.Err()
}

func (l *loader) counted(findtime map[string]time.Duration, each func(jail.Counted)) {
	oldest := make(map[string]int64)
	for name, f := range findtime {
		// By the index, which knows no read; whoever leaves last was read last, or little before.
		l.query(`SELECT read FROM counted WHERE jail = ? ORDER BY until DESC LIMIT 1`, []any{name}, func(scan func(...any) error) error {
			var last int64
			err := scan(&last)
			oldest[name] = last - int64(f) - int64(slack)
			return err
		})
	}
	if len(oldest) == 0 {
		return
	}
	names, patterns := make(interned), l.patterns()
	query := `SELECT jail, prefix, id, time, read, until, user, line, pattern, weight, sum FROM counted ORDER BY rowid`
	// Out here they are allocated once, not a million times.
	var c jail.Counted
	var prefix string
	var at, read, until, pattern int64
	var sum sql.NullInt64
	l.query(query, nil, func(scan func(...any) error) error {
		err := scan(&c.Jail, &prefix, &c.ID, &at, &read, &until, &c.User, &c.Line, &pattern, &c.Weight, &sum)
		if err != nil {
			return err
		}
		if !matches(sum, l.sums.counted(c.Jail, prefix, c.ID, at, read, c.Weight)) {
			return errDamaged
		}
		from, known := oldest[c.Jail]
		if !known || read < from {
			return nil
		}
		c.Jail, c.Time, c.Read, c.Until = names.get(c.Jail), timeOf(at), timeOf(read), timeOf(until)
		c.Pattern = patterns[pattern]
		if c.Prefix, err = parsePrefix(prefix); err != nil {
			return err
		}
		each(c)
		return nil
	})
}

// trusted reads who was let in.
func (l *loader) trusted() []jail.Trusted {
	var list []jail.Trusted
	names := make(interned)
	l.query(`SELECT jail, prefix, id, time, read, until FROM trusted ORDER BY read`, nil, func(scan func(...any) error) error {
		var t jail.Trusted
		var prefix string
		var at, read, until int64
		err := scan(&t.Jail, &prefix, &t.ID, &at, &read, &until)
		if err != nil {
			return err
		}
		t.Jail, t.Time, t.Read, t.Until = names.get(t.Jail), timeOf(at), timeOf(read), timeOf(until)
		t.Prefix, err = parsePrefix(prefix)
		list = append(list, t)
		return err
	})
	return list
}

// slack is how much longer than findtime a jail keeps failures: the dates of two lines may
// each be off by a minute.
const slack = 2 * time.Minute

// earlier counts the bans of each target.
func (l *loader) earlier(st *State) {
	// A ban that was taken over from elsewhere may know of more than there are rows.
	enforced := make(map[string]map[jail.Key]int)
	l.count(`SELECT jail, prefix, id, max(count(*), max(count)) FROM bans WHERE pardoned = 0 GROUP BY prefix, jail, id`, st.Earlier)
	l.count(`SELECT jail, prefix, id, (SELECT count(*) FROM bans AS b WHERE b.prefix = bans.prefix AND b.jail = bans.jail AND b.id = bans.id
		AND b.pardoned = 0 AND b.shadow = 0) FROM bans WHERE pardoned = 0 AND shadow = 1 GROUP BY prefix, jail, id`, enforced)
	if len(enforced) > 0 {
		st.Enforced = enforced
	}
}

func (l *loader) count(query string, to map[string]map[jail.Key]int) {
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
	query := `SELECT path, device, inode, offset, fingerprint, fingerprint_size, cursor, seen, sum FROM positions ORDER BY serial`
	l.query(query, nil, func(scan func(...any) error) error {
		var p filter.Position
		var device, inode, fingerprint, seen int64
		var sum sql.NullInt64
		err := scan(&p.Path, &device, &inode, &p.Offset, &fingerprint, &p.FingerprintSize, &p.Cursor, &seen, &sum)
		if err != nil {
			return err
		}
		p.Device, p.Inode, p.Fingerprint = uint64(device), uint64(inode), uint64(fingerprint)
		p.Seen = timeOf(seen)
		if !matches(sum, l.sums.position(p)) {
			return errDamaged
		}
		list = append(list, p)
		return nil
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
