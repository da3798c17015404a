package fail2ban

import (
	"errors"
	"fmt"
	"strings"
)

// place is where something is written; line counts from 1, 0 stands for the whole file.
type place struct {
	file string
	line int
}

// Problem is one fault, or one thing that was not taken over. It is an error; its text is one line.
type Problem struct {
	// File is the path as it was opened.
	File string
	// Line counts from 1; 0: the whole file.
	Line int
	// Section and Option name what it is about; "" for none.
	Section, Option string
	// What says what is wrong, Hint what to do; "" for nothing.
	What, Hint string
	// Err is the cause, nil if there is none.
	Err error
}

// Error says the place, what it is about, what is wrong and what to do.
func (p Problem) Error() string {
	text := "reading " + p.File
	if p.Line > 0 {
		text += fmt.Sprintf(":%d", p.Line)
	}
	switch {
	case p.Option != "" && p.Section != "":
		text += fmt.Sprintf(": %s in [%s]", p.Option, p.Section)
	case p.Option != "":
		text += ": " + p.Option
	case p.Section != "":
		text += fmt.Sprintf(": [%s]", p.Section)
	}
	for _, part := range []string{p.What, errorText(p.Err), p.Hint} {
		if part != "" {
			text += ": " + part
		}
	}
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(text)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Unwrap gives the cause.
func (p Problem) Unwrap() error { return p.Err }

// problem is a fault at a place.
func (at place) problem(what, hint string) Problem {
	return Problem{File: at.file, Line: at.line, What: what, Hint: hint}
}

// about says of an error which option it is about, if it doesn't know.
func about(err error, section, option string) error {
	p, ok := errors.AsType[Problem](err)
	if !ok || p.Option != "" {
		return err
	}
	p.Section, p.Option = section, option
	return p
}
