package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"
)

// printJSON writes v as one document on one line.
func (a *app) printJSON(v any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	// Patterns are full of < and >; nobody pastes this into a web page.
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if _, err := a.stdout.Write(harmlessJSON(out.Bytes())); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// harmlessJSON returns the document doc with all that a terminal might obey escaped: it says
// the same to a program. JSON itself asks for that only below U+0020, and so leaves
// U+009B, which is ESC [ in one character, and what turns the direction of writing.
func harmlessJSON(doc []byte) []byte {
	if isPlainASCII(strings.TrimSuffix(string(doc), "\n")) {
		return doc
	}
	out := make([]byte, 0, len(doc)+len(doc)/8)
	for _, r := range string(doc) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// printText writes a finished text to standard output.
func (a *app) printText(text string) error {
	if _, err := io.WriteString(a.stdout, text); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// printable returns s with all that could move a cursor, change a colour or hide
// text written as an escape. Whatever comes from a log goes through it: an
// attacker chooses those bytes, and an administrator's terminal shows them.
func printable(s string) string {
	return escape(s, func(r rune) bool { return unicode.IsPrint(r) })
}

// printableText is printable for text of several lines: it keeps line ends and tabs.
func printableText(s string) string {
	return escape(s, func(r rune) bool { return r == '\n' || r == '\t' || unicode.IsPrint(r) })
}

func escape(s string, plain func(rune) bool) string {
	if isPlainASCII(s) {
		return s
	}
	var b strings.Builder
	for rest := s; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, rest[0])
		case plain(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		rest = rest[size:]
	}
	return b.String()
}

func isPlainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// shorten cuts s to at most width characters, the last of them "…".
func shorten(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)
	return string(runes[:max(width-1, 0)]) + "…"
}

// A style is how a piece of text looks on a terminal.
type style string

const (
	plain  style = ""
	bold   style = "\x1b[1m"
	dim    style = "\x1b[2m"
	red    style = "\x1b[31m"
	green  style = "\x1b[32m"
	yellow style = "\x1b[33m"
)

// A painter gives text its style: on a terminal, and nowhere else.
type painter bool

// paint returns the painter for w. NO_COLOR switches it off
// (https://no-color.org).
func (a *app) paint(w io.Writer) painter {
	return painter(isTerminal(w) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb")
}

func (p painter) in(s style, text string) string {
	if !p || s == plain || text == "" {
		return text
	}
	return string(s) + text + "\x1b[0m"
}

// errorStyle is how the word before an error message looks on w.
func (a *app) errorStyle(w io.Writer, text string) string { return a.paint(w).in(red, text) }

// isTerminal says whether a person is likely to be looking at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// widthOf returns the number of columns of the terminal w, 0 if it is none.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}
