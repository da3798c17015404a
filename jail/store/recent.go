package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gaol/jail"
)

// maxRecent is how many bans Recent returns at most, the last ones: as many as a jail
// remembers for its networks.
const maxRecent = 50_000

// Recent lists what a jail has banned within a time of its last ban, by the start of the bans: hosts whose
// bans count for their networks, in force or not, and those networks. Bans by hand, and what an unban has
// forgiven, are left out.
func (s *Store) Recent(ctx context.Context, name string, within time.Duration) ([]jail.Recent, error) {
	var list []jail.Recent
	err := s.read(ctx, "reading the latest bans of jail "+name, func(l *loader) {
		list = nil
		// What a person has made longer is by hand, but it has failures. A network's ban starts with its last
		// host's, and stands behind it.
		query := `SELECT prefix, start, ends, sum FROM bans WHERE jail = ?1 AND prefix != '' AND failures > 0 AND (pardoned = 0 OR made_by = 'escalation')
			AND start >= (SELECT max(start) FROM bans WHERE jail = ?1) - ?2 ORDER BY start DESC, rowid DESC LIMIT ?3`
		l.query(query, []any{name, int64(within), maxRecent}, func(scan func(...any) error) error {
			var prefix string
			var start int64
			var ends, sum sql.NullInt64
			if err := scan(&prefix, &start, &ends, &sum); err != nil {
				return err
			}
			if !matches(sum, l.sums.ban(name, prefix, "", start, ends)) {
				return errDamaged
			}
			p, err := parsePrefix(prefix)
			list = append(list, jail.Recent{Prefix: p, Start: timeOf(start)})
			return err
		})
		slices.Reverse(list)
	})
	return list, err
}
