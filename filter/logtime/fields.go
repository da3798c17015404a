package logtime

// Years with four digits are taken within these bounds where they stand in a
// usual form: other numbers are no years.
const (
	firstYear = 1970
	lastYear  = 2099
)

func (d *date) setFullYear(fourDigits string) bool {
	high, low := two(fourDigits, 0), two(fourDigits, 2)
	year := high*100 + low
	if high < 0 || low < 0 || year < firstYear || year > lastYear {
		return false
	}
	d.year = year
	d.have |= haveYear
	return true
}

func (d *date) setShortYear(year int) bool {
	d.year = 2000 + year
	d.have |= haveYear
	return year >= 0
}

func (d *date) setDay(month, day int) bool {
	d.month, d.day = month, day
	d.have |= haveMonth | haveDay
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

func (d *date) setTime(hour, minute, second int) bool {
	d.hour, d.minute, d.second = hour, minute, second
	return uint(hour) < 24 && uint(minute) < 60 && uint(second) < 60
}

// setHalf takes AM or PM, in any case.
func (d *date) setHalf(half string) bool {
	if len(half) != 2 || half[1]|0x20 != 'm' {
		return false
	}
	switch half[0] | 0x20 {
	case 'p':
		d.have |= havePM
	case 'a':
	default:
		return false
	}
	d.have |= haveHour12
	return true
}

// finish sets the span and reports whether the date may end there and exists.
func (d *date) finish(s string, start, end int) bool {
	d.start, d.end = start, end
	return boundary(s, end) && d.possible()
}

// readTime reads H:M:S at s[k:], one or two digits each. It returns the end, or
// -1.
func readTime(s string, k int, d *date) int {
	if k+8 <= len(s) && s[k+2] == ':' && s[k+5] == ':' {
		// The way nearly everything is written.
		if d.setTime(two(s, k), two(s, k+3), two(s, k+6)) {
			return k + 8
		}
	}
	hour, k := oneOrTwo(s, k)
	if k >= len(s) || s[k] != ':' {
		return -1
	}
	minute, k := oneOrTwo(s, k+1)
	if k >= len(s) || s[k] != ':' {
		return -1
	}
	second, k := oneOrTwo(s, k+1)
	if !d.setTime(hour, minute, second) {
		return -1
	}
	return k
}

func readFraction(s string, k int, d *date) int {
	nanos, end := fraction(s, k)
	if end > k {
		d.nanos = nanos
		d.shape.point = s[k]
	}
	return end
}

// zonePlace says where a form has its zone.
type zonePlace int

const (
	noZone       zonePlace = iota
	behindBlank            // one
	behindAnyGap           // directly or behind any number of blanks
)

// readTail reads the fraction and the zone that may follow a time.
func readTail(s string, k int, d *date, zone zonePlace) int {
	end := readFraction(s, k, d)
	if zoneEnd := readZoneBehind(s, end, d, zone); zoneEnd > end {
		return zoneEnd
	}
	if !boundary(s, end) {
		// What follows the point is text: "04:05:06.7th try".
		d.nanos, d.shape.point = 0, 0
		return k
	}
	return end
}

// readZoneBehind returns k if there is no zone.
func readZoneBehind(s string, k int, d *date, zone zonePlace) int {
	z := skipBlank(s, k)
	if zone == noZone || zone == behindBlank && z == k {
		return k
	}
	for zone == behindAnyGap && z < len(s) && s[z] == ' ' {
		z++
	}
	seconds, end := offset(s, z)
	if end == z || !boundary(s, end) {
		return k
	}
	d.offset = seconds
	d.have |= haveZone
	d.shape.zoned = true
	if z > k {
		d.shape.zone = gapBlank
	}
	return end
}

func skipBlank(s string, k int) int {
	if k < len(s) && s[k] == ' ' {
		return k + 1
	}
	return k
}

func skipColon(s string, k int) (end int, skipped bool) {
	if k < len(s) && s[k] == ':' {
		return k + 1, true
	}
	return k, false
}
