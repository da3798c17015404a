package filter

import "gaol/filter/header"

// Sight is what a filter makes of a line that it does not have to match.
type Sight int

const (
	// Foreign: the line is of another service, as its header says.
	Foreign Sight = iota
	// Strange: the line may be of the service, but nothing of Spec.Alive knows it.
	Strange
	// Known: a healthy log of the service contains such lines.
	Known
)

// String is the sight in lower case.
func (s Sight) String() string {
	switch s {
	case Foreign:
		return "foreign"
	case Known:
		return "known"
	default:
		return "strange"
	}
}

// Sight says whether line is one that a healthy log of the service contains, by Spec.Alive. It looks at any
// line, also at those that cannot be failures, and so takes longer than Match: it is for those
// who wonder why a log has none. It changes nothing of what Match does.
//
// A line of which no header can be read is strange to a filter that asks for one.
func (m *Matcher) Sight(line Line) Sight { return m.aside().sight(&line) }

func (m *Matcher) sight(line *Line) Sight {
	f := m.filter
	var v view
	f.look(&v, line, m.dates, &m.work)
	switch {
	case v.daemon && first(f.alive, v.text, &m.work) >= 0:
		return Known
	case v.hasHeader && !v.daemon, v.foreign && isSyslog(v.header), f.anybodys(line, &v):
		return Foreign
	}
	return Strange
}

// isSyslog says that a header is a syslog daemon's, rather than a level and a number that happen to stand where a host and a
// tag would.
func isSyslog(h header.Header) bool { return h.PID != "" || isName(h.Host) }

// anybodys says that a line may be of any service, of a filter that does not know the tags of its own: it has a syslog
// daemon's header, or is from a journal that is read whole.
func (f *Filter) anybodys(line *Line, v *view) bool {
	switch {
	case len(f.daemons) > 0:
		return false
	case !line.Time.IsZero():
		return len(f.spec.Journalmatch) == 0
	}
	h, ok := header.Parse(v.message, v.date.Start, v.date.End)
	return ok && h.PID != ""
}

// Watchful says whether the filter knows what a healthy log looks like.
func (f *Filter) Watchful() bool { return len(f.alive) > 0 }
