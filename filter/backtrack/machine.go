package backtrack

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSteps is how many steps Find takes at most for a text of so many bytes: ten milliseconds
// at the worst. A line of a log takes some for each of its characters, unless it was made to
// take more.
func MaxSteps(length int) int { return min(50_000+16*length, 1_000_000) }

// Machine is memory for matching that is used again. The zero value is ready.
type Machine struct {
	p     *Program
	text  string
	steps int // left
	// registers are the offsets of the groups and, behind them, where each loop was
	// begun last; -1 for none.
	registers []int
	// stack has the ways that are still to try and what is to be restored before, the next
	// last.
	stack []frame
	// tried has a bit for each branch at each place of the text that has been tried, and
	// failed unless it still is on the stack. trail are the bits that are set.
	tried []uint64
	trail []int
}

// frame is a way to try, or with register >= 0, what it held before.
type frame struct {
	pc       uint32
	register int32
	pos      int
}

// Find looks for the leftmost match and fills at, which must have room for Size
// offsets, as FindStringSubmatchIndex of package regexp does, -1 for groups that took no
// part. It reports exceeded, and no match, where that took more than MaxSteps.
func (p *Program) Find(text string, at []int, m *Machine) (matched, exceeded bool) {
	m.prepare(p, text)
	defer m.clean()
	for start := 0; ; {
		if end, ok := m.run(p.start, start, noMark); ok {
			copy(at, m.registers[:p.captures])
			at[0], at[1] = start, end
			return true, false
		}
		if m.steps < 0 {
			return false, true
		}
		var ok bool
		if start, ok = p.nextStart(text, start); !ok {
			return false, false
		}
	}
}

// nextStart is the next place where a match may begin.
func (p *Program) nextStart(text string, start int) (int, bool) {
	switch {
	case start == len(text), p.begins == syntax.EmptyBeginText:
		return 0, false
	case p.begins == syntax.EmptyBeginLine:
		n := strings.IndexByte(text[start:], '\n')
		return start + n + 1, n >= 0
	default:
		_, n := utf8.DecodeRuneInString(text[start:])
		return start + n, true
	}
}

func (m *Machine) prepare(p *Program, text string) {
	m.p, m.text, m.steps = p, text, MaxSteps(len(text))
	n := p.captures + p.alternatives
	m.registers = slices.Grow(m.registers[:0], n)[:n]
	for i := range m.registers {
		m.registers[i] = -1
	}
	if words := p.alternatives*(len(text)+1)/64 + 1; p.remembers && len(m.tried) < words {
		m.tried = make([]uint64, words)
	}
}

// keep is how many entries of each kind of memory outlive a text.
const keep = 64 << 10

// clean forgets the text.
func (m *Machine) clean() {
	m.untry(0)
	m.p, m.text, m.stack = nil, "", m.stack[:0]
	if cap(m.stack) > keep || cap(m.trail) > keep || len(m.tried) > keep {
		m.stack, m.trail, m.tried = nil, nil, nil
	}
}

// noMark is no mark's end.
const noMark = ^uint32(0)

// run walks from an instruction and a place on until the pattern matches or, if stop is the end
// of a mark, that does, and returns where. What it leaves on the stack are the ways not tried.
func (m *Machine) run(pc uint32, pos int, stop uint32) (end int, ok bool) {
	base := len(m.stack)
	for {
		end, ok = m.walk(pc, pos, stop)
		if ok || m.steps < 0 {
			return end, ok
		}
		if pc, pos, ok = m.back(base); !ok {
			return 0, false
		}
	}
}

// back takes the next way from the stack, down to base, and restores what there was.
func (m *Machine) back(base int) (pc uint32, pos int, ok bool) {
	for len(m.stack) > base {
		top := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if top.register < 0 {
			return top.pc, top.pos, true
		}
		m.registers[top.register] = top.pos
	}
	return 0, 0, false
}

// set changes a register and notes what it held.
func (m *Machine) set(register, value int) {
	m.stack = append(m.stack, frame{register: int32(register), pos: m.registers[register]})
	m.registers[register] = value
}

// walk follows one way until it ends: with a match, or nowhere.
func (m *Machine) walk(pc uint32, pos int, stop uint32) (end int, ok bool) {
	for {
		if m.steps--; m.steps < 0 {
			return 0, false
		}
		switch inst := &m.p.insts[pc]; inst.Op {
		case syntax.InstMatch:
			return pos, true
		case syntax.InstNop:
			pc = inst.Out
		case syntax.InstAlt, syntax.InstAltMatch:
			if pc, ok = m.choose(pc, pos); !ok {
				return 0, false
			}
		case syntax.InstCapture:
			if inst.Arg == stop {
				return pos, true
			}
			if one := m.p.marks[pc]; one != nil {
				if pos, ok = m.pass(one, pos); !ok {
					return 0, false
				}
				pc = one.exit
				continue
			}
			m.set(int(inst.Arg), pos)
			pc = inst.Out
		case syntax.InstEmptyWidth:
			if !inst.MatchEmptyWidth(m.around(pos)) {
				return 0, false
			}
			pc = inst.Out
		case syntax.InstFail:
			return 0, false
		default:
			r, n := utf8.DecodeRuneInString(m.text[pos:])
			if n == 0 || !inst.MatchRune(r) {
				return 0, false
			}
			pc, pos = inst.Out, pos+n
		}
	}
}

// around returns the characters before and behind pos, -1 for none.
func (m *Machine) around(pos int) (before, behind rune) {
	before, behind = -1, -1
	if pos > 0 {
		before, _ = utf8.DecodeLastRuneInString(m.text[:pos])
	}
	if pos < len(m.text) {
		behind, _ = utf8.DecodeRuneInString(m.text[pos:])
	}
	return before, behind
}

// choose takes the preferred way of an alternative and leaves the other for later.
// It reports false where both have failed.
func (m *Machine) choose(pc uint32, pos int) (uint32, bool) {
	inst, b := &m.p.insts[pc], &m.p.branches[pc]
	if m.p.remembers {
		bit := b.number*(len(m.text)+1) + pos
		if m.tried[bit/64]&(1<<(bit%64)) != 0 {
			return 0, false
		}
		m.tried[bit/64] |= 1 << (bit % 64)
		m.trail = append(m.trail, bit)
	} else if b.loop {
		begun := m.p.captures + b.number
		if m.registers[begun] == pos {
			return b.exit, true // going round without taking text would never end
		}
		m.set(begun, pos)
	}
	m.stack = append(m.stack, frame{pc: inst.Arg, register: -1, pos: pos})
	return inst.Out, true
}

// untry forgets what was tried since the trail had that length.
func (m *Machine) untry(length int) {
	for _, bit := range m.trail[length:] {
		m.tried[bit/64] &^= 1 << (bit % 64)
	}
	m.trail = m.trail[:length]
}

// pass reports whether a mark holds at pos, and where the text goes on behind it.
func (m *Machine) pass(one *mark, pos int) (int, bool) {
	switch one.Kind {
	case IfSet:
		return pos, m.isSet(one.Group)
	case IfUnset:
		return pos, !m.isSet(one.Group)
	case Backref:
		return m.repeat(one, pos)
	case Ahead, NotAhead:
		_, ok := m.inside(one, pos)
		return pos, ok == (one.Kind == Ahead)
	case Atomic:
		return m.inside(one, pos)
	default:
		start, ok := m.before(pos, one.width)
		if ok {
			var end int
			end, ok = m.inside(one, start)
			ok = ok && end == pos
		}
		return pos, ok == (one.Kind == Behind)
	}
}

// before is the place n characters before pos.
func (m *Machine) before(pos, n int) (int, bool) {
	for ; n > 0; n-- {
		if pos == 0 {
			return 0, false
		}
		_, size := utf8.DecodeLastRuneInString(m.text[:pos])
		pos -= size
	}
	return pos, true
}

// inside matches what is in a mark, in the first way that does. What that captured counts,
// unless it must not match at all.
func (m *Machine) inside(one *mark, pos int) (end int, ok bool) {
	base, trail := len(m.stack), len(m.trail)
	end, ok = m.run(one.body, pos, one.end)
	if !ok {
		return 0, false
	}
	// What was tried has not failed, and is to be tried when it is met again.
	m.untry(trail)
	if one.Kind == NotAhead || one.Kind == NotBehind {
		for more := true; more; {
			_, _, more = m.back(base)
		}
		return end, true
	}
	m.forgetWays(base)
	return end, true
}

// forgetWays drops the ways on the stack above base. What restores groups stays, for when
// the text before is gone back in; loops are restored now, as they are begun anew when
// the mark is met again.
func (m *Machine) forgetWays(base int) {
	for _, f := range slices.Backward(m.stack[base:]) {
		if int(f.register) >= m.p.captures {
			m.registers[f.register] = f.pos
		}
	}
	kept := m.stack[:base]
	for _, f := range m.stack[base:] {
		if f.register >= 0 && int(f.register) < m.p.captures {
			kept = append(kept, f)
		}
	}
	m.stack = kept
}

// isSet says whether a group has matched.
func (m *Machine) isSet(group int) bool {
	return group >= 0 && m.registers[2*group+1] >= 0
}

// repeat matches what another group holds.
func (m *Machine) repeat(one *mark, pos int) (int, bool) {
	if !m.isSet(one.Group) {
		return 0, false
	}
	start, end := m.registers[2*one.Group], m.registers[2*one.Group+1]
	text, rest := m.text[start:end], m.text[pos:]
	m.steps -= len(text) / 16 // comparing takes time as well
	if !one.fold {
		return pos + len(text), strings.HasPrefix(rest, text)
	}
	for _, want := range text {
		got, n := utf8.DecodeRuneInString(rest)
		if n == 0 || !sameFold(want, got) {
			return 0, false
		}
		rest = rest[n:]
	}
	return len(m.text) - len(rest), true
}

// sameFold says whether a and b differ in case at most.
func sameFold(a, b rune) bool {
	for r := unicode.SimpleFold(a); a != b; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
		if r == a {
			return false
		}
	}
	return true
}
