package logtime

// key packs three letters, in lower case. Only letters become letters.
func key(a, b, c byte) uint32 {
	return uint32(a|0x20)<<16 | uint32(b|0x20)<<8 | uint32(c|0x20)
}

// monthName reads an English month name at s[i:], short or full, in any case. It
// returns 0 if there is none.
func monthName(s string, i int) (month, end int) {
	if i+3 > len(s) {
		return 0, i
	}
	switch key(s[i], s[i+1], s[i+2]) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1, skipRest(s, i+3, "uary")
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2, skipRest(s, i+3, "ruary")
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3, skipRest(s, i+3, "ch")
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4, skipRest(s, i+3, "il")
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5, i + 3
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6, skipRest(s, i+3, "e")
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7, skipRest(s, i+3, "y")
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8, skipRest(s, i+3, "ust")
	case 's'<<16 | 'e'<<8 | 'p':
		return 9, skipRest(s, i+3, "tember")
	case 'o'<<16 | 'c'<<8 | 't':
		return 10, skipRest(s, i+3, "ober")
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11, skipRest(s, i+3, "ember")
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12, skipRest(s, i+3, "ember")
	}
	return 0, i
}

// dayName reads an English day name at s[i:], short or full, in any case. Sunday
// is 0; it returns -1 if there is none.
func dayName(s string, i int) (weekday, end int) {
	if i+3 > len(s) {
		return -1, i
	}
	switch key(s[i], s[i+1], s[i+2]) {
	case 's'<<16 | 'u'<<8 | 'n':
		return 0, skipRest(s, i+3, "day")
	case 'm'<<16 | 'o'<<8 | 'n':
		return 1, skipRest(s, i+3, "day")
	case 't'<<16 | 'u'<<8 | 'e':
		return 2, skipRest(s, i+3, "sday")
	case 'w'<<16 | 'e'<<8 | 'd':
		return 3, skipRest(s, i+3, "nesday")
	case 't'<<16 | 'h'<<8 | 'u':
		return 4, skipRest(s, i+3, "rsday")
	case 'f'<<16 | 'r'<<8 | 'i':
		return 5, skipRest(s, i+3, "day")
	case 's'<<16 | 'a'<<8 | 't':
		return 6, skipRest(s, i+3, "urday")
	}
	return -1, i
}

// skipRest returns the end of rest at s[i:], whatever its case, or i.
func skipRest(s string, i int, rest string) int {
	if len(s)-i < len(rest) {
		return i
	}
	for k := range len(rest) {
		if s[i+k]|0x20 != rest[k] {
			return i
		}
	}
	return i + len(rest)
}

// word says whether c belongs to a word: an ASCII letter, digit or underscore,
// as \w in Go's regexp.
func word(c byte) bool {
	return digit(c) || letter(c) || c == '_'
}

func letter(c byte) bool {
	return c|0x20-'a' <= 'z'-'a'
}

// boundary says whether a form may begin or end at i: not inside a word.
func boundary(s string, i int) bool {
	return i == 0 || i == len(s) || !word(s[i-1]) || !word(s[i])
}
