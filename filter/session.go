package filter

import (
	"slices"
	"strings"
	"time"
)

// Bounds of what is remembered of sessions. The first two are fail2ban's. All
// of it is an attacker's to fill, so each session's lines are bounded as well.
const (
	maxSessions     = 100
	sessionAge      = 5 * time.Minute
	maxSessionBytes = 16 << 10
)

// session is what the lines of one session (<F-MLFID>) have said so far.
type session struct {
	key     string
	started time.Time
	// known is all that its lines captured, the latest value of each name.
	known captures
	// user is the first account tried, users whether there was another.
	user  string
	users bool
	// pending: it failed, but no line has yet said who it is.
	pending bool
	// weight is the greatest of the lines since the last report.
	weight int
	// reported: what lines holds has been reported, and is no proof of what
	// comes next.
	reported bool
	lines    []string
	size     int // of lines, in bytes
}

// sessions are those of one stream, oldest first.
type sessions struct {
	open []*session
	// over have ended, and are used again.
	over []*session
}

// outcome is what a matched line leads to.
type outcome struct {
	fails bool
	// weight of the failure: of a session, the greatest of the lines that are reported together.
	weight int
	known  *captures
	// gained says that the line let somebody in.
	gained bool
	lines  []string // held back before, oldest first, without the line itself
}

// observe takes in what a matched line has captured. Without a session the line
// stands for itself. earlier are the lines before it that belong to the match, weight is the
// pattern's. now is the time by which sessions end. The outcome holds until the next call.
func (s *sessions) observe(found *captures, earlier []string, line string, weight int, now time.Time) outcome {
	gained := found.get("mlfgained") != ""
	nofail := gained || found.get("nofail") != ""
	key := found.get("mlfid")
	if key == "" {
		return outcome{fails: !nofail && identified(found), weight: weight, known: found, gained: gained, lines: earlier}
	}
	forget := found.get("mlfforget") != ""
	one := s.find(key, now)
	switch {
	case one == nil && forget:
		return outcome{fails: !nofail && identified(found), weight: weight, known: found, gained: gained, lines: earlier} // a session of one line
	case one == nil:
		one = s.begin(key, now)
	case forget:
		s.remove(one)
	}
	one.weight = max(one.weight, weight)
	return one.observe(found, earlier, line, gained, nofail, forget)
}

func (one *session) observe(found *captures, earlier []string, line string, gained, nofail, forget bool) outcome {
	if gained {
		one.pending = false // whoever failed before has shown that he may
		one.weight = 0
	}
	if one.reported {
		one.reported = false
		one.forgetLines()
	}
	one.learn(found)
	for _, line := range earlier {
		one.hold(line)
	}
	if one.pending || one.users {
		nofail = false
	}
	switch {
	case nofail && forget:
		return outcome{known: &one.known, gained: gained}
	case nofail:
		one.hold(line)
		return outcome{known: &one.known, gained: gained}
	case !identified(&one.known):
		one.pending = true
		one.hold(line)
		return outcome{known: &one.known}
	}
	one.pending = false
	one.reported = true
	weight := max(one.weight, 1)
	one.weight = 0
	return outcome{fails: true, weight: weight, known: &one.known, lines: one.lines}
}

// identified says whether it is known whom a failure is to be counted for.
func identified(c *captures) bool { return c.accused() || c.get("id") != "" }

// learn overwrites what is known with what a line has said, and keeps it
// beyond the line.
func (one *session) learn(found *captures) {
	for _, v := range found.values {
		if !steers(v.name) {
			one.set(v.name, strings.Clone(v.value))
		}
	}
	if found.accused() {
		one.known.prefix, one.known.host, one.known.address = found.prefix, strings.Clone(found.host), ""
	}
	user := found.get("user")
	switch {
	case user == "" || user == one.user:
	case one.user == "":
		one.user = one.known.get("user")
	default:
		one.users = true
	}
}

func (one *session) set(name, value string) {
	for i := range one.known.values {
		if one.known.values[i].name == name {
			one.known.values[i].value = value
			return
		}
	}
	one.known.values = append(one.known.values, capture{name: name, value: value})
}

// hold keeps a line for a failure that may come; the oldest leave first.
func (one *session) hold(line string) {
	line = beginning(line)
	one.lines = append(one.lines, strings.Clone(line))
	one.size += len(line)
	for one.size > maxSessionBytes && len(one.lines) > 1 {
		one.size -= len(one.lines[0])
		one.lines = one.lines[1:]
	}
}

func (one *session) forgetLines() {
	clear(one.lines)
	one.lines, one.size = one.lines[:0], 0
}

// find returns the session of that key, nil if there is none or it has ended.
func (s *sessions) find(key string, now time.Time) *session {
	for i := 0; i < len(s.open); {
		switch one := s.open[i]; {
		case now.Sub(one.started) > sessionAge:
			s.end(i)
		case one.key == key:
			return one
		default:
			i++
		}
	}
	return nil
}

// begin makes the session of that key; if there are too many, the oldest ends.
func (s *sessions) begin(key string, now time.Time) *session {
	if len(s.open) == maxSessions {
		s.end(0)
	}
	one := &session{}
	if n := len(s.over) - 1; n >= 0 {
		one, s.over = s.over[n], s.over[:n]
		one.known.reset()
		one.forgetLines()
		*one = session{known: one.known, lines: one.lines}
	}
	one.key, one.started = strings.Clone(key), now
	s.open = append(s.open, one)
	return one
}

func (s *sessions) remove(one *session) { s.end(slices.Index(s.open, one)) }

// end takes the session at i out.
func (s *sessions) end(i int) {
	s.over = append(s.over, s.open[i])
	s.open = slices.Delete(s.open, i, i+1)
}
