package automaton

import (
	"regexp/syntax"
	"slices"
)

// maxPositions bounds the size of patterns. Each state holds a set of positions.
const maxPositions = 2000

// program is a pattern as positions: the places in it that take a character. There
// are thousands of steps in the patterns of many jails, so they are held in few
// pieces of memory, without pointers for the garbage collector to follow.
type program struct {
	positions int
	// steps are the ways on from each position, the preferred first. Those of
	// entry, which is no position, are the ways into the pattern.
	steps []step
	// first is, by position, the index of its first step; that of its last is
	// before the first of the next position.
	first []int32
	// sets are offsets of groups that steps set.
	sets []int32
	// forced is where the text leads for certain from each position.
	forced []leap
	// loops tells the positions that prefer to take the next character too.
	loops []bool
	// exits is, for positions that take the next character only where their one
	// other step leads nowhere, the target of that; accept for the rest.
	exits []int32
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
	target int32
	// set and setEnd delimit, in program.sets, what is set on the way.
	set, setEnd int32
	// when is what must hold between the two characters.
	when syntax.EmptyOp
}

// again says that the step leads from q to q, whatever stands there.
func (s step) again(q int32) bool { return s.target == q && s.when == 0 && s.set == s.setEnd }

// leap is a number of steps without alternative, and where they lead.
type leap struct {
	length, target int32
}

// newProgram returns the program and the instruction of each position.
func newProgram(prog *syntax.Prog) (program, []*syntax.Inst) {
	p := program{atEnd: true}
	position := make([]int32, len(prog.Inst))
	var insts []*syntax.Inst
	for pc := range prog.Inst {
		switch inst := &prog.Inst[pc]; inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			position[pc] = int32(len(insts))
			insts = append(insts, inst)
		}
	}
	p.positions = len(insts)
	f := follower{program: &p, prog: prog, position: position, plain: make([]int32, len(prog.Inst))}
	for _, inst := range insts {
		f.from(inst.Out)
	}
	f.from(uint32(prog.Start))
	p.first = append(p.first, int32(len(p.steps)))
	p.steps, p.sets = slices.Clip(p.steps), slices.Clip(p.sets)
	p.atStart = !slices.ContainsFunc(p.from(p.entry()), func(s step) bool { return s.when&syntax.EmptyBeginText == 0 })
	for _, s := range p.steps {
		p.byWord = p.byWord || s.when&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0
		p.byLine = p.byLine || s.when&(syntax.EmptyBeginLine|syntax.EmptyEndLine) != 0
		p.atEnd = p.atEnd && (s.target != accept || s.when&syntax.EmptyEndText != 0)
	}
	for q := range int32(p.positions + 1) {
		p.forced = append(p.forced, p.leapFrom(q))
		steps := p.from(q)
		p.loops = append(p.loops, len(steps) > 0 && steps[0].again(q))
		exit := int32(accept)
		if len(steps) == 2 && steps[1].again(q) {
			exit = steps[0].target
		}
		p.exits = append(p.exits, exit)
	}
	return p, insts
}

// entry is where the ways into the pattern are kept.
func (p *program) entry() int32 { return int32(p.positions) }

// from returns the ways on from position q.
func (p *program) from(q int32) []step { return p.steps[p.first[q]:p.first[q+1]] }

// leapFrom follows steps that have no alternative and set nothing.
func (p *program) leapFrom(q int32) leap {
	l := leap{target: q}
	for l.length < maxPositions {
		steps := p.from(l.target)
		if len(steps) != 1 || steps[0].target == accept || steps[0].set != steps[0].setEnd {
			break
		}
		l.target = steps[0].target
		l.length++
	}
	return l
}

// follower finds the steps from one place of a program.
type follower struct {
	*program
	prog     *syntax.Prog
	position []int32 // by instruction
	// plain is, by instruction, the number of the place from which it was last
	// reached without a condition; conditional lists how it was with one.
	plain       []int32
	conditional []reached
}

type reached struct {
	pc   uint32
	when syntax.EmptyOp
}

func (f *follower) from(pc uint32) {
	f.first = append(f.first, int32(len(f.steps)))
	f.conditional = f.conditional[:0]
	f.follow(pc, 0, nil)
}

// follow goes on at pc, in the order of preference. It reports false where what
// comes later is never preferred: behind an accept that nothing is asked for.
func (f *follower) follow(pc uint32, when syntax.EmptyOp, sets []int32) bool {
	if f.known(pc, when) {
		return true // whenever this way is open, an earlier one is
	}
	switch inst := &f.prog.Inst[pc]; inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return f.follow(inst.Out, when, sets) && f.follow(inst.Arg, when, sets)
	case syntax.InstCapture:
		return f.follow(inst.Out, when, append(slices.Clip(sets), int32(inst.Arg)))
	case syntax.InstNop:
		return f.follow(inst.Out, when, sets)
	case syntax.InstEmptyWidth:
		return f.follow(inst.Out, when|syntax.EmptyOp(inst.Arg), sets)
	case syntax.InstMatch:
		f.add(accept, when, sets)
		return when != 0
	case syntax.InstFail:
	default:
		f.add(f.position[pc], when, sets)
	}
	return true
}

// known says whether pc was reached before under no more conditions, and
// remembers that it is reached now.
func (f *follower) known(pc uint32, when syntax.EmptyOp) bool {
	place := int32(len(f.first))
	if f.plain[pc] == place {
		return true
	}
	for _, r := range f.conditional {
		if r.pc == pc && r.when&^when == 0 {
			return true
		}
	}
	if when == 0 {
		f.plain[pc] = place
	} else {
		f.conditional = append(f.conditional, reached{pc, when})
	}
	return false
}

func (f *follower) add(target int32, when syntax.EmptyOp, sets []int32) {
	from := int32(len(f.sets))
	f.sets = append(f.sets, sets...)
	f.steps = append(f.steps, step{target: target, set: from, setEnd: int32(len(f.sets)), when: when})
}
