package notice

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxUser and maxLine bound, in bytes, what is told of a user name or id and of a line.
	maxUser = 256
	maxLine = 1 << 10
	// maxLines is how many lines are told of one ban.
	maxLines = 10
)

// Clean returns text made harmless: valid UTF-8, on one line, without control characters and those that
// turn the direction of writing or hide (they would make a mail show what it does not say), and of at
// most longest bytes, the end left out.
func Clean(text string, longest int) string {
	// A bound first: a stranger can make it as long as a line may be.
	text = Shorten(text, longest)
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r // an invalid byte arrives, and leaves, as U+FFFD
	}, text)
	return Shorten(text, longest) // U+FFFD has three bytes
}

// Shorten cuts text to at most longest bytes, not in the middle of a character.
func Shorten(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	end := longest
	for end > 0 && end > longest-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
