package filter

import (
	"math/bits"

	"gaol/filter/header"
	"gaol/filter/literal"
)

// Scanner finds, for all filters that read a source, the lines that each must
// look at. All are looked for together: it costs little more for fifty filters
// than for one. It holds no state, any number of goroutines may use it.
type Scanner struct {
	scan *literal.Scanner
	// bit is that of each filter in what scan finds; not there: all lines are the
	// filter's to look at.
	bit map[*Filter]int
}

// NewScanner makes a scanner for filters, of which each counts once.
func NewScanner(filters []*Filter) *Scanner {
	s := &Scanner{bit: make(map[*Filter]int)}
	var sets []literal.Set
	for _, f := range filters {
		if _, known := s.bit[f]; known || len(f.candidates.wanted.Texts()) == 0 {
			continue
		}
		s.bit[f] = len(sets)
		sets = append(sets, f.candidates.wanted)
	}
	if s.scan = literal.NewScanner(sets...); s.scan == nil {
		clear(s.bit)
	}
	return s
}

// Candidates are the lines of a batch that filters must look at.
type Candidates struct {
	lines []Line
	bit   map[*Filter]int
	// found holds the indices of lines, by bit.
	found [][]int
	// split holds the lines that go on from a container's record before them, or
	// that do if the stream that is named was open before the batch.
	split map[int]header.Stream
	// streams is how the batch leaves the streams.
	streams streams
}

// Scan looks through lines.
func (s *Scanner) Scan(lines []Line) Candidates {
	c := Candidates{lines: lines, bit: s.bit, found: make([][]int, len(s.bit))}
	if len(s.bit) == 0 {
		return c
	}
	marks := make([]uint64, (len(s.bit)+63)/64)
	for i := range lines {
		if lines[i].Time.IsZero() {
			c.pass(i)
		}
		s.scan.Mark(lines[i].Text, marks)
		for w, word := range marks {
			for ; word != 0; word &= word - 1 {
				bit := 64*w + bits.TrailingZeros64(word)
				c.found[bit] = append(c.found[bit], i)
			}
			marks[w] = 0
		}
	}
	return c
}

// pass notes how line i stands to the records before it.
func (c *Candidates) pass(i int) {
	continues, unknown := c.streams.pass(c.lines[i].Text)
	if continues|unknown == 0 {
		return
	}
	if c.split == nil {
		c.split = make(map[int]header.Stream)
	}
	c.split[i] = unknown
}

// isSplit says whether line i goes on from a record before it, if those streams were
// open before the batch.
func (c *Candidates) isSplit(i int, open header.Stream) bool {
	unknown, ok := c.split[i]
	return ok && (unknown == header.NoStream || unknown&open != 0)
}

// MatchAll is Match for those of the lines that the matcher's filter must look at, in
// their order; of the others it would say that they are missed. each is called
// with the index of every line that it looks at, and what it makes of it. If c is of a
// scanner that doesn't know the filter, it looks at all of them.
func (m *Matcher) MatchAll(c Candidates, each func(line int, result Result)) {
	bit, ok := c.bit[m.filter]
	if !ok {
		for i := range c.lines {
			each(i, m.Match(c.lines[i]))
		}
		return
	}
	for _, i := range c.found[bit] {
		result := Result{Pattern: -1}
		if m.filter.candidates.probable(c.lines[i].Text) {
			result = m.matchCandidate(c.lines[i], c.isSplit(i, m.open))
		}
		each(i, result)
	}
	m.open = c.streams.behind(m.open)
}
