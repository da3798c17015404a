package automaton

import (
	"regexp/syntax"
	"sync/atomic"
	"unicode/utf8"
)

// reading is the matching of one text.
type reading struct {
	*Automaton
	table *table
	text  string
	// classes is nil for a text of ASCII, where each byte is a character.
	classes []uint8
	// trace holds the state at each place, shifted, from left on: no match begins
	// further left.
	trace []uint32
	left  int
	// begun is the prefix that text has, left of left, nil for none.
	begun *prefix
}

// back reads from right to left and leaves the states in trace. It reports false
// for a text that cannot match.
func (r *reading) back(s *Scratch) (fits, known bool) {
	text, trace := r.text, r.trace[:len(r.text)]
	table, ascii := r.table.next, &r.Automaton.classes.ascii
	state := uint32(firstState) << r.shift
	r.trace[len(text)] = state
	for i := len(trace) - 1; i >= r.left; i-- {
		b := text[i]
		if b >= utf8.RuneSelf {
			r.classes = r.Automaton.classes.of(text, s.classes)
			s.classes = r.classes
			return r.backByClass()
		}
		class := ascii[b]
		next := atomic.LoadUint32(&table[state+uint32(class)])
		if next <= hopeless {
			if next == unknown {
				next, r.table = r.find(state, class)
				table = r.table.next
			}
			if next <= hopeless {
				r.left = i + 1
				return !r.atStart, next == hopeless
			}
		}
		trace[i] = next
		state = next
	}
	return true, true
}

// backByClass is back for texts that are not of ASCII alone.
func (r *reading) backByClass() (fits, known bool) {
	state := r.trace[len(r.text)]
	for i := len(r.text) - 1; i >= r.left; i-- {
		class := r.classes[i]
		if class == inside {
			continue
		}
		next := atomic.LoadUint32(&r.table.next[state+uint32(class)])
		if next == unknown {
			next, r.table = r.find(state, class)
		}
		if next <= hopeless {
			r.left = i + 1
			return !r.atStart, next == hopeless
		}
		r.trace[i] = next
		state = next
	}
	return true, true
}

// leftmost returns where the first match begins, or goes on behind its prefix, and
// from which position. It returns -1 if there is no match.
func (r *reading) leftmost() (int, int32) {
	if r.begun != nil {
		if r.choose(r.begun.target, r.left) == nil {
			return -1, 0
		}
		return r.left, r.begun.target
	}
	entry := r.entry()
	for i := r.left; i <= len(r.text); i++ {
		if r.begins(i) && r.choose(entry, i) != nil {
			return i, entry
		}
		if r.atStart {
			break
		}
	}
	return -1, 0
}

// begins says whether a character begins at i, or the text ends there.
func (r *reading) begins(i int) bool {
	return r.classes == nil || i == len(r.text) || r.classes[i] != inside
}

// choose returns the preferred of the steps from position q at i that lead to
// a match, nil if none does.
func (r *reading) choose(q int32, i int) *step {
	alive := r.table.alive[int(r.trace[i]>>r.shift)*r.words:]
	steps := r.steps[r.first[q]:r.first[q+1]]
	for n := range steps {
		s := &steps[n]
		if s.target != accept && alive[s.target>>6]>>(s.target&63)&1 == 0 {
			continue
		}
		if s.when == 0 || s.when&^r.holding(i) == 0 {
			return s
		}
	}
	return nil
}

// holding returns the conditions that are met at i.
func (r *reading) holding(i int) syntax.EmptyOp {
	before, behind := nothing, nothing
	if i > 0 {
		before = r.Automaton.classes.kinds[r.text[i-1]]
	}
	if i < len(r.text) {
		behind = r.Automaton.classes.kinds[r.text[i]]
	}
	return r.Automaton.classes.between[before][behind]
}

// walk follows the match from position q at i on, and fills at.
func (r *reading) walk(i int, q int32, at []int) {
	for n := range at {
		at[n] = -1
	}
	at[0] = i
	if r.begun != nil {
		at[0] = 0
		for _, set := range r.begun.sets {
			at[set.group] = set.at
		}
	}
	for {
		if l := &r.forced[q]; l.length > 0 && r.classes == nil {
			q = l.target
			i += int(l.length)
		}
		if r.loops[q] {
			i = r.stay(q, i)
		} else if exit := r.exits[q]; exit != accept {
			i = r.wait(exit, i)
		}
		s := r.choose(q, i)
		for _, n := range r.sets[s.set:s.setEnd] {
			at[n] = i
		}
		if s.target == accept {
			at[1] = i
			return
		}
		q = s.target
		for i++; !r.begins(i); i++ {
		}
	}
}

// stay returns where position q, which prefers to take the next character too,
// can take no more.
func (r *reading) stay(q int32, i int) int {
	alive, words, shift := r.table.alive[q>>6:], r.words, r.shift&31
	mask := uint64(1) << (q & 63)
	trace := r.trace[:len(r.text)]
	for ; i < len(trace); i++ {
		if r.begins(i) && alive[int(trace[i]>>shift)*words]&mask == 0 {
			break
		}
	}
	return i
}

// wait returns where position exit can take a character.
func (r *reading) wait(exit int32, i int) int {
	alive, words, shift := r.table.alive[exit>>6:], r.words, r.shift&31
	mask := uint64(1) << (exit & 63)
	trace := r.trace[:len(r.text)]
	for ; i < len(trace); i++ {
		if r.begins(i) && alive[int(trace[i]>>shift)*words]&mask != 0 {
			break
		}
	}
	return i
}
