// Package automaton runs patterns of RE2 syntax several times faster than
// package regexp, with the same verdicts and the same captures, in time that is
// strictly proportional to the text.
//
// [Compile] makes an [Automaton] of a parsed pattern; [Automaton.Find] matches.
// An Automaton may be used by several goroutines; each needs a [Scratch] of its
// own.
//
// Find reads the text twice. From right to left a deterministic automaton,
// built as texts ask for it, notes at each place which parts of the pattern can
// take what follows to a match. From left to right the pattern is then walked as
// a backtracking engine would, the preferred branch first, but never into a
// branch that the notes say is in vain: so nothing is ever taken back. (A. Frisch
// and L. Cardelli, Greedy Regular Expression Matching, ICALP 2004, do the same.)
// A text whose end doesn't fit, and most that a pattern misses are of that kind,
// is left after a few bytes.
//
// Package regexp is as exact, but keeps a copy of the captures for each branch
// that is still open, and on lines of more than a few kilobytes has nothing
// faster.
package automaton
