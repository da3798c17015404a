package automaton

import (
	"regexp/syntax"
	"slices"
)

// maxPositions bounds the size of patterns. Each state holds a set of positions.
const maxPositions = 2000

// program is a pattern as positions: the places in it that take a character.
type program struct {
	insts []*syntax.Inst // by position
	// steps are the ways on from each position, the preferred first. Those of
	// the last, which is no position, are the ways into the pattern.
	steps [][]step
	// forced is where the text leads for certain from each position.
	forced []leap
	// loops tells the positions that prefer to take the next character too.
	loops []bool
	// captures is the number of offsets of groups, the whole match included.
	captures int
	// atStart says that matches begin only where the text does, atEnd that they
	// end only where it does.
	atStart, atEnd bool
	// byWord and byLine say whether the pattern looks at the borders of words or
	// of lines.
	byWord, byLine bool
}

// accept is the target of a step out of the pattern.
const accept = -1

// step is a way from one position to the next, or out of the pattern.
type step struct {
	target int
	// when is what must hold between the two characters.
	when syntax.EmptyOp
	// sets are the offsets of groups that are set on the way.
	sets []int
}

// leap is a number of steps without alternative, and where they lead.
type leap struct {
	length, target int
}

func newProgram(prog *syntax.Prog) program {
	p := program{captures: max(prog.NumCap, 2), atEnd: true}
	position := make([]int, len(prog.Inst))
	for pc := range prog.Inst {
		switch inst := &prog.Inst[pc]; inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			position[pc] = len(p.insts)
			p.insts = append(p.insts, inst)
		}
	}
	f := follower{prog: prog, position: position}
	for _, inst := range p.insts {
		p.steps = append(p.steps, f.from(int(inst.Out)))
	}
	entry := f.from(prog.Start)
	p.steps = append(p.steps, entry)
	p.atStart = !slices.ContainsFunc(entry, func(s step) bool { return s.when&syntax.EmptyBeginText == 0 })
	for _, steps := range p.steps {
		for _, s := range steps {
			p.byWord = p.byWord || s.when&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0
			p.byLine = p.byLine || s.when&(syntax.EmptyBeginLine|syntax.EmptyEndLine) != 0
			p.atEnd = p.atEnd && (s.target != accept || s.when&syntax.EmptyEndText != 0)
		}
	}
	p.forced = make([]leap, len(p.steps))
	for q := range p.steps {
		p.forced[q] = p.leapFrom(q)
		first := p.steps[q]
		p.loops = append(p.loops, len(first) > 0 && first[0].target == q && first[0].when == 0 && len(first[0].sets) == 0)
	}
	return p
}

// entry is where the ways into the pattern are kept.
func (p *program) entry() int { return len(p.insts) }

// leapFrom follows steps that have no alternative and set nothing.
func (p *program) leapFrom(q int) leap {
	l := leap{target: q}
	for l.length < maxPositions {
		steps := p.steps[l.target]
		if len(steps) != 1 || steps[0].target == accept || len(steps[0].sets) > 0 {
			break
		}
		l.target = steps[0].target
		l.length++
	}
	return l
}

// follower finds the steps from one place of a program.
type follower struct {
	prog     *syntax.Prog
	position []int // by instruction
	steps    []step
	// seen holds, by instruction, the conditions under which it was reached.
	seen map[int][]syntax.EmptyOp
}

func (f *follower) from(pc int) []step {
	f.steps, f.seen = nil, make(map[int][]syntax.EmptyOp)
	f.follow(pc, 0, nil)
	return f.steps
}

// follow goes on at pc, in the order of preference. It reports false where what
// comes later is never preferred: behind an accept that nothing is asked for.
func (f *follower) follow(pc int, when syntax.EmptyOp, sets []int) bool {
	for _, earlier := range f.seen[pc] {
		if earlier&^when == 0 {
			return true // whenever this way is open, the earlier one was
		}
	}
	f.seen[pc] = append(f.seen[pc], when)
	switch inst := &f.prog.Inst[pc]; inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return f.follow(int(inst.Out), when, sets) && f.follow(int(inst.Arg), when, sets)
	case syntax.InstCapture:
		return f.follow(int(inst.Out), when, append(slices.Clip(sets), int(inst.Arg)))
	case syntax.InstNop:
		return f.follow(int(inst.Out), when, sets)
	case syntax.InstEmptyWidth:
		return f.follow(int(inst.Out), when|syntax.EmptyOp(inst.Arg), sets)
	case syntax.InstMatch:
		f.steps = append(f.steps, step{accept, when, sets})
		return when != 0
	case syntax.InstFail:
	default:
		f.steps = append(f.steps, step{f.position[pc], when, sets})
	}
	return true
}

// maxPrefixes bounds the texts that findPrefixes returns, maxPrefix their length.
const (
	maxPrefixes = 8
	maxPrefix   = 24
)

// findPrefixes returns texts with one of which each match begins, none if it
// knows none or a match may begin anywhere.
func (p *program) findPrefixes() []string {
	if !p.atStart {
		return nil
	}
	texts := p.prefixesFrom(p.entry(), "", nil)
	if slices.Contains(texts, "") || len(texts) > maxPrefixes {
		return nil
	}
	return texts
}

// prefixesFrom appends the texts that begin with text and go on from position q.
func (p *program) prefixesFrom(q int, text string, to []string) []string {
	if len(text) == maxPrefix || text != "" && len(p.steps[q]) > 1 && len(to)+len(p.steps[q]) > maxPrefixes {
		return append(to, text)
	}
	for _, s := range p.steps[q] {
		if s.target == accept || !plain(p.insts[s.target]) {
			return append(to, text)
		}
	}
	for _, s := range p.steps[q] {
		if len(to) > maxPrefixes {
			break
		}
		to = p.prefixesFrom(s.target, text+string(p.insts[s.target].Rune[0]), to)
	}
	return to
}

// plain says whether inst takes a single character, of ASCII.
func plain(inst *syntax.Inst) bool {
	return inst.Op == syntax.InstRune1 && inst.Rune[0] < 0x80
}
