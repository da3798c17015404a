package automaton

import (
	"regexp/syntax"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// classes divides all characters into those between which the pattern makes no
// difference.
type classes struct {
	ascii [utf8.RuneSelf]uint8
	// low are the classes of characters of up to two bytes, invalid is that of a byte that is not
	// UTF-8.
	low     [lowEnd]uint8
	invalid uint8
	// from are the first characters of ranges, of what class each says class.
	from  []rune
	class []uint8
	// samples holds a character of each class.
	samples []rune
	// kinds says what each byte is to conditions such as \b. Only ASCII counts to
	// them, and no byte of another character looks like it. between are the
	// conditions that are met between two kinds.
	kinds   [256]kind
	between [kinds][kinds]syntax.EmptyOp
}

// kind is what a character is to conditions.
type kind uint8

const (
	nothing kind = iota // no character: the text's end
	newline
	wordChar
	otherChar
	kinds
)

// lowEnd is the first character that takes three bytes.
const lowEnd = 0x800

// inside is in place of a class for a byte that begins no character.
const inside = 0xff

func newClasses(p *program, insts []*syntax.Inst) (classes, error) {
	var c classes
	known := make(map[string]uint8)
	insts = distinct(insts)
	traits := make([]byte, 0, len(insts)+2)
	for _, r := range borders(insts) {
		traits = traits[:0]
		for _, inst := range insts {
			traits = append(traits, bit(inst.MatchRune(r)))
		}
		traits = append(traits, bit(p.byWord && syntax.IsWordChar(r)), bit(p.byLine && r == '\n'))
		class, ok := known[string(traits)]
		if !ok {
			if len(c.samples) == inside {
				return classes{}, ErrTooLarge
			}
			class = uint8(len(c.samples))
			known[string(traits)] = class
			c.samples = append(c.samples, r)
		}
		c.from = append(c.from, r)
		c.class = append(c.class, class)
	}
	for r := range c.low {
		c.low[r] = c.search(rune(r))
	}
	copy(c.ascii[:], c.low[:])
	c.invalid = c.search(utf8.RuneError)
	c.setKinds()
	return c, nil
}

func (c *classes) setKinds() {
	for b := range c.kinds {
		switch {
		case b == '\n':
			c.kinds[b] = newline
		case syntax.IsWordChar(rune(b)):
			c.kinds[b] = wordChar
		default:
			c.kinds[b] = otherChar
		}
	}
	samples := [kinds]rune{nothing: -1, newline: '\n', wordChar: 'a', otherChar: ' '}
	for i, before := range samples {
		for k, behind := range samples {
			c.between[i][k] = syntax.EmptyOpContext(before, behind)
		}
	}
}

// distinct leaves one of instructions that take the same.
func distinct(insts []*syntax.Inst) []*syntax.Inst {
	known := make(map[string]bool)
	var kept []*syntax.Inst
	for _, inst := range insts {
		key := string(append(slices.Clone(inst.Rune), rune(inst.Op), rune(inst.Arg)))
		if !known[key] {
			known[key] = true
			kept = append(kept, inst)
		}
	}
	return kept
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// borders returns each character, in order, that the pattern may treat
// differently than the one before it.
func borders(insts []*syntax.Inst) []rune {
	all := []rune{0, utf8.RuneSelf}
	add := func(lo, hi rune) { all = append(all, lo, hi+1) }
	for _, inst := range insts {
		switch {
		case inst.Op == syntax.InstRuneAnyNotNL:
			add('\n', '\n')
		case len(inst.Rune) == 1:
			// Alone it may stand for its upper and lower case as well.
			r := inst.Rune[0]
			add(r, r)
			for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
				add(other, other)
			}
		default:
			for i := 0; i+1 < len(inst.Rune); i += 2 {
				add(inst.Rune[i], inst.Rune[i+1])
			}
		}
	}
	for _, r := range [][2]rune{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}, {'\n', '\n'}} {
		add(r[0], r[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// search returns the class of r.
func (c *classes) search(r rune) uint8 {
	i := sort.Search(len(c.from), func(i int) bool { return c.from[i] > r })
	return c.class[i-1]
}

// of writes the class of each character of text to where it begins in to, and
// inside to where none begins. Like package regexp it takes a byte that is not
// UTF-8 for U+FFFD.
func (c *classes) of(text string, to []uint8) []uint8 {
	to = slices.Grow(to[:0], len(text))[:len(text)]
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			to[i] = c.ascii[text[i]]
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r < lowEnd:
			to[i] = c.low[r]
		case r == utf8.RuneError:
			to[i] = c.invalid
		default:
			to[i] = c.search(r)
		}
		for k := 1; k < n; k++ {
			to[i+k] = inside
		}
		i += n
	}
	return to
}
