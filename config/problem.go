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

// Error says it in one line: place, what it is about, what is wrong, what to do.
func (p Problem) Error() string {
	place := "reading " + p.File
	if p.Line > 0 {
		place += fmt.Sprintf(":%d", p.Line)
	}
	parts := append([]string{place}, p.subject()...)
	if p.Found != "" {
		found := "found " + p.Found
		if p.Expected != "" {
			found += ", expected " + p.Expected
		}
		parts = append(parts, found)
	}
	if p.Err != nil {
		parts = append(parts, p.Err.Error())
	}
	switch {
	case p.Nearest != "":
		parts = append(parts, fmt.Sprintf("did you mean %q?", p.Nearest))
	case p.Hint != "":
		parts = append(parts, p.Hint)
	}
	return oneLine(strings.Join(parts, ": "))
}

// subject is what the fault is of, the key or the table, and what is wrong with it.
func (p Problem) subject() []string {
	in := ""
	if p.Table != "" {
		in = " in [" + p.Table + "]"
	}
	switch {
	case p.Key != "" && p.What != "":
		return []string{p.Key + in, p.What}
	case p.Key+p.What != "":
		return []string{p.Key + p.What + in}
	}
	return nil
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
