package literal

import "strings"

// Scanner looks for the texts of several sets at once, in time that hardly
// grows with their number. It holds no state: any number of goroutines may
// use it.
//
// It looks only at each stride-th place of a text, at the four bytes there.
// Whatever is longer than that cannot slip through between: one of its places
// is looked at, and each of those is known. Most places need no more than a
// multiplication and a look into a small table. Shorter texts are looked for one by
// one: few filters have nothing better.
type Scanner struct {
	scans []scan
	short []place
}

// scan is the search for texts of about the same length.
type scan struct {
	stride int
	// table holds, by the hash of four bytes, 1 + the index in places of the first
	// place that they may be, 0 for none.
	table  *[1 << hashBits]uint16
	places []place
}

// place says that four bytes of that hash stand at text[offset:].
type place struct {
	text   string
	offset int
	// sets are the indices of those that have the text.
	sets []int
	// next is 1 + the index of the next place of the same hash, 0 for none.
	next uint16
}

const (
	gram     = 4 // bytes that are looked at
	hashBits = 13
	// maxWindow bounds how much of a text is searched for at first. More would make
	// the stride longer, and the table fuller.
	maxWindow = 12
	// longText divides texts into two groups, so that a short one does not make the
	// stride small for all.
	longText = 8
	// maxPlaces is what the table can hold, far more than leave it sparse.
	maxPlaces = 1<<16 - 1
)

// Scannable says whether a [Scanner] looks for all of the set's texts at once: there are
// any, and none is too short.
func (s Set) Scannable() bool { return shortest(s.texts) >= gram }

// NewScanner makes a scanner for sets that require something. It returns nil if there are too many.
func NewScanner(sets ...Set) *Scanner {
	var short, medium, long group
	for i, set := range sets {
		// All of a set are looked for together, but for those that are too short.
		least := shortest(set.texts)
		for _, text := range set.texts {
			n := least
			if least < gram {
				n = len(text)
			}
			switch {
			case n < gram:
				short.add(text, i)
			case n < longText:
				medium.add(text, i)
			default:
				long.add(text, i)
			}
		}
	}
	s := &Scanner{}
	for _, text := range short.texts {
		s.short = append(s.short, place{text: text, sets: short.sets[text]})
	}
	for _, g := range []group{long, medium} {
		if len(g.texts) == 0 {
			continue
		}
		one, ok := newScan(g)
		if !ok {
			return nil
		}
		s.scans = append(s.scans, one)
	}
	return s
}

// group is texts of about the same length, each once, with the sets that have it.
type group struct {
	texts []string
	sets  map[string][]int
}

func (g *group) add(text string, set int) {
	if g.sets == nil {
		g.sets = make(map[string][]int)
	}
	if g.sets[text] == nil {
		g.texts = append(g.texts, text)
	}
	g.sets[text] = append(g.sets[text], set)
}

func newScan(g group) (scan, bool) {
	window := min(shortest(g.texts), maxWindow)
	s := scan{stride: window - gram + 1, table: new([1 << hashBits]uint16)}
	for _, text := range g.texts {
		first := rarest(text, window)
		for offset := first; offset < first+s.stride; offset++ {
			if len(s.places) == maxPlaces {
				return scan{}, false
			}
			slot := &s.table[hash(text, offset)]
			s.places = append(s.places, place{text: text, offset: offset, sets: g.sets[text], next: *slot})
			*slot = uint16(len(s.places))
		}
	}
	return s, true
}

// hash is that of the four bytes at text[i:].
func hash(text string, i int) uint32 {
	b := text[i : i+gram]
	four := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	return four * 0x9e3779b1 >> (32 - hashBits) // Fibonacci hashing, Knuth, TAOCP 3, section 6.4
}

// Next returns an index in the first line of text, from from on, that contains
// one of the texts, -1 if there is no such line. from is where a line begins.
// It is for scanners of a single set, which is scannable.
func (s *Scanner) Next(text string, from int) int { return s.scans[0].next(text, from) }

func (s *scan) next(text string, from int) int {
	table, stride := s.table, s.stride
	for i := from; i+gram <= len(text); i += stride {
		if at := table[hash(text, i)]; at != 0 && s.verify(at, text, i) != nil {
			return i
		}
	}
	return -1
}

// verify returns a place that text[i:] is indeed, nil if there is none, of
// those from number at on.
func (s *scan) verify(at uint16, text string, i int) *place {
	for at != 0 {
		p := &s.places[at-1]
		if start := i - p.offset; start >= 0 && strings.HasPrefix(text[start:], p.text) {
			return p
		}
		at = p.next
	}
	return nil
}

// Mark adds to found, by bit, the sets that have a text in line. found has room
// for a bit of each set.
func (s *Scanner) Mark(line string, found []uint64) {
	for i := range s.scans {
		s.scans[i].mark(line, found)
	}
	for i := range s.short {
		if strings.Contains(line, s.short[i].text) {
			s.short[i].mark(found)
		}
	}
}

func (p *place) mark(found []uint64) {
	for _, set := range p.sets {
		found[set/64] |= 1 << (set % 64)
	}
}

func (s *scan) mark(line string, found []uint64) {
	table, stride := s.table, s.stride
	for i := 0; i+gram <= len(line); i += stride {
		at := table[hash(line, i)]
		for at != 0 {
			p := s.verify(at, line, i)
			if p == nil {
				break
			}
			p.mark(found)
			at = p.next
		}
	}
}

// rarest returns where the window of text begins whose bytes are the least
// common in logs.
func rarest(text string, window int) int {
	best, most := 0, 0
	for i := 0; i+window <= len(text); i++ {
		if r := textRarity(text[i : i+window]); r > most {
			best, most = i, r
		}
	}
	return best
}
