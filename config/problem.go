package config

import (
	"fmt"
	"strings"
)

// Problem is one fault of the configuration. It is an error; its text is one line
// that names the place, what was found, what was expected and what to do.
type Problem struct {
	// File is the path as it was opened, or "stock filter.d/sshd.toml" for a
	// file of the library.
	File string
	// Line and Column count from 1, in bytes; 0 when the fault is of the whole
	// file.
	Line, Column int
	// Source is the text of that line, "" without one.
	Source string
	// Table is the table the fault is in, such as "jail.sshd" or "mode.aggressive"; ""
	// at the top level.
	Table string
	// Key is the key, with its place in a list behind it: "failregex[2]"
	// is the second pattern. "" when the fault is of the table or file.
	Key string
	// Jail is the jail that is left out for this fault, "" when it is none or
	// not one alone.
	Jail string
	// What says what is wrong where Found and Expected can't: "unknown key
	// "maxrety"", "no log to read".
	What string
	// Found and Expected say what stands there and what should.
	Found, Expected string
	// Nearest is the known name that was probably meant, "" for none.
	Nearest string
	// Hint says what to do.
	Hint string
	// Err is the cause, nil if there is none.
	Err error
}

// Error says it in one line.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString("reading " + p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": " + p.subject())
	if p.Found != "" {
		fmt.Fprintf(&b, ": found %s", p.Found)
		if p.Expected != "" {
			fmt.Fprintf(&b, ", expected %s", p.Expected)
		}
	}
	if p.Err != nil {
		fmt.Fprintf(&b, ": %v", p.Err)
	}
	switch {
	case p.Nearest != "":
		fmt.Fprintf(&b, ": did you mean %q?", p.Nearest)
	case p.Hint != "":
		b.WriteString(": " + p.Hint)
	}
	return oneLine(b.String())
}

// subject is what the fault is of: the key, the table or the file.
func (p Problem) subject() string {
	s := p.What
	if s == "" {
		s = p.Key
	} else if p.Key != "" {
		s = p.Key + ": " + s
	}
	if p.Table == "" {
		return s
	}
	if s == "" {
		return "[" + p.Table + "]"
	}
	return s + " in [" + p.Table + "]"
}

// Unwrap gives the cause.
func (p Problem) Unwrap() error { return p.Err }

// oneLine keeps a message from breaking the line it is printed on, and control
// characters of a file from reaching a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0):
			return '\uFFFD'
		}
		return r
	}, s)
}
