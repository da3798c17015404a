package logtime

import (
	"strings"
	"unicode/utf8"
)

// token is a part of a pattern.
type token struct {
	kind tokenKind
	text string // in RE2 syntax
	char byte   // what a literal stands for
	code code
}

type tokenKind int

const (
	literal    tokenKind = iota // one character
	anyChar                     // the dot
	codeToken                   // a code
	expression                  // any other RE2 syntax
	group                       // a bracket that captures
)

// tokenize returns the first token of s, or several where a code stands for
// several, and how long its text is: 0 if s begins with an unknown code.
func tokenize(s string) (list []token, size int) {
	switch c := s[0]; c {
	case '%':
		return tokenizeCode(s)
	case '\\':
		if len(s) > 1 && s[1] < utf8.RuneSelf && !word(s[1]) {
			return []token{{kind: literal, text: s[:2], char: s[1]}}, 2
		}
		n := min(len(s), 2)
		return []token{{kind: expression, text: s[:n]}}, n
	case '[':
		n := classEnd(s)
		return []token{{kind: expression, text: strings.ReplaceAll(s[:n], "%%", "%")}}, n
	case '{':
		return tokenizeBrace(s)
	case '(':
		if captures(s) {
			return []token{{kind: group, text: "("}}, 1
		}
		return []token{{kind: expression, text: "("}}, 1
	case '.':
		return []token{{kind: anyChar, text: "."}}, 1
	case ')', '|', '*', '+', '?', '^', '$', '}':
		return []token{{kind: expression, text: s[:1]}}, 1
	default:
		return []token{{kind: literal, text: s[:1], char: c}}, 1
	}
}

func tokenizeCode(s string) (list []token, size int) {
	name := codeName(s)
	if name == "%%" {
		return []token{{kind: literal, text: "%", char: '%'}}, len(name)
	}
	if several, ok := composite(name); ok {
		for len(several) > 0 {
			part, n := tokenize(several)
			list = append(list, part...)
			several = several[n:]
		}
		return list, len(name)
	}
	return lookUp(name)
}

// lookUp returns the token for a known code, 0 as size for others.
func lookUp(name string) (list []token, size int) {
	for _, c := range codes() {
		if c.name == name {
			return []token{{kind: codeToken, text: c.expression, code: c}}, len(name)
		}
	}
	return nil, 0
}

// codeName returns the code at the start of s, known or not: a percent sign, the
// flags and modifiers that strptime(3) and date(1) know, and a letter.
func codeName(s string) string {
	i := 1
	for i < len(s) && strings.IndexByte("-_0^#:123456789", s[i]) >= 0 {
		i++
	}
	if strings.HasPrefix(s[i:], "Ex") {
		i += 2
	} else if i+1 < len(s) && (s[i] == 'E' || s[i] == 'O') {
		i++
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return s[:i+n]
}

// tokenizeBrace reads {EPOCH} and its like, or a repetition.
func tokenizeBrace(s string) (list []token, size int) {
	if end := strings.IndexByte(s, '}'); end > 0 {
		if list, size = lookUp(s[:end+1]); size > 0 {
			return list, size
		}
	}
	if strings.HasPrefix(s, dateTag) {
		return []token{{kind: expression, text: dateTag}}, len(dateTag)
	}
	if strings.HasPrefix(s, "{,") {
		// None at least: RE2 wants it said.
		return []token{{kind: expression, text: "{0,"}}, 2
	}
	return []token{{kind: expression, text: "{"}}, 1
}

// classEnd returns the end of the character class that s begins with, all of s
// if it is not closed.
func classEnd(s string) int {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++ // there it stands for itself
	}
	for i < len(s) {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], "[:"):
			if n := strings.Index(s[i:], ":]"); n > 0 {
				i += n + 1
			}
		case s[i] == ']':
			return i + 1
		}
		i++
	}
	return len(s)
}

// captures says whether the bracket that s begins with is a capturing group.
func captures(s string) bool {
	if !strings.HasPrefix(s, "(?") {
		return true
	}
	named := strings.HasPrefix(s, "(?<") && !strings.HasPrefix(s, "(?<=") && !strings.HasPrefix(s, "(?<!")
	return named || strings.HasPrefix(s, "(?P<")
}
