package logtime

import "strings"

// usualAtStart finds the usual forms where a line begins: behind at most two
// characters that belong to no word, or behind the priority of a syslog line
// (RFC 3164 section 4.1.1, RFC 5424 section 6.2).
type usualAtStart struct {
	monthFirst bool
	last       sameDay
}

// usualInside finds the usual forms anywhere.
type usualInside struct {
	// distance from the start of the last date to the first colon of its time.
	distance int
}

func (*usualAtStart) anchored() bool { return true }
func (*usualInside) anchored() bool  { return false }

func (*usualAtStart) name(d *date, n *names) string { return n.of(d.shape) }
func (*usualInside) name(d *date, n *names) string  { return n.of(d.shape) }

func (u *usualAtStart) find(s string, d *date) bool {
	if u.last.find(s, d) {
		return true
	}
	at := place{lineStart: true, anchored: true, monthFirst: u.monthFirst}
	for i := 0; i <= 2 && i < len(s); i++ {
		if i > 0 && word(s[i-1]) {
			break
		}
		if readAt(s, i, at, d) {
			u.remember(s, d)
			return true
		}
		at.lineStart = false
	}
	i := skipPriority(s)
	return i > 0 && i < len(s) && readAt(s, i, at, d)
}

// remember keeps to month-day-year once a date could only be read so: it then
// is what this log writes. Dates inside a line, which a client may have put
// there, don't count.
func (u *usualAtStart) remember(s string, d *date) {
	switch d.shape.form {
	case formMonthDay:
		u.last.remember(s, d)
	case formUSDash:
		u.monthFirst = true
	case formDayMonth:
		u.monthFirst = false
	}
}

// skipPriority returns the end of "<34>" or "<34>1 " at the line's start, or 0.
func skipPriority(s string) int {
	if len(s) < 4 || s[0] != '<' {
		return 0
	}
	end := digits(s, 1, 3)
	if end == 1 || end >= len(s) || s[end] != '>' {
		return 0
	}
	end++
	if version := digits(s, end, 2); version > end && version < len(s) && s[version] == ' ' && s[end] != '0' {
		return version + 1
	}
	return end
}

// farthestStart is more than any form has before its first colon of the time.
const farthestStart = 40

// find looks for the leftmost date that has a time in colons, then for the
// others: a client can write those into the user name of a web access log, which
// stands left of the date but holds no colon.
func (u *usualInside) find(s string, d *date) bool {
	done := 0 // dates that begin further left were looked for
	for colon := nextTime(s, 0); colon >= 0; colon = nextTime(s, colon+1) {
		if u.asBefore(s, colon, d) || findStrong(s, max(done, colon-farthestStart), colon, d) {
			u.distance = colon - d.start
			// The kernel's own time may stand further left.
			start := d.start
			if strings.Contains(s[:start], auditMark) && !findAudit(s[:start], epochSeconds, d) {
				return readAt(s, start, place{}, d)
			}
			return true
		}
		done = colon
	}
	return findAudit(s, epochSeconds, d) || findWeak(s, d)
}

// asBefore looks where the last date began, seen from its time. Whatever else
// is a date and begins further left has the same time: this is the line's first
// that any has.
func (u *usualInside) asBefore(s string, colon int, d *date) bool {
	i := colon - u.distance
	return i >= 0 && i < colon && boundary(s, i) && readAt(s, i, place{}, d) && d.shape.strong() && d.end > colon
}

// findStrong looks for the leftmost date with a time in colons that begins in
// s[i:end].
func findStrong(s string, i, end int, d *date) bool {
	for i < end {
		switch c := s[i]; {
		case word(c):
			if boundary(s, i) && readAt(s, i, place{}, d) && d.shape.strong() {
				return true
			}
			for i < end && word(s[i]) {
				i++ // no date begins inside a word
			}
		case c == '+' || c == '-':
			if readAt(s, i, place{}, d) {
				return true
			}
			i++
		default:
			i++
		}
	}
	return false
}

// strong says that the form has a time in colons.
func (s shape) strong() bool {
	return s.form != formTAI64N && (s.form != formCompact || s.colons == colonAfterHour|colonAfterMinute)
}

// nextTime returns the index of the first colon, at from or later, of what looks
// like H:M:S. It returns -1 if there is none.
func nextTime(s string, from int) int {
	for {
		n := strings.IndexByte(s[from:], ':')
		if n < 0 {
			return -1
		}
		i := from + n
		if i > 0 && digit(s[i-1]) {
			end := digits(s, i+1, 2)
			if end > i+1 && end+1 < len(s) && s[end] == ':' && digit(s[end+1]) {
				return i
			}
		}
		from = i + 1
	}
}

// findWeak looks for a date without colons.
func findWeak(s string, d *date) bool {
	return findTAI64N(s, d) || findCompact(s, d)
}

// findCompact looks at every eighth byte: eight digits in a row hold one of them.
func findCompact(s string, d *date) bool {
	const run = 8 // digits of the day
	for i := run - 1; i < len(s); i += run {
		if !digit(s[i]) {
			continue
		}
		start := i
		for start > 0 && digit(s[start-1]) {
			start--
		}
		end := digits(s, i, len(s))
		if end-start >= run && boundary(s, start) && readAt(s, start, place{}, d) {
			return true
		}
		i = end - 1 // none of these digits again: long runs stay linear
	}
	return false
}

// place says where in the line a form is looked for.
type place struct {
	lineStart  bool // at its first byte
	anchored   bool // at its start, see usualAtStart
	monthFirst bool // month-day-year before day-month-year
}

// readAt reads the form that begins at s[i:], if there is one.
func readAt(s string, i int, at place, d *date) bool {
	c := s[i]
	switch {
	case digit(c):
		return readDigits(s, i, at, d)
	case letter(c):
		d.clear()
		if readMonthFirst(s, i, at.lineStart, d) {
			return true
		}
		if c >= 'a' {
			return false // zones are capitals
		}
		d.clear()
		if readZoneFirst(s, i, d) {
			return true
		}
		d.clear()
		return readOffsetFirst(s, i, d)
	case c == '+', c == '-':
		d.clear()
		return readOffsetFirst(s, i, d)
	case c == '@':
		d.clear()
		return readTAI64N(s, i, d)
	case c == '<' && at.lineStart:
		d.clear()
		return readAngle(s, i, d)
	}
	return false
}

// readDigits chooses by the number of leading digits and what follows them.
func readDigits(s string, i int, at place, d *date) bool {
	end := digits(s, i+1, 14)
	if end >= len(s) && end-i < 10 {
		return false
	}
	d.clear()
	switch end - i {
	case 1, 2:
		return readOneOrTwo(s, i, end, at, d)
	case 4:
		return (s[end] == '-' || s[end] == '/' || s[end] == '.') && readISO(s, i, d)
	case 6:
		return s[end] == ' ' && readShortYear(s, i, d)
	case 8, 12, 14:
		return readCompact(s, i, d)
	case 10, 11:
		if readCompact(s, i, d) {
			return true
		}
		d.clear()
		return at.anchored && readEpoch(s, i, d)
	}
	return false
}

// readOneOrTwo reads the forms that begin with the number of a day or a month.
func readOneOrTwo(s string, i, end int, at place, d *date) bool {
	switch s[end] {
	case ':':
		return at.lineStart && readClock(s, i, d)
	case ' ':
		return readAccess(s, i, d)
	case '-', '/':
	default:
		return false
	}
	if end+1 < len(s) && letter(s[end+1]) {
		return readAccess(s, i, d)
	}
	first, second := readDayMonth, readUS
	if at.monthFirst {
		first, second = readUS, readDayMonth
	}
	if first(s, i, d) {
		return true
	}
	d.clear()
	return second(s, i, d)
}
