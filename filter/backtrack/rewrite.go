package backtrack

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// Rewrite puts what RE2 has words for in the place of marks, where nobody can tell the
// difference: the same texts match, and all groups that are no marks hold the same. Only where
// the whole match begins and ends may change. A text that one of vetoes matches does not match.
// It leaves re as it is.
//
//   - Look-ahead at the pattern's end is what must follow.
//   - Look-behind at its start is what must precede: as its texts have one length, the order of
//     the places where a match may begin is the same.
//   - What must not follow the text's start is a pattern of its own, a veto.
//   - An atomic group at the pattern's end, or of one way only, may go back: to nothing.
//   - A possessive loop over some characters may give them back, where none of them
//     can begin what comes next.
func Rewrite(re *syntax.Regexp, marks Marks) (rewritten *syntax.Regexp, vetoes []*syntax.Regexp) {
	w := rewriter{marks}
	re = w.everywhere(re)
	re, vetoes = w.start(re)
	return w.end(re), vetoes
}

type rewriter struct {
	marks Marks
}

// is says whether re is a mark of that kind.
func (w rewriter) is(re *syntax.Regexp, kind Kind) bool {
	mark, ok := w.marks.of(re)
	return ok && mark.Kind == kind
}

// with is re with other parts.
func with(re *syntax.Regexp, sub []*syntax.Regexp) *syntax.Regexp {
	changed := *re
	changed.Sub = sub
	return &changed
}

// everywhere rewrites what can be in any place.
func (w rewriter) everywhere(re *syntax.Regexp) *syntax.Regexp {
	sub := make([]*syntax.Regexp, len(re.Sub))
	for i, one := range re.Sub {
		sub[i] = w.everywhere(one)
	}
	if re.Op == syntax.OpConcat {
		for i := len(sub) - 2; i >= 0; i-- {
			if w.is(sub[i], Atomic) && keeps(sub[i].Sub[0], sub[i+1], w.marks) {
				sub[i] = sub[i].Sub[0]
			}
		}
	}
	if w.is(re, Atomic) && w.oneWay(sub[0]) {
		return sub[0]
	}
	return with(re, sub)
}

// oneWay says that re matches a text in one way at most.
func (w rewriter) oneWay(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpAlternate:
		return false
	case syntax.OpRepeat:
		if re.Min != re.Max {
			return false
		}
	}
	return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !w.oneWay(sub) })
}

// end rewrites the end of a pattern. It doesn't look into groups, whose texts would change.
func (w rewriter) end(re *syntax.Regexp) *syntax.Regexp {
	switch {
	case w.is(re, Ahead), w.is(re, Atomic):
		return w.end(re.Sub[0])
	case re.Op == syntax.OpConcat:
		sub := slices.Clone(re.Sub)
		sub[len(sub)-1] = w.end(sub[len(sub)-1])
		return with(re, sub)
	case re.Op == syntax.OpAlternate:
		sub := make([]*syntax.Regexp, len(re.Sub))
		for i, one := range re.Sub {
			sub[i] = w.end(one)
		}
		return with(re, sub)
	}
	return re
}

// start rewrites the start of a pattern. It doesn't look into alternatives: where one of them
// begins earlier than before, it would win over the others.
func (w rewriter) start(re *syntax.Regexp) (*syntax.Regexp, []*syntax.Regexp) {
	if w.is(re, Behind) {
		return re.Sub[0], nil
	}
	if re.Op != syntax.OpConcat {
		return re, nil
	}
	sub := slices.Clone(re.Sub)
	if w.is(sub[0], Behind) {
		sub[0] = sub[0].Sub[0]
	}
	var vetoes []*syntax.Regexp
	if begin := sub[0]; begin.Op == syntax.OpBeginText {
		for len(sub) > 1 && w.is(sub[1], NotAhead) && !w.marks.In(sub[1].Sub[0]) {
			vetoes = append(vetoes, &syntax.Regexp{Op: syntax.OpConcat, Sub: []*syntax.Regexp{begin, sub[1].Sub[0]}})
			sub = slices.Delete(sub, 1, 2)
		}
	}
	return with(re, sub), vetoes
}

// keeps says that a greedy loop over characters need never give one back, as next begins with
// none of them.
func keeps(loop, next *syntax.Regexp, marks Marks) bool {
	switch loop.Op {
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
	default:
		return false
	}
	if loop.Flags&syntax.NonGreedy != 0 {
		return false
	}
	taken, ok := characters(loop.Sub[0])
	if !ok {
		return false
	}
	if next.Op == syntax.OpEndText {
		return true
	}
	first, ok := firstOf(next, marks)
	return ok && !overlap(taken, first)
}

// characters are the ranges of characters that re takes, if it takes always one.
func characters(re *syntax.Regexp) ([]rune, bool) {
	switch re.Op {
	case syntax.OpLiteral:
		if len(re.Rune) == 1 {
			return firstRune(re), true
		}
	case syntax.OpCharClass:
		return re.Rune, true
	case syntax.OpAnyCharNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}, true
	case syntax.OpAnyChar:
		return []rune{0, unicode.MaxRune}, true
	}
	return nil, false
}

// firstRune are the ranges of a literal's first character.
func firstRune(literal *syntax.Regexp) []rune {
	r := literal.Rune[0]
	ranges := []rune{r, r}
	if literal.Flags&syntax.FoldCase != 0 {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			ranges = append(ranges, other, other)
		}
	}
	return ranges
}

// firstOf are the ranges of characters with which what re takes begins. It reports false if
// they aren't known, or re may take none.
func firstOf(re *syntax.Regexp, marks Marks) ([]rune, bool) {
	if _, ok := marks.of(re); ok {
		return nil, false
	}
	switch re.Op {
	case syntax.OpLiteral:
		return firstRune(re), true
	case syntax.OpCapture, syntax.OpPlus, syntax.OpConcat:
		return firstOf(re.Sub[0], marks)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return firstOf(re.Sub[0], marks)
		}
	case syntax.OpAlternate:
		var all []rune
		for _, sub := range re.Sub {
			ranges, ok := firstOf(sub, marks)
			if !ok {
				return nil, false
			}
			all = append(all, ranges...)
		}
		return all, true
	default:
		return characters(re)
	}
	return nil, false
}

// overlap says whether a character is in both.
func overlap(a, b []rune) bool {
	for i := 0; i < len(a); i += 2 {
		for j := 0; j < len(b); j += 2 {
			if a[i] <= b[j+1] && b[j] <= a[i+1] {
				return true
			}
		}
	}
	return false
}
