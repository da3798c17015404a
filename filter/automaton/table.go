package automaton

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sync/atomic"
)

// State numbers. A state says which positions can take the character that
// follows and lead to a match, and of what kind that character is.
const (
	unknown    = 0 // not looked at yet
	hopeless   = 1 // there is no match
	firstState = 2 // nothing follows: the end of the text
	maxStates  = 4096
)

// table holds the states that are known. What is written in it stays; when it is
// too small a larger copy takes its place, and readers of the old one go on with
// that until they miss something.
type table struct {
	// next is the state before a character of a class, in rows of 1<<shift: a
	// state's number shifted, plus the class. It holds shifted numbers.
	next []uint32
	// alive is each state's set of positions.
	alive []uint64
	// follows is a character of the kind that follows, -1 for none.
	follows []rune
	used    int
}

func (a *Automaton) newTable() {
	t := a.sized(16)
	t.used = firstState + 1
	t.follows[firstState] = -1
	a.states.Store(t)
}

func (a *Automaton) sized(states int) *table {
	return &table{
		next:    make([]uint32, states<<a.shift),
		alive:   make([]uint64, states*a.words),
		follows: make([]rune, states),
	}
}

// aliveIn is the set of positions of a state, by its shifted number.
func (a *Automaton) aliveIn(t *table, state uint32) []uint64 {
	at := int(state>>a.shift) * a.words
	return t.alive[at : at+a.words]
}

// has says whether the set has position q.
func has(set []uint64, q int32) bool { return set[q>>6]>>(q&63)&1 != 0 }

// find returns the state before a character of the class, if state is behind
// it, and the table to go on with. It returns unknown if there are too many.
func (a *Automaton) find(state uint32, class uint8) (uint32, *table) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.states.Load()
	if known := t.next[state+uint32(class)]; known != unknown {
		return known, t
	}
	alive := a.before(t, state, class)
	number, t := a.number(t, alive, a.kind(a.classes.samples[class]))
	if number != unknown {
		atomic.StoreUint32(&t.next[state+uint32(class)], number)
	}
	return number, t
}

// before is the set of positions that take a character of the class to where
// state is.
func (a *Automaton) before(t *table, state uint32, class uint8) []uint64 {
	behind := a.aliveIn(t, state)
	holds := syntax.EmptyOpContext(a.classes.samples[class], t.follows[state>>a.shift])
	set := slices.Clone(a.takers[int(class)*a.words:][:a.words])
	for q := range int32(a.positions) {
		if has(set, q) && !slices.ContainsFunc(a.from(q), func(s step) bool {
			return s.when&^holds == 0 && (s.target == accept || has(behind, s.target))
		}) {
			set[q>>6] &^= 1 << (q & 63)
		}
	}
	return set
}

// kind returns one character for all of r's kind, so far as the pattern asks.
func (a *Automaton) kind(r rune) rune {
	switch {
	case a.byLine && r == '\n':
		return '\n'
	case a.byWord && syntax.IsWordChar(r):
		return 'a'
	}
	return ' '
}

// number returns the shifted number of a state, which it adds if it is new.
func (a *Automaton) number(t *table, alive []uint64, follows rune) (uint32, *table) {
	if a.atEnd && !slices.ContainsFunc(alive, func(w uint64) bool { return w != 0 }) {
		return hopeless, t
	}
	key := binary.AppendVarint(nil, int64(follows))
	for _, w := range alive {
		key = binary.LittleEndian.AppendUint64(key, w)
	}
	if number, ok := a.ids[string(key)]; ok {
		return number, t
	}
	if t.used == maxStates {
		a.full.Store(true)
		return unknown, t
	}
	if t.used == len(t.follows) {
		t = a.grow(t)
	}
	number := uint32(t.used) << a.shift
	copy(a.aliveIn(t, number), alive)
	t.follows[t.used] = follows
	t.used++
	a.ids[string(key)] = number
	return number, t
}

func (a *Automaton) grow(t *table) *table {
	larger := a.sized(2 * len(t.follows))
	copy(larger.next, t.next)
	copy(larger.alive, t.alive)
	copy(larger.follows, t.follows)
	larger.used = t.used
	a.states.Store(larger)
	return larger
}
