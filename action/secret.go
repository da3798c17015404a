package action

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
)

// hidden stands where a secret is not shown.
const hidden = "***"

// Secret is a text that nobody is to see: a token, a password, an address that holds one. However it is
// printed, logged or encoded, it shows as "***"; only Reveal gives it away.
type Secret string

// Reveal returns the text, for the one who needs it.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer; "" stays "".
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return s.String() }

// MarshalText implements encoding.TextMarshaler, and so hides it in JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// shortestScrubbed is the length from which a secret is looked for in a text. A shorter one would be
// found in words that have nothing to do with it.
const shortestScrubbed = 4

// Scrub returns text with all of secrets hidden, as messages of libraries and servers may repeat what
// they were given.
func Scrub(text string, secrets []string) string {
	longestFirst := slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, s := range longestFirst {
		if len(s) >= shortestScrubbed {
			text = strings.ReplaceAll(text, s, hidden)
		}
	}
	return text
}
