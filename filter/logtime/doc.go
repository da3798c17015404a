// Package logtime finds the date of a log line and reads the moment it names.
//
// A [Finder] knows the forms in which programs write dates, or those that a
// filter's datepattern lists. Two rules decide between several dates in a line:
// one at the line's start beats any inside it, and among the others the
// leftmost wins. What a client can write into a line, a user name for example,
// mostly stands right of the date that the server wrote. Where it stands left
// of it, in the user field of a web access log, it cannot hold a colon
// (RFC 7617 section 2): forms without a clock time in colons count only where a
// line has no other.
//
// All of it is linear in the line's length. The usual forms are read by hand,
// without a regular expression and without allocating; so are patterns made of
// codes and plain characters. Other patterns run on Go's regexp.
//
// # Times
//
// A date that names its zone is exact. Others are read in [Options].Location,
// by the rules of [time.Date]: an hour that a change to summer time leaves out
// or repeats is read by one of the two offsets. Zone names have fixed offsets;
// names that stand for several zones (IST, BST) make no date. A date without a
// year is the latest such day that lies at most 24 hours after now, a time
// without a day the latest one that is not after now. Impossible dates (31
// February, 25 o'clock, second 60) are none.
package logtime
