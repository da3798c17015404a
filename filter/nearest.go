package filter

import (
	"fmt"
	"regexp/syntax"
	"unicode/utf8"
)

// progress is how far a pattern got in a text: how many characters of its own it
// found there, and behind which byte it stopped. What "." took counts for nothing,
// nor does the first character behind that, which it may find anywhere.
type progress struct {
	found int
	at    int
	loose looseness
}

type looseness int

const (
	tied    looseness = iota
	passing           // "." has taken the last character
	landed            // and the one behind it was found
)

func (a progress) beyond(b progress) bool {
	return a.found > b.found || a.found == b.found && a.at > b.at
}

const (
	// leastFound is the fewest characters by which a pattern is near at all.
	leastFound = 3
	// mostTraced is how much of a text is looked at, in bytes.
	mostTraced = 2 << 10
)

// tracing follows all ways through a pattern at once, as package regexp does,
// and notes how far the best of them went (Thompson, "Regular expression search
// algorithm", 1968).
type tracing struct {
	prog *syntax.Prog
	// now holds the ways that wait for the next character, by instruction, next
	// those that have just taken one.
	now, next []progress
	best      progress
	// waiting are the instructions at which the best way stopped.
	waiting []uint32
}

// none marks an instruction that no way has come to.
var none = progress{found: -1}

// trace follows the pattern through text. It reports false for a pattern that
// has nothing to do with it.
func (p *pattern) trace(text string) (*tracing, bool) {
	prog, err := syntax.Compile(p.syntax.Simplify())
	if err != nil {
		return nil, false
	}
	t := &tracing{prog: prog, now: make([]progress, len(prog.Inst)), next: make([]progress, len(prog.Inst))}
	text = text[:min(len(text), mostTraced)]
	anchored := prog.StartCond()&syntax.EmptyBeginText != 0
	clearProgress(t.next)
	before := rune(-1)
	for i := 0; ; {
		r, size := rune(-1), 0
		if i < len(text) {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		context := syntax.EmptyOpContext(before, r)
		clearProgress(t.now)
		for pc, so := range t.next {
			if so != none {
				t.follow(uint32(pc), so, context)
			}
		}
		if i == 0 || !anchored {
			t.follow(uint32(prog.Start), progress{at: i}, context)
		}
		if size == 0 {
			break
		}
		t.take(r, i+size)
		before = r
		i += size
	}
	return t, t.best.found >= leastFound
}

func clearProgress(ways []progress) {
	for i := range ways {
		ways[i] = none
	}
}

// follow brings a way from instruction pc to those that take a character.
func (t *tracing) follow(pc uint32, so progress, context syntax.EmptyOp) {
	if !so.beyond(t.now[pc]) && t.now[pc] != none {
		return
	}
	t.now[pc] = so
	inst := &t.prog.Inst[pc]
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		t.follow(inst.Out, so, context)
		t.follow(inst.Arg, so, context)
	case syntax.InstCapture, syntax.InstNop:
		t.follow(inst.Out, so, context)
	case syntax.InstEmptyWidth:
		if syntax.EmptyOp(inst.Arg)&^context == 0 {
			t.follow(inst.Out, so, context)
			return
		}
		t.stop(pc, so)
	default:
		t.stop(pc, so)
	}
}

// stop notes that a way has come as far as this.
func (t *tracing) stop(pc uint32, so progress) {
	switch {
	case so.beyond(t.best):
		t.best, t.waiting = so, append(t.waiting[:0], pc)
	case so == t.best:
		t.waiting = append(t.waiting, pc)
	}
}

// take lets the ways take r, which ends at end.
func (t *tracing) take(r rune, end int) {
	clearProgress(t.next)
	for pc, so := range t.now {
		inst := &t.prog.Inst[pc]
		if so == none || !takesRune(inst.Op) || !inst.MatchRune(r) {
			continue
		}
		so = so.with(inst, end)
		if so.beyond(t.next[inst.Out]) {
			t.next[inst.Out] = so
		}
	}
}

// with is the progress of a way that has taken a character with inst, up to end.
func (so progress) with(inst *syntax.Inst, end int) progress {
	own := len(inst.Rune) == 1
	switch {
	case inst.Op == syntax.InstRuneAny || inst.Op == syntax.InstRuneAnyNotNL:
		so.loose = passing
	case so.loose == passing && own:
		so.loose = landed
	case so.loose == landed && own:
		so.found += 2
		so.at, so.loose = end, tied
	case so.loose == tied && own:
		so.found++
		so.at = end
	case so.loose == tied:
		so.at = end
	}
	return so
}

func takesRune(op syntax.InstOp) bool {
	switch op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// complaint says what the pattern misses in text where it stopped.
func (t *tracing) complaint(text string) string {
	rest := text[t.best.at:]
	literal, class, anywhere, end := "", false, false, false
	for _, pc := range t.waiting {
		inst := &t.prog.Inst[pc]
		any := inst.Op == syntax.InstRuneAny || inst.Op == syntax.InstRuneAnyNotNL
		anywhere = anywhere || any
		class = class || takesRune(inst.Op) && !any && len(inst.Rune) != 1
		end = end || inst.Op == syntax.InstEmptyWidth && syntax.EmptyOp(inst.Arg)&syntax.EmptyEndText != 0
		if literal == "" {
			literal = t.literal(pc)
		}
	}
	if class {
		literal = ""
	}
	switch {
	case end && rest != "":
		return "wants the end where the line goes on with " + quote(firstWord(rest))
	case anywhere && literal != "":
		return "finds no " + quote(literal) + " from here on"
	case literal != "" && rest == "":
		return "wants " + quote(literal) + " where the line ends"
	case literal != "":
		return "wants " + quote(literal) + " where the line has " + quote(firstWord(rest))
	case rest == "":
		return "wants more where the line ends"
	}
	return "wants something else than " + quote(firstWord(rest))
}

// literal is the text that the pattern has from instruction pc on.
func (t *tracing) literal(pc uint32) string {
	text := ""
	for {
		inst := &t.prog.Inst[pc]
		switch {
		case takesRune(inst.Op) && len(inst.Rune) == 1:
			text += string(inst.Rune[0])
		case inst.Op != syntax.InstCapture && inst.Op != syntax.InstNop:
			return text
		}
		pc = inst.Out
	}
}

// nearest is the reason that names which of the patterns came furthest in text,
// and where it stopped. It reports false if none of them has anything to do with
// text.
func nearest(what string, patterns []*pattern, text string) (Reason, bool) {
	var best *tracing
	number := 0
	for i, p := range patterns {
		if t, ok := p.trace(text); ok && (best == nil || t.best.found > best.best.found) {
			best, number = t, i+1
		}
	}
	if best == nil {
		return Reason{}, false
	}
	name := what
	if len(patterns) > 1 {
		name = fmt.Sprintf("%s %d", what, number)
	}
	return Reason{Text: name + " comes nearest, but " + best.complaint(text), At: best.best.at}, true
}

// firstWord is the beginning of text, with the blanks before it.
func firstWord(text string) string {
	i := 0
	for i < len(text) && !wordByte(text[i]) {
		i++
	}
	for i < len(text) && wordByte(text[i]) {
		i++
	}
	return text[:i]
}
