package automaton

import (
	"errors"
	"regexp/syntax"
	"strings"
	"sync"
	"sync/atomic"
)

// ErrTooLarge says that a pattern has more parts than an automaton is made for.
var ErrTooLarge = errors.New("the pattern is too large for an automaton")

// Automaton is a compiled pattern.
type Automaton struct {
	program
	classes classes
	// takers holds, for each class of characters in turn, the set of positions
	// that take them.
	takers []uint64
	// words is the number of words of a set of positions.
	words int
	// shift makes a state's number the index of its row in table.next.
	shift uint
	// prefixes are texts with one of which every match begins; none: unknown.
	prefixes []prefix
	// initials are the first bytes of prefixes.
	initials [256]bool

	states atomic.Pointer[table]
	mu     sync.Mutex // for adding states
	ids    map[string]uint32
	// full says that the pattern has more states than are kept.
	full atomic.Bool
}

// Compile makes an automaton of a pattern. The only error is [ErrTooLarge].
func Compile(re *syntax.Regexp) (*Automaton, error) {
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, ErrTooLarge
	}
	a := &Automaton{ids: make(map[string]uint32)}
	var insts []*syntax.Inst
	a.program, insts = newProgram(prog)
	a.captures = 2 * (re.MaxCap() + 1) // Simplify drops groups that never match
	if a.positions > maxPositions {
		return nil, ErrTooLarge
	}
	a.classes, err = newClasses(&a.program, insts)
	if err != nil {
		return nil, err
	}
	a.words = (a.positions + 63) / 64
	for 1<<a.shift < len(a.classes.samples) {
		a.shift++
	}
	for _, sample := range a.classes.samples {
		set := make([]uint64, a.words)
		for q, inst := range insts {
			if inst.MatchRune(sample) {
				set[q/64] |= 1 << (q % 64)
			}
		}
		a.takers = append(a.takers, set...)
	}
	a.prefixes = findPrefixes(&a.program, insts)
	for _, prefix := range a.prefixes {
		a.initials[prefix.text[0]] = true
	}
	a.newTable()
	return a, nil
}

// Begins reports false if text cannot match, as what it begins with doesn't fit.
func (a *Automaton) Begins(text string) bool {
	if len(a.prefixes) == 0 {
		return true
	}
	if text == "" || !a.initials[text[0]] {
		return false
	}
	for i := range a.prefixes {
		if strings.HasPrefix(text, a.prefixes[i].text) {
			return true
		}
	}
	return false
}

// Scratch is memory for matching that is used again. The zero value is ready.
type Scratch struct {
	trace   []uint32
	classes []uint8
	short   int // texts since the last long one
}

// A text of more than longText bytes leaves its memory in the scratch until
// this many shorter ones have followed: long ones seldom come alone.
const (
	longText   = 8 << 10
	forgetLong = 1000
)

// prepare makes room for a text of n bytes.
func (s *Scratch) prepare(n int) {
	switch {
	case n > longText:
		s.short = 0
	case cap(s.trace) > 2*longText:
		if s.short++; s.short > forgetLong {
			s.trace, s.classes = nil, nil
		}
	}
	if cap(s.trace) < n+1 {
		s.trace = make([]uint32, n+1+n/2)
	}
}

// Size is the number of offsets that Find fills.
func (a *Automaton) Size() int { return a.captures }

// Find looks for the match that package regexp finds, and fills at as
// FindStringSubmatchIndex does, -1 for groups that took no part. at must have
// room for Size offsets; nil: only whether text matches is asked.
//
// It reports known false if that could not be found out, as the pattern has too
// many states; then it is so for good.
func (a *Automaton) Find(text string, at []int, s *Scratch) (matched, known bool) {
	if a.full.Load() {
		return false, false
	}
	s.prepare(len(text))
	r := reading{Automaton: a, text: text, trace: s.trace[:len(text)+1], table: a.states.Load()}
	if r.begun = a.prefixOf(text); r.begun != nil {
		r.left = len(r.begun.text)
	}
	fits, known := r.back(s)
	if !fits || !known {
		return false, known
	}
	start, q := r.leftmost()
	if start < 0 {
		return false, true
	}
	if at != nil {
		r.walk(start, q, at)
	}
	return true, true
}
