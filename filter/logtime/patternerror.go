package logtime

import (
	"fmt"
	"strings"
)

// PatternError says what is wrong with one of [Options].Patterns.
type PatternError struct {
	Pattern string
	// Code is the code that is unknown, "" where something else is wrong.
	Code string
	// Position is where Code stands in Pattern, in bytes from 1.
	Position int
	// Nearest are the known codes that may have been meant, the likeliest
	// first; if there is nothing near, all of them.
	Nearest []string
	// Err is what is wrong if Code is empty.
	Err error
}

func (e *PatternError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("reading datepattern %q: %v", e.Pattern, e.Err)
	}
	hint := "did you mean " + strings.Join(e.Nearest, " or ") + "?"
	if len(e.Nearest) > 4 {
		hint = "known are " + strings.Join(e.Nearest, " ")
	}
	return fmt.Sprintf("reading datepattern %q: unknown code %s at position %d: %s", e.Pattern, e.Code, e.Position, hint)
}

func (e *PatternError) Unwrap() error { return e.Err }

// unknownCode makes the error for the code at s[at:].
func unknownCode(pattern string, at int, name string) *PatternError {
	return &PatternError{Pattern: pattern, Code: name, Position: at + 1, Nearest: nearest(name)}
}

// nearest returns the known codes that the writer of name may have meant.
func nearest(name string) []string {
	letter := name[len(name)-1:]
	if !word(letter[0]) || letter == "%" {
		return []string{"%%"}
	}
	if meant := elsewhere(letter); meant != "" {
		return []string{meant}
	}
	var near, all []string
	for _, c := range codes() {
		all = append(all, c.name)
		if c.name[0] == '%' && strings.EqualFold(c.name[len(c.name)-1:], letter) {
			near = append(near, c.name)
		}
	}
	if len(near) > 0 {
		return near
	}
	return all
}

// elsewhere returns our words for codes that strptime(3) and date(1) have, or
// other programs that write logs, and we have not.
func elsewhere(letter string) string {
	switch letter {
	case "e":
		return "%d"
	case "h":
		return "%b"
	case "G":
		return "%Y"
	case "g":
		return "%y"
	case "i":
		return "%M"
	case "s":
		return "{EPOCH}"
	case "Q":
		return "{LEPOCH}"
	case "N", "L":
		return "%f"
	case "P":
		return "%p"
	case "u":
		return "%w"
	case "V":
		return "%W"
	case "T":
		return "%H:%M:%S"
	case "R":
		return "%H:%M"
	case "r":
		return "%I:%M:%S %p"
	case "D":
		return "%m/%d/%y"
	case "F":
		return "%Y-%m-%d"
	case "n", "t":
		return `\s`
	}
	return ""
}
