package logtime

// sameDay reads dates like "Jan 23 04:05:06 " at a line's start, of the same day as the last one: of
// a log that is written in this form nearly all are. Only their times are read.
type sameDay struct {
	known      bool
	day        [len("Jan 23 ")]byte
	monthOfDay int
	dayOfMonth int
}

const (
	// timeLength is that of "04:05:06", dayAndTime that of "Jan 23 04:05:06".
	timeLength = 8
	dayAndTime = len(sameDay{}.day) + timeLength
)

// remember takes in a date of formMonthDay that was found in s.
func (l *sameDay) remember(s string, d *date) {
	plain := shape{form: formMonthDay, month: short}
	if d.shape == plain && d.start == 0 && d.end == dayAndTime {
		l.known = true
		copy(l.day[:], s)
		l.monthOfDay, l.dayOfMonth = d.month, d.day
	}
}

// find reads the date at the start of s into d. Where it reports false there may still be
// one: it is sure only of what no other form can claim.
func (l *sameDay) find(s string, d *date) bool {
	// Behind the time stands a blank, and no year behind that.
	if !l.known || len(s) < dayAndTime+2 || s[:len(l.day)] != string(l.day[:]) ||
		s[dayAndTime] != ' ' || digit(s[dayAndTime+1]) {
		return false
	}
	d.clear()
	d.have = haveMonth | haveDay
	d.month, d.day = l.monthOfDay, l.dayOfMonth
	d.shape = shape{form: formMonthDay, month: short}
	d.start, d.end = 0, dayAndTime
	return readTime(s[:dayAndTime], len(l.day), d) == dayAndTime
}
