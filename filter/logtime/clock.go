package logtime

import (
	"math"
	"time"
)

const (
	day = 24 * 60 * 60 // seconds

	// aheadOfNow is how much later than now a date without year may be. It
	// leaves room for clocks and zones that differ.
	aheadOfNow = 24 * time.Hour

	// leapYearsApart is the longest time between two days of 29 February (1896
	// and 1904), in years.
	leapYearsApart = 8
)

// clock turns what was read into times. It remembers how far the zone's present
// offset and the present year reach: looking them up for each line would take
// longer than reading the date.
type clock struct {
	location *time.Location

	// Wall clock times in [offsetFrom, offsetUntil), in seconds since 1970 as
	// if they were UTC, have this offset.
	offset                  int64
	offsetFrom, offsetUntil int64

	// Moments in [yearFrom, yearUntil), in Unix seconds, are in year.
	year                int
	yearFrom, yearUntil int64
}

// time fills in what the date leaves out. It reports false if there is no such
// day.
func (c *clock) time(d *date, now time.Time) (time.Time, bool) {
	switch {
	case d.have&haveUnix != 0:
		return time.Unix(d.unix, int64(d.nanos)).In(c.location), true
	case d.have&haveYear != 0:
		return c.inYear(d, d.year)
	case d.have&(haveMonth|haveDay|haveYearDay|haveWeekSunday|haveWeekMonday) == 0:
		return c.guessDay(d, now), true
	case d.have&(haveMonth|haveYearDay|haveWeekSunday|haveWeekMonday) == 0:
		return c.guessMonth(d, now)
	}
	return c.guessYear(d, now)
}

// inYear reads the date as one of this year.
func (c *clock) inYear(d *date, year int) (time.Time, bool) {
	month, dayOfMonth, ok := d.calendar(year)
	if !ok {
		return time.Time{}, false
	}
	return c.fromWall(d, daysSince1970(year, month, dayOfMonth)*day+d.clockSeconds()), true
}

// guessYear takes the latest year that has such a day and in which the date is
// not far ahead of now.
func (c *clock) guessYear(d *date, now time.Time) (time.Time, bool) {
	year := c.yearOf(now)
	latest := now.Add(aheadOfNow)
	first := year
	if d.have&haveMonth == 0 || d.month == 1 {
		// On 31 December a clock that is ahead may already write January.
		first++
	}
	for y := first; y >= year-leapYearsApart; y-- {
		if t, ok := c.inYear(d, y); ok && !t.After(latest) {
			return t, true
		}
	}
	return time.Time{}, false
}

// guessMonth is for patterns with a day of the month but no month.
func (c *clock) guessMonth(d *date, now time.Time) (time.Time, bool) {
	latest := now.Add(aheadOfNow)
	y, m, _ := latest.In(c.location).Date()
	guess := *d
	guess.have |= haveMonth
	guess.month = int(m)
	for range 12 {
		if t, ok := c.inYear(&guess, y); ok && !t.After(latest) {
			return t, true
		}
		guess.month--
		if guess.month == 0 {
			guess.month = 12
			y--
		}
	}
	return time.Time{}, false
}

// guessDay takes today or, if that is still to come, yesterday.
func (c *clock) guessDay(d *date, now time.Time) time.Time {
	offset := d.offset
	if d.have&haveZone == 0 {
		_, offset = now.In(c.location).Zone()
	}
	wall := now.Unix() + int64(offset)
	midnight := wall - floorMod(wall, day)
	t := c.fromWall(d, midnight+d.clockSeconds())
	if t.After(now) {
		t = c.fromWall(d, midnight-day+d.clockSeconds())
	}
	return t
}

// fromWall returns the moment when clocks in the date's zone show wall.
func (c *clock) fromWall(d *date, wall int64) time.Time {
	if d.have&haveZone != 0 {
		return time.Unix(wall-int64(d.offset), int64(d.nanos)).In(c.location)
	}
	if wall < c.offsetFrom || wall >= c.offsetUntil {
		return c.lookUp(wall, d.nanos)
	}
	return time.Unix(wall-c.offset, int64(d.nanos)).In(c.location)
}

// lookUp asks the zone's table and remembers the answer for times that are far
// enough from a change of offset to be beyond doubt.
func (c *clock) lookUp(wall int64, nanos int) time.Time {
	const doubt = 26 * 60 * 60 // offsets lie within -12 h and +14 h
	u := time.Unix(wall, 0).UTC()
	y, m, dayOfMonth := u.Date()
	t := time.Date(y, m, dayOfMonth, u.Hour(), u.Minute(), u.Second(), nanos, c.location)
	_, offset := t.Zone()
	from, until := t.ZoneBounds()
	c.offset = int64(offset)
	c.offsetFrom, c.offsetUntil = math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		c.offsetFrom = from.Unix() + c.offset + doubt
	}
	if !until.IsZero() {
		c.offsetUntil = until.Unix() + c.offset - doubt
	}
	return t
}

// yearOf returns the year of now in the clock's zone.
func (c *clock) yearOf(now time.Time) int {
	if u := now.Unix(); u < c.yearFrom || u >= c.yearUntil {
		c.year = now.In(c.location).Year()
		c.yearFrom = time.Date(c.year, 1, 1, 0, 0, 0, 0, c.location).Unix()
		c.yearUntil = time.Date(c.year+1, 1, 1, 0, 0, 0, 0, c.location).Unix()
	}
	return c.year
}
