package backtrack

import (
	"errors"
	"fmt"
	"regexp/syntax"
)

// Kind is what a marked group stands for.
type Kind int

const (
	// Ahead is (?=…) and NotAhead (?!…): what follows must match the group, or must not.
	Ahead Kind = iota
	NotAhead
	// Behind is (?<=…) and NotBehind (?<!…): what precedes must match, or must not. The
	// group matches texts of one length alone.
	Behind
	NotBehind
	// Atomic is (?>…): the way the group matched first is the only one.
	Atomic
	// Backref is \1: the text that another group holds. The marked group is
	// [BackrefBody], which tells whether case counts.
	Backref
	// IfSet and IfUnset hold where another group has matched or has not: (?(1)…|…) is
	// an alternative of two, one behind each. The marked group is empty.
	IfSet
	IfUnset
)

// BackrefBody is what stands in the group that marks a back-reference.
const BackrefBody = "a"

// Mark says what a capturing group stands for.
type Mark struct {
	Kind Kind
	// Group is the other group that Backref, IfSet and IfUnset speak of; negative: one that
	// never matches, as those in a veto (see [Rewrite]).
	Group int
}

// Marks are those of a pattern, by the index of the group.
type Marks map[int]Mark

// looks says that the mark takes no text.
func (k Kind) looks() bool { return k != Atomic && k != Backref }

// of returns the mark that re is.
func (m Marks) of(re *syntax.Regexp) (Mark, bool) {
	if re.Op != syntax.OpCapture {
		return Mark{}, false
	}
	mark, ok := m[re.Cap]
	return mark, ok
}

// In says whether there is a mark in re.
func (m Marks) In(re *syntax.Regexp) bool {
	if _, ok := m.of(re); ok {
		return true
	}
	for _, sub := range re.Sub {
		if m.In(sub) {
			return true
		}
	}
	return false
}

// Strip returns re without the marks of which a match need not contain what is written
// in them: a text that matches re contains what it requires. It leaves re as it is.
func (m Marks) Strip(re *syntax.Regexp) *syntax.Regexp {
	if mark, ok := m.of(re); ok && mark.Kind != Ahead && mark.Kind != Behind && mark.Kind != Atomic {
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	}
	stripped := *re
	stripped.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		stripped.Sub[i] = m.Strip(sub)
	}
	return &stripped
}

// check finds what cannot be compiled.
func (m Marks) check(re *syntax.Regexp) error {
	if mark, ok := m.of(re); ok && (mark.Kind == Behind || mark.Kind == NotBehind) {
		if _, err := m.width(re.Sub[0]); err != nil {
			return err
		}
	}
	for _, sub := range re.Sub {
		if err := m.check(sub); err != nil {
			return err
		}
	}
	return nil
}

// errWidth is Python's rule, too.
var errWidth = errors.New("look-behind of texts of several lengths: write one look-behind for each length")

// width is the number of characters that re takes, which must be the same for all texts.
func (m Marks) width(re *syntax.Regexp) (int, error) {
	if mark, ok := m.of(re); ok {
		if mark.Kind == Backref {
			return 0, errWidth
		}
		if mark.Kind.looks() {
			return 0, nil
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune), nil
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, nil
	case syntax.OpCapture:
		return m.width(re.Sub[0])
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			n, err := m.width(sub)
			if err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, nil
	case syntax.OpRepeat:
		if re.Min != re.Max {
			return 0, errWidth
		}
		n, err := m.width(re.Sub[0])
		return n * re.Min, err
	case syntax.OpAlternate:
		first, err := m.width(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			if n, nerr := m.width(sub); err == nil && (nerr != nil || n != first) {
				err = errWidth
			}
		}
		return first, err
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		return 0, errWidth
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return 0, nil
	}
	return 0, fmt.Errorf("look-behind of %s", re)
}
