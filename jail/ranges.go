package jail

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// ranges finds the prefix that holds an address, in about the same time however many there are.
//
// Two prefixes are either apart or one lies in the other. Without those that lie in another one, a
// sorted list has at most one candidate: the last that does not begin behind the address.
type ranges struct {
	v4, v6 table
	names  []string
}

// rule is one prefix that is ignored, and why.
type rule struct {
	prefix netip.Prefix
	name   string
}

// table has the prefixes of one family, apart from each other, in order. Where they begin stands
// by itself, so that a search reads little memory.
type table struct {
	firsts []number
	rests  []rest
	// starts cuts what lies between the first and the last prefix into as many parts of the same
	// size as there are prefixes: starts[i] is how many begin in front of part i. What lies in
	// one part, mostly one or two, is searched by halves; where many lie close together, that
	// takes as many steps as a search of all by halves would.
	starts []uint32
	// shift is the size of a part as a power of two, of hi.
	shift uint8
}

// number is an address; that of IPv4 has its bits on top of hi.
type number struct{ hi, lo uint64 }

// rest is what a prefix is besides its first address.
type rest struct {
	bits uint8
	name uint32 // its place in ranges.names
}

func newRanges(rules []rule) *ranges {
	var r ranges
	places := map[string]uint32{}
	for _, x := range outermost(rules) {
		place, known := places[x.name]
		if !known {
			place = uint32(len(r.names))
			places[x.name] = place
			r.names = append(r.names, x.name)
		}
		t := r.of(x.prefix.Addr().Is4())
		t.firsts = append(t.firsts, numberOf(x.prefix.Addr()))
		t.rests = append(t.rests, rest{uint8(x.prefix.Bits()), place})
	}
	r.v4.cut()
	r.v6.cut()
	return &r
}

// cut makes starts.
func (t *table) cut() {
	if len(t.firsts) == 0 {
		return
	}
	first, last := t.firsts[0].hi, t.firsts[len(t.firsts)-1].hi
	for (last-first)>>t.shift >= uint64(len(t.firsts)) {
		t.shift++
	}
	parts := (last-first)>>t.shift + 1
	t.starts = make([]uint32, 0, parts+1)
	for i, n := range t.firsts {
		for uint64(len(t.starts)) <= (n.hi-first)>>t.shift {
			t.starts = append(t.starts, uint32(i))
		}
	}
	t.starts = append(t.starts, uint32(len(t.firsts)))
}

// outermost sorts rules and drops those that lie in another one; of equal ones the first stays.
func outermost(rules []rule) []rule {
	slices.SortStableFunc(rules, func(a, b rule) int {
		if c := a.prefix.Addr().Compare(b.prefix.Addr()); c != 0 {
			return c
		}
		return cmp.Compare(a.prefix.Bits(), b.prefix.Bits())
	})
	kept := rules[:0]
	for _, x := range rules {
		if n := len(kept); n == 0 || !kept[n-1].prefix.Contains(x.prefix.Addr()) {
			kept = append(kept, x)
		}
	}
	return kept
}

func numberOf(a netip.Addr) number {
	if a.Is4() {
		four := a.As4()
		return number{hi: uint64(binary.BigEndian.Uint32(four[:])) << 32}
	}
	sixteen := a.As16()
	return number{binary.BigEndian.Uint64(sixteen[:8]), binary.BigEndian.Uint64(sixteen[8:])}
}

// agrees says whether the first bits of both are the same.
func (n number) agrees(m number, bits uint8) bool {
	if bits <= 64 {
		return (n.hi^m.hi)>>(64-bits) == 0
	}
	return n.hi == m.hi && (n.lo^m.lo)>>(128-bits) == 0
}

func (n number) less(m number) bool { return n.hi < m.hi || n.hi == m.hi && n.lo < m.lo }

// masked is n without what stands behind its first bits.
func (n number) masked(bits uint8) number {
	if bits <= 64 {
		return number{hi: n.hi & (^uint64(0) << (64 - bits))}
	}
	return number{n.hi, n.lo & (^uint64(0) << (128 - bits))}
}

// question is a prefix, made ready to be looked for in several ranges.
type question struct {
	first number
	bits  uint8
	is4   bool
}

// about asks about p, whose bits behind its length don't matter.
func about(p netip.Prefix) question {
	addr, bits := p.Addr(), p.Bits()
	if addr.Is4In6() && bits >= mappedBits {
		addr, bits = addr.Unmap(), bits-mappedBits
	}
	return question{numberOf(addr).masked(uint8(bits)), uint8(bits), addr.Is4()}
}

func (r *ranges) of(is4 bool) *table {
	if is4 {
		return &r.v4
	}
	return &r.v6
}

// after is how many prefixes do not begin behind n.
func (t *table) after(n number) int {
	if len(t.firsts) == 0 || n.less(t.firsts[0]) {
		return 0
	}
	part := (n.hi - t.firsts[0].hi) >> t.shift
	if part >= uint64(len(t.starts)-1) {
		return len(t.firsts)
	}
	low, high := t.starts[part], t.starts[part+1]
	for low < high {
		middle := low + (high-low)/2
		if n.less(t.firsts[middle]) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return int(low)
}

// holds finds a rule that holds all of what is asked about.
func (r *ranges) holds(q question) (name string, ok bool) {
	t := r.of(q.is4)
	i := t.after(q.first) - 1
	if i < 0 || t.rests[i].bits > q.bits || !t.firsts[i].agrees(q.first, t.rests[i].bits) {
		return "", false
	}
	return r.names[t.rests[i].name], true
}

// overlaps finds a rule that holds what is asked about, or the first that lies in it.
func (r *ranges) overlaps(q question) (name string, ok bool) {
	t := r.of(q.is4)
	i := t.after(q.first)
	if i > 0 && t.firsts[i-1].agrees(q.first, min(t.rests[i-1].bits, q.bits)) {
		return r.names[t.rests[i-1].name], true
	}
	if i < len(t.firsts) && t.firsts[i].agrees(q.first, q.bits) {
		return r.names[t.rests[i].name], true
	}
	return "", false
}
