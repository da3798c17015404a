package jsonline

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// stringKind says what is in a string that makes it differ from its text.
type stringKind uint8

const (
	hasEscapes  stringKind = 1 << iota
	hasNonASCII            // which may be no UTF-8
)

// str moves over the string at text[i:], quotation marks included.
func (s *scanner) str(i int) (end int, kind stringKind) {
	if s.at(i) == '"' {
		if end, kind := inside(s.text, i+1); end >= 0 {
			return end + 1, kind
		}
	}
	return s.fail(Broken), 0
}

// StringEnd returns the quotation mark that ends the string whose inside begins at text[i:], -1
// if there is none or the string has a fault. isText says that the inside is its text as it
// stands: no escapes, and ASCII alone.
func StringEnd(text string, i int) (end int, isText bool) {
	end, kind := inside(text, i)
	return end, kind == 0
}

// inside is StringEnd, with what is in the string.
func inside(text string, i int) (end int, kind stringKind) {
	for ; ; i++ {
		i = plain(text, i)
		if i >= len(text) {
			return -1, 0
		}
		switch c := text[i]; {
		case c == '"':
			return i, kind
		case c == '\\':
			n := escapeLength(text[i:])
			if n == 0 {
				return -1, 0
			}
			kind |= hasEscapes
			i += n - 1
		case c < ' ':
			return -1, 0
		case c >= utf8.RuneSelf:
			kind |= hasNonASCII
		}
	}
}

// plain moves over ASCII without control characters, quotation marks and
// backslashes, as far as there are eight bytes to look at. In a byte that is what
// is looked for, the difference is zero, and what is subtracted then borrows from
// its top bit (Warren, Hacker's Delight, section 6-1). A borrow may mark the bytes above
// as well, so that only the lowest mark counts.
func plain(text string, i int) int {
	const (
		ones = 0x0101010101010101
		tops = 0x8080808080808080
	)
	for ; i+8 <= len(text); i += 8 {
		b := text[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quotes := (w ^ '"'*ones) - ones
		slashes := (w ^ '\\'*ones) - ones
		controls := w - ' '*ones
		if marks := (quotes | slashes | controls | w) & tops; marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	return i
}

// escapeLength is the length of the escape at the start of text, 0 if there is
// none (RFC 8259 section 7).
func escapeLength(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := CodeUnit(text); ok {
			return unicodeEscape
		}
	}
	return 0
}

const unicodeEscape = len(`\u0000`)

// CodeUnit reads the escape \u0000 at the start of text.
func CodeUnit(text string) (unit rune, ok bool) {
	if len(text) < unicodeEscape || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for i := 2; i < unicodeEscape; i++ {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}

// needsWork says whether the inside of a string is not its text.
func needsWork(raw string, kind stringKind) bool {
	return kind != 0 && (kind&hasEscapes != 0 || !utf8.ValidString(raw))
}

// appendText appends the text of a string, of which raw is the inside, to dst.
func appendText(dst []byte, raw string) []byte {
	for raw != "" {
		r, width := NextChar(raw)
		dst = utf8.AppendRune(dst, r)
		raw = raw[width:]
	}
	return dst
}

// NextChar returns the character at the start of raw, which is the inside of a string from some character
// on, and how many bytes stand for it there. What is not UTF-8 and half a surrogate pair is U+FFFD,
// as with package encoding/json.
func NextChar(raw string) (r rune, width int) {
	if raw[0] != '\\' {
		return utf8.DecodeRuneInString(raw)
	}
	return unescape(raw)
}

// unescape reads the escape at the start of text, or two that are a surrogate
// pair.
func unescape(text string) (r rune, size int) {
	switch c := text[1]; c {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return rune(c), 2
	}
	r, _ = CodeUnit(text)
	if !utf16.IsSurrogate(r) {
		return r, unicodeEscape
	}
	low, _ := CodeUnit(text[unicodeEscape:])
	if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
		return pair, 2 * unicodeEscape
	}
	return utf8.RuneError, unicodeEscape
}
