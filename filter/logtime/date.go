package logtime

// parts says which fields of a date were read.
type parts uint16

const (
	haveYear parts = 1 << iota
	haveMonth
	haveDay
	haveZone
	haveUnix // unix and nanos are all there is
	haveYearDay
	haveWeekday
	haveWeekSunday // weeks start on Sunday (%U)
	haveWeekMonday // weeks start on Monday (%W)
	haveHour12
	havePM
	haveDoubt // names a zone that is none: see zone.go
)

// date is what was read of a line, before anything is guessed.
type date struct {
	have                 parts
	year, month, day     int
	hour, minute, second int
	nanos                int
	offset               int   // seconds east of UTC
	unix                 int64 // seconds since 1970
	yearDay, week        int
	weekday              int // 0 is Sunday

	start, end int // what is to be cut from the line
	shape      shape
}

// clear forgets what was read. What have must vouch for may stay.
func (d *date) clear() {
	d.have = 0
	d.hour, d.minute, d.second, d.nanos = 0, 0, 0, 0
	d.shape = shape{}
}

// calendar returns month and day of the date in a year, and whether that year
// has such a day.
func (d *date) calendar(year int) (month, day int, ok bool) {
	month, day = d.month, d.day
	if d.have&(haveMonth|haveDay) == haveMonth|haveDay {
		return month, day, day <= 28 || day <= daysIn(year, month)
	}
	if d.have&(haveMonth|haveDay) == 0 {
		if yearDay := d.dayOfYear(year); yearDay > 0 {
			month, day = splitYearDay(year, yearDay)
			return month, day, month > 0
		}
	}
	// A pattern may leave one out: the first then.
	if d.have&haveMonth == 0 {
		month = 1
	}
	if d.have&haveDay == 0 {
		day = 1
	}
	return month, day, day <= daysIn(year, month)
}

// dayOfYear returns what %j or a week and a day name say, 0 if neither was read.
func (d *date) dayOfYear(year int) int {
	if d.have&haveYearDay != 0 {
		return d.yearDay
	}
	if d.have&haveWeekday == 0 {
		return 0
	}
	first := int(floorMod(daysSince1970(year, 1, 1)+4, 7)) // 1970 began on a Thursday
	switch {
	case d.have&haveWeekSunday != 0:
		// Days before the year's first Sunday are in week 0.
		return (7-first)%7 + 7*(d.week-1) + d.weekday + 1
	case d.have&haveWeekMonday != 0:
		return (8-first)%7 + 7*(d.week-1) + (d.weekday+6)%7 + 1
	}
	return 0
}

// clockSeconds is the time of day in seconds.
func (d *date) clockSeconds() int64 {
	hour := d.hour
	if d.have&haveHour12 != 0 {
		hour %= 12
		if d.have&havePM != 0 {
			hour += 12
		}
	}
	return int64(hour*3600 + d.minute*60 + d.second)
}

// possible reports whether there is such a day, in some year if none was read.
func (d *date) possible() bool {
	if d.have&haveUnix != 0 {
		return true
	}
	year := d.year
	if d.have&haveYear == 0 {
		year = 2000 // has 29 February
	}
	_, _, ok := d.calendar(year)
	return ok
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	}
	return 31
}

func leap(year int) bool {
	return year%4 == 0 && (year%100 != 0 || year%400 == 0)
}

// splitYearDay returns 0, 0 if the year has no such day.
func splitYearDay(year, yearDay int) (month, day int) {
	if yearDay < 1 {
		return 0, 0
	}
	for month = 1; month <= 12; month++ {
		n := daysIn(year, month)
		if yearDay <= n {
			return month, yearDay
		}
		yearDay -= n
	}
	return 0, 0
}

// daysSince1970 counts the days of the Gregorian calendar. Years run from
// March here, so that the leap day is a year's last.
func daysSince1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 719469)
}

func floorMod(a, b int64) int64 {
	return (a%b + b) % b
}
