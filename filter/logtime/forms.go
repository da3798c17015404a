package logtime

// The readers here and in formnames.go read one form at s[i:], all of it, into
// d, and report whether it is there and such a day exists. What d holds after a
// failure is of no use: the caller clears it.

// readISO reads formISO, whose year is known to be four digits.
func readISO(s string, i int, d *date) bool {
	sep := s[i+4]
	if !d.setFullYear(s[i : i+4]) {
		return false
	}
	month, k := oneOrTwo(s, i+5)
	if k >= len(s) || s[k] != sep {
		return false
	}
	dayAt := k + 1
	dayOfMonth, k := paddedDay(s, dayAt)
	if !d.setDay(month, dayOfMonth) || k >= len(s) {
		return false
	}
	g := gapNone
	switch {
	case s[k] == 'T':
		g = gapT
		k++
	case s[k] == ' ' && k+1 < len(s) && s[k+1] == ' ':
		g = gapBlanks
		k += 2
	case s[k] == ' ':
		g = gapBlank
		k++
	case k-dayAt != 2 || two(s, k) < 0:
		return false // without a gap both day and hour need their two digits
	}
	k = readTime(s, k, d)
	if k < 0 {
		return false
	}
	d.shape = shape{form: formISO, separator: sep, gap: g}
	return d.finish(s, i, readTail(s, k, d, behindAnyGap))
}

// readDayMonth reads formDayMonth.
func readDayMonth(s string, i int, d *date) bool {
	dayOfMonth, month, sep, k := readPair(s, i, oneOrTwo)
	if k < 0 || sep != '-' && sep != '/' || !d.setDay(month, dayOfMonth) {
		return false
	}
	d.shape = shape{form: formDayMonth, separator: sep}
	switch digits(s, k, 5) - k {
	case 2:
		d.setShortYear(two(s, k))
		d.shape.year = short
		k += 2
	case 4:
		if !d.setFullYear(s[k : k+4]) {
			return false
		}
		d.shape.year = full
		k += 4
	default:
		return false
	}
	if k >= len(s) || s[k] != ' ' {
		return false
	}
	k = readTime(s, skipBlank(s, k+1), d)
	return k >= 0 && d.finish(s, i, k)
}

// readUS reads formUSColon and formUSDash.
func readUS(s string, i int, d *date) bool {
	month, dayOfMonth, sep, k := readPair(s, i, paddedDay)
	if k < 0 || !d.setDay(month, dayOfMonth) || digits(s, k, 5) != k+4 || !d.setFullYear(s[k:k+4]) {
		return false
	}
	k += 4
	if k >= len(s) {
		return false
	}
	switch {
	case sep == '/' && s[k] == ':':
		k = readTime(s, k+1, d)
		d.shape = shape{form: formUSColon, separator: sep}
		return k >= 0 && d.finish(s, i, k)
	case sep == '-' && s[k] == ' ':
		k = readTime(s, skipBlank(s, k+1), d)
		d.shape = shape{form: formUSDash, separator: sep}
		return k >= 0 && d.finish(s, i, readTail(s, k, d, noZone))
	}
	return false
}

// readPair reads two numbers with the same separator behind each, the other one
// by second. It returns -1 as end if they are not there.
func readPair(s string, i int, second func(string, int) (int, int)) (a, b int, sep byte, end int) {
	a, k := oneOrTwo(s, i)
	if a < 0 || k >= len(s) {
		return 0, 0, 0, -1
	}
	sep = s[k]
	b, k = second(s, k+1)
	if b < 0 || k >= len(s) || s[k] != sep {
		return 0, 0, 0, -1
	}
	return a, b, sep, k + 1
}

// readClock reads formClock. What goes on with a colon and more is a hardware
// or an IPv6 address.
func readClock(s string, i int, d *date) bool {
	k := readTime(s, i, d)
	if k < 0 || k+1 < len(s) && s[k] == ':' && (s[k+1] == ':' || word(s[k+1])) {
		return false
	}
	d.shape = shape{form: formClock}
	return d.finish(s, i, k)
}

// readAngle reads formAngle.
func readAngle(s string, i int, d *date) bool {
	month, dayOfMonth, sep, k := readPair(s, i+1, paddedDay)
	if k < 0 || sep != '/' || !d.setShortYear(two(s, k)) || !d.setDay(month, dayOfMonth) {
		return false
	}
	k += 2
	if k >= len(s) || s[k] != '@' {
		return false
	}
	k = readTime(s, k+1, d)
	if k < 0 || k >= len(s) || s[k] != '>' {
		return false
	}
	d.shape = shape{form: formAngle}
	return d.finish(s, i, k+1)
}

// readShortYear reads formShortYear; six digits and a blank are known to be there.
func readShortYear(s string, i int, d *date) bool {
	if !d.setShortYear(two(s, i)) || !d.setDay(two(s, i+2), two(s, i+4)) {
		return false
	}
	k := skipBlank(s, i+7)
	d.shape = shape{form: formShortYear, gap: gapBlank}
	if k > i+7 {
		d.shape.gap = gapBlanks
	}
	k = readTime(s, k, d)
	return k >= 0 && d.finish(s, i, k)
}

// readCompact reads formCompact; eight digits are known to be there.
func readCompact(s string, i int, d *date) bool {
	if !d.setFullYear(s[i:i+4]) || !d.setDay(two(s, i+4), two(s, i+6)) {
		return false
	}
	k := i + 8
	d.shape = shape{form: formCompact}
	switch {
	case k >= len(s):
		return false
	case s[k] == 'T':
		d.shape.gap = gapT
		k++
	case s[k] == '-':
		d.shape.separator = '-'
		k++
	case s[k] == ' ':
		end := skipBlank(s, k+1)
		d.shape.gap = gap(end - k) // one or two
		k = end
	}
	hour := two(s, k)
	k, after := skipColon(s, k+2)
	if after {
		d.shape.colons |= colonAfterHour
	}
	minute := two(s, k)
	k, after = skipColon(s, k+2)
	if after {
		d.shape.colons |= colonAfterMinute
	}
	if !d.setTime(hour, minute, two(s, k)) {
		return false
	}
	return d.finish(s, i, readTail(s, k+2, d, behindAnyGap))
}
