package logtime

// The readers below read one form at s[i:], all of it, into d, and report
// whether it is there and such a day exists. What d holds after a failure is
// of no use: the caller clears it.

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

// readMonthFirst reads what begins with the name of a day or a month.
func readMonthFirst(s string, i int, lineStart bool, d *date) bool {
	k := i
	weekday := absent
	if n, end := dayName(s, i); n >= 0 && end < len(s) && s[end] == ' ' {
		weekday = nameForm(i, end)
		k = end + 1
	}
	month, end := monthName(s, k)
	if month == 0 || end+2 > len(s) {
		return false
	}
	d.shape = shape{weekday: weekday, month: nameForm(k, end)}
	d.month = month
	d.have |= haveMonth | haveDay
	switch s[end] {
	case ' ':
		return readAfterMonth(s, i, end+1, d)
	case '-':
		return lineStart && weekday == absent && readMonthNameDash(s, i, end+1, d)
	}
	return false
}

// nameForm tells short names of days and months from full ones by their length.
func nameForm(start, end int) wordForm {
	if end-start > 3 {
		return full
	}
	return short
}

// readAfterMonth goes on at the day: formMonthDay, formMonthDayYear or
// formTwelveHours.
func readAfterMonth(s string, start, k int, d *date) bool {
	dayOfMonth, k := paddedDay(s, k) // "Mar  9"
	if dayOfMonth < 1 || dayOfMonth > 31 || k >= len(s) {
		return false
	}
	d.day = dayOfMonth
	switch {
	case s[k] == ',':
		return d.shape.weekday == absent && readTwelveHours(s, start, k+1, d)
	case s[k] != ' ':
		return false
	case digits(s, k+1, 5) == k+5:
		return readMonthDayYear(s, start, k+1, d)
	}
	k = readTime(s, skipBlank(s, k+1), d)
	if k < 0 {
		return false
	}
	d.shape.form = formMonthDay
	k = readTail(s, k, d, noZone)
	return d.finish(s, start, readYearBehind(s, k, d))
}

// readYearBehind reads the year at the end of formMonthDay, if there is one.
func readYearBehind(s string, k int, d *date) int {
	end := k + 5
	if end > len(s) || s[k] != ' ' || digits(s, k+1, 4) != end || !boundary(s, end) {
		return k
	}
	if !d.setFullYear(s[k+1 : end]) {
		return k
	}
	d.shape.year = full
	return end
}

// readMonthDayYear goes on at the year of formMonthDayYear, which is four digits.
func readMonthDayYear(s string, start, k int, d *date) bool {
	if !d.setFullYear(s[k:k+4]) || k+4 >= len(s) || s[k+4] != ' ' {
		return false
	}
	k = readTime(s, skipBlank(s, k+5), d)
	if k < 0 {
		return false
	}
	d.shape.form = formMonthDayYear
	return d.finish(s, start, readTail(s, k, d, noZone))
}

// readTwelveHours goes on at the blank before the year of formTwelveHours.
func readTwelveHours(s string, start, k int, d *date) bool {
	if k+6 > len(s) || s[k] != ' ' || digits(s, k+1, 5) != k+5 || s[k+5] != ' ' || !d.setFullYear(s[k+1:k+5]) {
		return false
	}
	k = readTime(s, k+6, d)
	if k < 0 || d.hour < 1 || d.hour > 12 || k+3 > len(s) || s[k] != ' ' || !d.setHalf(s[k+1:k+3]) {
		return false
	}
	d.shape.form = formTwelveHours
	return d.finish(s, start, k+3)
}

// readMonthNameDash goes on at the day of formMonthNameDash.
func readMonthNameDash(s string, start, k int, d *date) bool {
	dayOfMonth, k := paddedDay(s, k)
	if k >= len(s) || s[k] != '-' || !d.setShortYear(two(s, k+1)) || !d.setDay(d.month, dayOfMonth) {
		return false
	}
	k += 3
	if k >= len(s) || s[k] != ' ' {
		return false
	}
	k = readTime(s, skipBlank(s, k+1), d)
	d.shape.form = formMonthNameDash
	return k >= 0 && d.finish(s, start, k)
}

// readAccess reads formAccess.
func readAccess(s string, i int, d *date) bool {
	dayOfMonth, k := oneOrTwo(s, i)
	sep := s[k]
	month, end := monthName(s, k+1)
	if month == 0 || end+6 > len(s) || s[end] != sep || digits(s, end+1, 4) != end+5 {
		return false
	}
	if !d.setFullYear(s[end+1:end+5]) || !d.setDay(month, dayOfMonth) {
		return false
	}
	d.shape = shape{form: formAccess, separator: sep, month: nameForm(k+1, end)}
	k = end + 5
	switch s[k] {
	case ':':
		d.shape.gap = gapColon
		k++
	case ' ':
		d.shape.gap = gapBlank
		k++
	}
	k = readTime(s, k, d)
	return k >= 0 && d.finish(s, i, readTail(s, k, d, behindBlank))
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

// readZoneFirst reads formZoneMonthDay, which begins with a zone's name.
func readZoneFirst(s string, i int, d *date) bool {
	end := capitals(s, i)
	if end == i || end >= len(s) || s[end] != ' ' || end == i+1 && s[i] != 'Z' {
		return false // a single letter mostly is a level: "E Jan 23 …"
	}
	seconds, known, doubtful := zoneName(s[i:end])
	if !known && !doubtful || !readMonthFirst(s, end+1, false, d) || d.shape.form != formMonthDay {
		return false
	}
	d.shape.form = formZoneMonthDay
	d.start = i
	d.offset = seconds
	d.have |= haveZone
	if doubtful {
		d.have |= haveDoubt
	}
	return true
}

// readOffsetFirst reads formOffsetMonthDay, which begins with an offset.
func readOffsetFirst(s string, i int, d *date) bool {
	seconds, end := offset(s, i)
	if end == i || end >= len(s) || s[end] != ' ' || !readMonthFirst(s, end+1, false, d) || d.shape.form != formMonthDay {
		return false
	}
	d.shape.form = formOffsetMonthDay
	d.start = i
	d.offset = seconds
	d.have |= haveZone
	return true
}
