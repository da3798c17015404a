package logtime

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
