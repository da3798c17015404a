package header

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// stringEnd returns the quote that ends the JSON string (RFC 8259 section 7) which
// began before s[i:], -1 if there is none or the string has a fault. special says
// that it has something else than plain ASCII in it.
func stringEnd(s string, i int) (end int, special bool) {
	for i < len(s) {
		switch c := s[i]; {
		case c == '"':
			return i, special
		case c < ' ':
			return -1, false
		case c == '\\':
			n := escapeLength(s[i:])
			if n == 0 {
				return -1, false
			}
			special = true
			i += n
			continue
		case c >= utf8.RuneSelf:
			special = true
		}
		i++
	}
	return -1, false
}

// escapeLength is the length of the escape that s begins with, 0 if it is none.
func escapeLength(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if hexRune(s) >= 0 {
			return 6
		}
	}
	return 0
}

// hexRune is the number in \uXXXX, with which s begins, -1 if it doesn't.
func hexRune(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case digit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

// cutEscape cuts an escape of plain off the end of text, \n or \u000a for a line
// end.
func cutEscape(text string, letter byte, plain byte) (string, bool) {
	for _, length := range []int{2, 6} {
		at := len(text) - length
		if at < 0 || text[at] != '\\' || backslashes(text[:at])%2 == 1 {
			continue
		}
		if length == 2 && text[at+1] == letter || length == 6 && hexRune(text[at:]) == rune(plain) {
			return text[:at], true
		}
	}
	return text, false
}

// backslashes is the number of those at the end of text.
func backslashes(text string) int { return len(text) - len(strings.TrimRight(text, `\`)) }

// Plain says that the output is Text, as it stands.
func (r *Record) Plain() bool { return !r.escaped }

// AppendText adds the output to buf. What is not UTF-8 becomes U+FFFD, as with package
// encoding/json, if the record is of JSON.
func (r *Record) AppendText(buf []byte) []byte {
	if !r.escaped {
		return append(buf, r.Text...)
	}
	for s := r.Text; s != ""; {
		_, char, width := next(s)
		buf = utf8.AppendRune(buf, char)
		s = s[width:]
	}
	return buf
}

// Place returns where in the line the byte stands that is output[i].
func (r *Record) Place(i int) int {
	if !r.escaped {
		return r.At + i
	}
	at := 0
	for at < len(r.Text) {
		n, _, width := next(r.Text[at:])
		if i < n {
			break
		}
		i -= n
		at += width
	}
	return r.At + at
}

// next returns the character that s begins with, its length, and that of what
// stands for it in s.
func next(s string) (length int, char rune, width int) {
	switch {
	case s[0] != '\\':
		char, width = utf8.DecodeRuneInString(s)
	case s[1] == 'u':
		char, width = hexRune(s), 6
		if utf16.IsSurrogate(char) {
			if char = utf16.DecodeRune(char, hexRune(s[6:])); char != utf8.RuneError {
				width = 12
			}
		}
	default:
		char, width = rune(unescaped(s[1])), 2
	}
	return utf8.RuneLen(char), char, width
}

// unescaped is what a letter behind a backslash stands for.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// Spellings adds to dst how else text may stand in a record of JSON: as
// encoding/json and Docker write it, with <, > and & escaped or not. What has several
// spellings beside these is cut off: text is in a record only if one of the
// spellings of the longest rest is.
func Spellings(dst []string, text string) []string {
	text = steady(text)
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	html := strings.NewReplacer(`<`, `\u003c`, `>`, `\u003e`, `&`, `\u0026`).Replace(quoted)
	for _, spelling := range []string{quoted, html} {
		if spelling != text && !strings.Contains(spelling, text) {
			dst = append(dst, spelling)
		}
	}
	return append(dst, text)
}

// steady is the longest piece of text without control characters and those that
// JavaScript takes for line ends: some write \u0009, others \t.
func steady(text string) string {
	longest := ""
	for _, piece := range strings.FieldsFunc(text, func(r rune) bool {
		return r < ' ' || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
	}) {
		if len(piece) > len(longest) {
			longest = piece
		}
	}
	return longest
}
