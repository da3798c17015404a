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
	if s.at(i) != '"' {
		return s.fail(Broken), 0
	}
	text := s.text
	for i++; ; i++ {
		i = plain(text, i)
		if i >= len(text) {
			return s.fail(Broken), 0
		}
		switch c := text[i]; {
		case c == '"':
			return i + 1, kind
		case c == '\\':
			n := escapeLength(text[i:])
			if n == 0 {
				return s.fail(Broken), 0
			}
			kind |= hasEscapes
			i += n - 1
		case c < ' ':
			return s.fail(Broken), 0
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
		if _, ok := codeUnit(text); ok {
			return unicodeEscape
		}
	}
	return 0
}

const unicodeEscape = len(`\u0000`)

// codeUnit reads the escape \u0000 at the start of text.
func codeUnit(text string) (unit rune, ok bool) {
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
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			r, size := utf8.DecodeRuneInString(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		var r rune
		var size int
		r, size = unescape(raw[i:])
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return dst
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
	r, _ = codeUnit(text)
	if !utf16.IsSurrogate(r) {
		return r, unicodeEscape
	}
	low, _ := codeUnit(text[unicodeEscape:])
	if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
		return pair, 2 * unicodeEscape
	}
	return utf8.RuneError, unicodeEscape
}
