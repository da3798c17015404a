package filter

import "time"

// Verdict is what a filter makes of a line.
type Verdict int

const (
	// Missed: no failregex matched.
	Missed Verdict = iota
	// Ignored: an ignoreregex matched.
	Ignored
	// Matched: a failregex matched.
	Matched
	// Succeeded: no failregex but a successregex matched.
	Succeeded
)

// String is the verdict in lower case: "missed", "ignored", "matched" or "succeeded".
func (v Verdict) String() string {
	switch v {
	case Ignored:
		return "ignored"
	case Matched:
		return "matched"
	case Succeeded:
		return "succeeded"
	default:
		return "missed"
	}
}

// Result is what [Matcher.Match] says of a line.
type Result struct {
	Verdict Verdict
	// Pattern is the index of the failregex (Matched), ignoreregex (Ignored) or successregex (Succeeded)
	// that decided, -1 for a line that was missed.
	Pattern int
	// Date names the date template that dated the line; "" if none did, the
	// source knew the time itself, or the line was missed before its date
	// mattered (see [Matcher.Date]).
	Date string
	// Time is the line's, zero if undated. Of a match over several lines
	// (maxlines) it is that of the last that is dated.
	Time time.Time
	// Earlier are the lines before this one that belong to a match over several
	// (maxlines), oldest first. They had been missed until now.
	Earlier []string
	// Split: the line is a container's record that goes on from the one before it,
	// and was not looked at.
	Split bool
	// Failure is nil unless the line is a failure. A matched line that only
	// feeds a session has none.
	Failure *Failure
	// Success is nil unless the line says that somebody was let in: a successregex matched, or a
	// failregex that captured <F-MLFGAINED>, in a session of which the host is known. It is never there
	// beside a Failure, nor without [Options.Success].
	Success *Success
}
