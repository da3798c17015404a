// Package backtrack runs patterns with what RE2 has no words for: look-ahead and
// look-behind, back-references, atomic groups, conditions on groups.
//
// Such a pattern is written in RE2's syntax with named groups as marks in the places
// of what goes beyond it, and parsed by package regexp/syntax; a [Mark] says what the
// group stands for. So all else in it means the same as in any other pattern, and
// captures are offsets in bytes. [Compile] makes a [Program] of both, and
// [Program.Find] matches.
//
// Find goes back in the text as Perl and Python do, and finds what they find. It never
// walks twice from the same place of the pattern and the text where that failed once, which
// makes look-around linear as a rule; a pattern whose way depends on what a group
// holds (a back-reference, a condition) has no such memory. Either ends after [MaxSteps]
// and is no match then, on any machine alike: nothing here looks at a clock.
//
// [Rewrite] turns marks into plain RE2 where that cannot be told apart. A pattern
// without marks is better run by something faster.
package backtrack
