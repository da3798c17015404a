package backtrack

import (
	"fmt"
	"regexp/syntax"
)

// Program is a compiled pattern. It holds no state: any number of goroutines may use it.
type Program struct {
	insts []syntax.Inst
	start uint32
	// marks has what begins at each instruction, mostly nil.
	marks []*mark
	// branches has the instructions that are alternatives, each at its number among all.
	branches []branch
	// alternatives is how many of them there are.
	alternatives int
	// captures is the number of offsets of groups, the whole match included.
	captures int
	// remembers says that where a way fails once, it always does.
	remembers bool
	// begins is what holds where matches begin: the start of the text, or of a line, or 0.
	begins syntax.EmptyOp
}

// mark is a mark as the machine needs it.
type mark struct {
	Mark
	body uint32 // its first instruction
	end  uint32 // what it ends with, an argument of InstCapture
	exit uint32 // what comes behind it
	// width is that of a look-behind, in characters; fold says that case doesn't count in
	// a back-reference.
	width int
	fold  bool
}

// branch is an alternative.
type branch struct {
	number int
	// loop says that one of its ways leads back to it, and exit is the other. It is
	// asked of programs that don't remember.
	loop bool
	exit uint32
}

// maxInsts bounds the size of patterns: memory for a text grows with it.
const maxInsts = 10_000

// Compile makes a program of a pattern, in which some groups are marked. The error
// says what stands in a mark that must not.
func Compile(re *syntax.Regexp, marks Marks) (*Program, error) {
	if err := marks.check(re); err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > maxInsts {
		return nil, fmt.Errorf("the pattern has %d parts, of %d at most: make it smaller", len(prog.Inst), maxInsts)
	}
	p := &Program{
		insts: prog.Inst, start: uint32(prog.Start), captures: 2 * (re.MaxCap() + 1),
		marks: make([]*mark, len(prog.Inst)), branches: make([]branch, len(prog.Inst)), remembers: true,
	}
	p.addMarks(re, marks)
	p.addBranches()
	p.begins = p.begin()
	return p, nil
}

// addBranches numbers the alternatives and finds the loops among them.
func (p *Program) addBranches() {
	for pc := range uint32(len(p.insts)) {
		inst := &p.insts[pc]
		if inst.Op != syntax.InstAlt && inst.Op != syntax.InstAltMatch {
			continue
		}
		b := branch{number: p.alternatives}
		switch {
		case p.remembers: // then nothing goes round for ever
		case p.leads(inst.Out, pc):
			b.loop, b.exit = true, inst.Arg
		case p.leads(inst.Arg, pc):
			b.loop, b.exit = true, inst.Out
		}
		p.branches[pc] = b
		p.alternatives++
	}
}

// addMarks finds the marks among the instructions. A repeated group is there
// several times.
func (p *Program) addMarks(re *syntax.Regexp, marks Marks) {
	bodies := map[int]*syntax.Regexp{}
	collect(re, bodies)
	for pc := range uint32(len(p.insts)) {
		inst := &p.insts[pc]
		if inst.Op != syntax.InstCapture || inst.Arg%2 != 0 {
			continue
		}
		given, ok := marks[int(inst.Arg/2)]
		if !ok {
			continue
		}
		body := bodies[int(inst.Arg/2)]
		one := mark{Mark: given, body: inst.Out, end: inst.Arg + 1}
		one.exit = p.insts[p.find(inst.Out, one.end)].Out
		one.width, _ = marks.width(body) // checked for those that look behind
		one.fold = body.Flags&syntax.FoldCase != 0
		p.remembers = p.remembers && given.Kind != Backref && given.Kind != IfSet && given.Kind != IfUnset
		p.marks[pc] = &one
	}
}

// collect finds what is in each group.
func collect(re *syntax.Regexp, bodies map[int]*syntax.Regexp) {
	if re.Op == syntax.OpCapture {
		bodies[re.Cap] = re.Sub[0]
	}
	for _, sub := range re.Sub {
		collect(sub, bodies)
	}
}

// find is the first instruction from pc on that ends the group.
func (p *Program) find(pc, end uint32) uint32 {
	at := pc
	p.visit(pc, func(pc uint32) bool {
		found := p.insts[pc].Op == syntax.InstCapture && p.insts[pc].Arg == end
		if found {
			at = pc
		}
		return !found
	})
	return at
}

// leads says whether there is a way from one instruction to another.
func (p *Program) leads(from, to uint32) bool {
	found := false
	p.visit(from, func(pc uint32) bool {
		found = found || pc == to
		return !found
	})
	return found
}

// visit calls each for all instructions that there is a way to from pc, until it returns
// false.
func (p *Program) visit(pc uint32, each func(pc uint32) bool) {
	seen := make([]bool, len(p.insts))
	todo := []uint32{pc}
	for len(todo) > 0 {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		if !each(pc) {
			return
		}
		switch inst := &p.insts[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, inst.Arg, inst.Out)
		case syntax.InstMatch, syntax.InstFail:
		default:
			todo = append(todo, inst.Out)
		}
	}
}

// begin finds out what holds where matches begin. What a mark needs doesn't count.
func (p *Program) begin() syntax.EmptyOp {
	for pc := p.start; ; pc = p.insts[pc].Out {
		switch inst := &p.insts[pc]; inst.Op {
		case syntax.InstNop:
		case syntax.InstCapture:
			if m := p.marks[pc]; m != nil && m.Kind != Atomic {
				return 0
			}
		case syntax.InstEmptyWidth:
			if op := syntax.EmptyOp(inst.Arg) & (syntax.EmptyBeginText | syntax.EmptyBeginLine); op != 0 {
				return op
			}
		default:
			return 0
		}
	}
}

// Size is the number of offsets that Find fills.
func (p *Program) Size() int { return p.captures }
