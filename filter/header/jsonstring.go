package header

import (
	"strings"
	"unicode/utf8"

	"gaol/filter/jsonline"
)

// cutEscape cuts an escape of plain off the end of text, \n or \u000a for a line
// end.
func cutEscape(text string, letter byte, plain byte) (string, bool) {
	for _, length := range []int{2, 6} {
		at := len(text) - length
		if at < 0 || text[at] != '\\' || backslashes(text[:at])%2 == 1 {
			continue
		}
		unit, isUnit := jsonline.CodeUnit(text[at:])
		if length == 2 && text[at+1] == letter || isUnit && unit == rune(plain) {
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
		char, width := jsonline.NextChar(s)
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
		char, width := jsonline.NextChar(r.Text[at:])
		n := utf8.RuneLen(char)
		if i < n {
			break
		}
		i -= n
		at += width
	}
	return r.At + at
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
