package source

import "time"

// Pattern names the files to follow.
type Pattern struct {
	// Glob is a path or a pattern as filepath.Match takes it.
	Glob string
	// From says where a file begins that has no stored position and is
	// there when the pattern is looked at for the first time. A file that
	// comes later is read from its first line.
	From From
	// FindTime and Date belong to FromTime: reading begins at the first line
	// that Date dates no earlier than FindTime ago. Date returns false for a
	// line without a date; without Date, FromTime is FromEnd.
	FindTime time.Duration
	Date     func(line string) (time.Time, bool)
}

// From is where a file that has never been seen begins.
type From int

const (
	// FromEnd: only what is written from now on.
	FromEnd From = iota
	// FromTime: what was written within FindTime.
	FromTime
)
