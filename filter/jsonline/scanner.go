package jsonline

import "strings"

// scanner knows the grammar of JSON. Its methods take an index in text and
// return the end of what stands there, -1 if that is not what they want; fault
// then says why.
type scanner struct {
	text  string
	fault Fault
}

func (s *scanner) fail(why Fault) int {
	s.fault = why
	return -1
}

// at is the byte there, 0 at the end, where no value can begin either.
func (s *scanner) at(i int) byte {
	if i < len(s.text) {
		return s.text[i]
	}
	return 0
}

// blanks moves over white space (RFC 8259 section 2).
func (s *scanner) blanks(i int) int {
	for i < len(s.text) {
		switch s.text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// colon moves over the colon behind a key, and the blanks around it.
func (s *scanner) colon(i int) int {
	i = s.blanks(i)
	if s.at(i) != ':' {
		return s.fail(Broken)
	}
	return s.blanks(i + 1)
}

// word moves over a number, true, false or null.
func (s *scanner) word(i int) int {
	rest := s.text[min(i, len(s.text)):]
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(rest, word) {
			return i + len(word)
		}
	}
	return s.number(i)
}

// number moves over a number (RFC 8259 section 6).
func (s *scanner) number(i int) int {
	if s.at(i) == '-' {
		i++
	}
	start := i
	i = s.digits(i)
	if i == start || s.text[start] == '0' && i > start+1 {
		return s.fail(Broken)
	}
	if s.at(i) == '.' {
		fraction := i + 1
		if i = s.digits(fraction); i == fraction {
			return s.fail(Broken)
		}
	}
	if c := s.at(i); c == 'e' || c == 'E' {
		i++
		if c := s.at(i); c == '+' || c == '-' {
			i++
		}
		exponent := i
		if i = s.digits(exponent); i == exponent {
			return s.fail(Broken)
		}
	}
	return i
}

func (s *scanner) digits(i int) int {
	for i < len(s.text) && s.text[i]-'0' <= 9 {
		i++
	}
	return i
}

// skip moves over the value at text[i:], whatever it is, which stands within
// depth others. What is open is kept in the bits of a word, MaxDepth at most.
func (s *scanner) skip(i, depth int) int {
	var objects uint64 // from the innermost on: 1 for an object, 0 for an array
	for open := 0; ; {
		switch c := s.at(i); c {
		case '{', '[':
			if depth+open == MaxDepth {
				return s.fail(TooDeep)
			}
			i = s.blanks(i + 1)
			if s.at(i) == c+2 { // "}" and "]" stand two behind
				i++
				break
			}
			open++
			objects <<= 1
			if c == '{' {
				objects |= 1
				i = s.skipKey(i)
			}
			if i < 0 {
				return -1
			}
			continue // with what is inside
		case '"':
			i, _ = s.str(i)
		default:
			i = s.word(i)
		}
		for { // a value has ended
			if i < 0 || open == 0 {
				return i
			}
			i = s.blanks(i)
			c := s.at(i)
			inObject := objects&1 == 1
			if c == ',' {
				i = s.blanks(i + 1)
				if inObject {
					i = s.skipKey(i)
				}
				break
			}
			if c != '}' && c != ']' || inObject != (c == '}') {
				return s.fail(Broken)
			}
			i++
			open--
			objects >>= 1
		}
		if i < 0 {
			return -1
		}
	}
}

// skipKey moves over a key and its colon.
func (s *scanner) skipKey(i int) int {
	end, _ := s.str(i)
	if end < 0 {
		return -1
	}
	return s.colon(end)
}
