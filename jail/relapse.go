package jail

import (
	"fmt"
	"time"

	"gaol/filter"
)

// Relapse is b as a failure, for a jail whose failures are the bans of other jails (recidive): what is
// a line to them, a ban is to it. read is when the ban became known; catchUp says that this was
// long after. Its one line says which jail banned when.
//
// It is not ok for a ban that is no offence of its own: one by hand or by escalation, or of an id,
// which names nobody to another jail.
func (b Ban) Relapse(read time.Time, catchUp bool) (f filter.Failure, ok bool) {
	if b.By != byJail || !b.Prefix.IsValid() {
		return filter.Failure{}, false
	}
	line := fmt.Sprintf("%s %s banned %s (ban %d, %d failures)", b.Start.UTC().Format(time.RFC3339), b.Jail, b.Target(), b.Count, b.Failures)
	return filter.Failure{
		Time: b.Start, Read: read, CatchUp: catchUp,
		Prefix: b.Prefix, Host: b.Target(), User: b.User, Lines: []string{line}, Source: "bans",
	}, true
}
