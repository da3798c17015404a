// Package filter turns log lines into failures.
//
// A [Spec] says what a filter looks for; [Compile] makes a [Filter] of it, once; a
// [Matcher] carries what a filter remembers from line to line of one source.
// What a failure leads to is package jail's to decide, where lines come from
// package source's. Nothing here reads a clock, looks up a name or blocks.
package filter
