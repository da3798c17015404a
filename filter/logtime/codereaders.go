package logtime

func setMonth(d *date, n int)    { d.month, d.have = n, d.have|haveMonth }
func setMonthDay(d *date, n int) { d.day, d.have = n, d.have|haveDay }
func setHour(d *date, n int)     { d.hour = n }
func setHour12(d *date, n int)   { d.hour, d.have = n, d.have|haveHour12 }
func setMinute(d *date, n int)   { d.minute = n }
func setSecond(d *date, n int)   { d.second = n }

// lowest is the lowest value of a field with this highest one: days and months
// count from 1, hours, minutes and seconds from 0.
func lowest(highest int) int {
	if highest == 12 || highest == 31 {
		return 1
	}
	return 0
}

// upTo reads one or two digits.
func upTo(highest int, set func(*date, int)) func(string, int, *date) int {
	return func(s string, i int, d *date) int {
		n, end := oneOrTwo(s, i)
		if n < lowest(highest) || n > highest {
			return -1
		}
		set(d, n)
		return end
	}
}

// exactly reads two digits.
func exactly(highest int, set func(*date, int)) func(string, int, *date) int {
	return func(s string, i int, d *date) int {
		n := two(s, i)
		if n < lowest(highest) || n > highest {
			return -1
		}
		set(d, n)
		return i + 2
	}
}

// padded lets a blank stand for the first of two digits.
func padded(read func(string, int, *date) int) func(string, int, *date) int {
	return func(s string, i int, d *date) int {
		if k := skipBlank(s, i); k > i {
			if k+1 < len(s) && digit(s[k+1]) {
				return -1
			}
			return read(s, k, d)
		}
		return read(s, i, d)
	}
}

// blankBefore skips a blank.
func blankBefore(read func(string, int, *date) int) func(string, int, *date) int {
	return func(s string, i int, d *date) int {
		return read(s, skipBlank(s, i), d)
	}
}

func week(start parts) func(string, int, *date) int {
	return func(s string, i int, d *date) int {
		n, end := oneOrTwo(s, i)
		if n < 0 || n > 53 {
			return -1
		}
		d.week = n
		d.have |= start
		return end
	}
}

func epochCode(unit epochUnit) func(string, int, *date) int {
	return func(s string, i int, d *date) int {
		if end := scanEpoch(s, i, unit, d); end > i {
			return end
		}
		return -1
	}
}

func readTAI64NCode(s string, i int, d *date) int {
	if !readTAI64N(s, i, d) {
		return -1
	}
	return d.end
}

func readYear(s string, i int, d *date) int {
	end := digits(s, i, 4)
	if end != i+4 || s[i:end] == "0000" {
		return -1
	}
	d.year = int(number(s[i:end]))
	d.have |= haveYear
	return end
}

func readUsualYear(s string, i int, d *date) int {
	if digits(s, i, 4) != i+4 || !d.setFullYear(s[i:i+4]) {
		return -1
	}
	return i + 4
}

func readYearOfCentury(s string, i int, d *date) int {
	if !d.setShortYear(two(s, i)) {
		return -1
	}
	return i + 2
}

func readYearDay(s string, i int, d *date) int {
	end := digits(s, i, 3)
	n := number(s[i:end])
	if n < 1 || n > 366 {
		return -1
	}
	d.yearDay = int(n)
	d.have |= haveYearDay
	return end
}

func readMonthName(s string, i int, d *date) int {
	n, end := monthName(s, i)
	if n == 0 {
		return -1
	}
	setMonth(d, n)
	return end
}

func readDayName(s string, i int, d *date) int {
	n, end := dayName(s, i)
	if n < 0 {
		return -1
	}
	d.weekday = n
	d.have |= haveWeekday
	return end
}

func readWeekday(s string, i int, d *date) int {
	if i >= len(s) || s[i]-'0' > 6 {
		return -1
	}
	d.weekday = int(s[i] - '0')
	d.have |= haveWeekday
	return i + 1
}

func readHalf(s string, i int, d *date) int {
	if i+2 > len(s) || !d.setHalf(s[i:i+2]) {
		return -1
	}
	return i + 2
}

func readNanos(s string, i int, d *date) int {
	end := digits(s, i, 9)
	if end == i {
		return -1
	}
	d.nanos = nanoseconds(s[i:end])
	return end
}

func readOffset(s string, i int, d *date) int {
	seconds, end := offset(s, i)
	if end == i {
		return -1
	}
	d.offset = seconds
	d.have |= haveZone
	return end
}

func readZoneName(s string, i int, d *date) int {
	end := capitals(s, i)
	if n := end - i; n == 0 || n == 2 || n == 1 && s[i] != 'Z' {
		return -1
	}
	return d.setZone(s[i:end], end)
}

func readZoneOrLetter(s string, i int, d *date) int {
	end := capitals(s, i)
	if n := end - i; n == 0 || n == 2 {
		return -1
	}
	return d.setZone(s[i:end], end)
}

// setZone returns end. An unknown name leaves the date in doubt: it is none.
func (d *date) setZone(name string, end int) int {
	seconds, known, _ := zoneName(name)
	if !known {
		d.have |= haveDoubt
	}
	d.offset = seconds
	d.have |= haveZone
	return end
}

// readNameOrOffset reads a name, an offset, or both, of which the offset counts.
func readNameOrOffset(s string, i int, d *date) int {
	end := i
	if name := readZoneName(s, i, d); name > 0 {
		end = name
	}
	seconds, offsetEnd := signedOffset(s, end)
	if end > i {
		seconds, offsetEnd = offsetBehindName(s, end)
	}
	if offsetEnd == end {
		if end == i {
			return -1
		}
		return end
	}
	d.offset = seconds
	d.have &^= haveDoubt
	d.have |= haveZone
	return offsetEnd
}
