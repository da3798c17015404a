package logtime

func digit(c byte) bool {
	return c-'0' <= 9
}

// two reads exactly two digits at s[i:], -1 if they are not there.
func two(s string, i int) int {
	if i+2 > len(s) {
		return -1
	}
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

// oneOrTwo reads as many digits as there are at s[i:], at most two. It returns
// -1 if there is none.
func oneOrTwo(s string, i int) (n, end int) {
	if i >= len(s) || s[i]-'0' > 9 {
		return -1, i
	}
	n = int(s[i] - '0')
	if i+1 < len(s) && s[i+1]-'0' <= 9 {
		return n*10 + int(s[i+1]-'0'), i + 2
	}
	return n, i + 1
}

// paddedDay is oneOrTwo, but a blank may stand for the first of two digits.
func paddedDay(s string, i int) (n, end int) {
	k := skipBlank(s, i)
	if k > i && k+1 < len(s) && digit(s[k+1]) {
		return -1, i
	}
	return oneOrTwo(s, k)
}

// digits returns the end of the digits at s[i:], at most limit of them.
func digits(s string, i, limit int) int {
	end := i
	for end < len(s) && end-i < limit && digit(s[end]) {
		end++
	}
	return end
}

// number is the value of digits, at most 18 of them.
func number(s string) int64 {
	n := int64(0)
	for i := range len(s) {
		n = n*10 + int64(s[i]-'0')
	}
	return n
}

// fraction reads the one to nine digits that stand behind a dot or a comma at
// s[i:], as nanoseconds. end is i if there is none, or more than nine.
func fraction(s string, i int) (nanos, end int) {
	if i >= len(s) || s[i] != '.' && s[i] != ',' {
		return 0, i
	}
	end = digits(s, i+1, 10)
	if n := end - i - 1; n < 1 || n > 9 {
		return 0, i
	}
	return nanoseconds(s[i+1 : end]), end
}

// nanoseconds is the value of the digits behind the point.
func nanoseconds(s string) int {
	n, unit := 0, 1_000_000_000
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
		unit /= 10
	}
	return n * unit
}
