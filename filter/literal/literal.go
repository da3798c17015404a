// Package literal finds out, cheaply, that a line cannot match a pattern.
//
// [Required] reads off a parsed pattern which pieces of plain text every match
// contains; [Set.In] looks for them, which costs a fraction of running the
// pattern and allocates nothing. The answer errs on one side only: a line
// without any of the pieces does not match; one that has them may.
package literal

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// A Seam says whether a text may have been joined between two bytes that now
// stand side by side, so that they may be apart where the pieces are looked for.
// nil: nowhere.
type Seam func(before, after byte) bool

// Set holds texts of which a matching line contains at least one. The zero
// value requires nothing and is in every line.
type Set struct {
	texts []string
}

// In says whether at least one of the set's texts is in line, or the set is
// empty.
func (s Set) In(line string) bool {
	if len(s.texts) == 0 {
		return true
	}
	for _, text := range s.texts {
		if strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// Texts returns the set's texts; none: nothing is required.
func (s Set) Texts() []string { return s.texts }

// AnyOf returns the set of which one is in every line in which one of sets is.
// It is empty as soon as one of sets is.
func AnyOf(sets ...Set) Set {
	var all []string
	for _, s := range sets {
		if len(s.texts) == 0 {
			return Set{}
		}
		all = append(all, s.texts...)
	}
	return Set{texts: reduced(all)}
}

// Of returns the set of these texts.
func Of(texts ...string) Set { return Set{texts: reduced(texts)} }

// Required returns what every match of re contains, as the set of the rarest
// texts. Texts are cut at seams, so that no text spans one.
func Required(re *syntax.Regexp, seam Seam) Set {
	f := finder{seam: seam}
	return Set{texts: reduced(f.required(re))}
}

// maxTexts bounds a set: many texts cost more to look for than they save.
const maxTexts = 32

type finder struct {
	seam Seam
}

// required returns texts of which each match of re contains one, nil if it
// knows none.
func (f finder) required(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return f.literal(re)
	case syntax.OpCapture, syntax.OpPlus:
		return f.required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return f.required(re.Sub[0])
		}
	case syntax.OpConcat:
		return f.best(re.Sub)
	case syntax.OpAlternate:
		return f.union(re.Sub)
	}
	return nil
}

// literal returns the longest piece between seams. Text that matches in either
// case is left to the pattern.
func (f finder) literal(re *syntax.Regexp) []string {
	if re.Flags&syntax.FoldCase != 0 {
		return nil
	}
	text := string(re.Rune)
	if strings.ContainsRune(text, '\uFFFD') {
		return nil // stands for any byte that is not UTF-8
	}
	if longest := f.piece(text); longest != "" {
		return []string{longest}
	}
	return nil
}

// piece returns the longest piece of text between seams.
func (f finder) piece(text string) string {
	longest, start := "", 0
	for i := 1; i <= len(text); i++ {
		if i < len(text) && (f.seam == nil || !f.seam(text[i-1], text[i])) {
			continue
		}
		if i-start > len(longest) {
			longest = text[start:i]
		}
		start = i
	}
	return longest
}

// best returns what is required by the part that is the most telling.
func (f finder) best(parts []*syntax.Regexp) []string {
	var best []string
	for _, part := range parts {
		if texts := f.required(part); better(texts, best) {
			best = texts
		}
	}
	if shortest(best) >= gram {
		return best
	}
	for _, texts := range f.runs(parts) {
		if better(texts, best) {
			best = texts
		}
	}
	return best
}

// union returns all that the alternatives require, nil if one requires nothing.
func (f finder) union(alternatives []*syntax.Regexp) []string {
	var all []string
	for _, alternative := range alternatives {
		texts := f.required(alternative)
		if texts == nil {
			return nil
		}
		all = append(all, texts...)
	}
	if len(all) > maxTexts {
		return nil
	}
	return all
}

// better prefers the set whose most common text is rarer, then the smaller set.
func better(a, b []string) bool {
	if ra, rb := rarity(a), rarity(b); ra != rb {
		return ra > rb
	}
	return len(a) < len(b)
}

// Rarity says how little of a log has a text of the set, so far as one can say
// without the log: 0 for the set that is in every line.
func (s Set) Rarity() int { return rarity(s.texts) }

func rarity(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	least := textRarity(texts[0])
	for _, text := range texts[1:] {
		least = min(least, textRarity(text))
	}
	return least
}

func textRarity(text string) int {
	sum := 0
	for i := range len(text) {
		sum += byteRarity(text[i])
	}
	return sum
}

// common are bytes in the order in which logs have them, by and large.
const common = " 0123e/t:aison.rdc-p4567u89lmhf\"g=[]bwkyvxT,_()HPMGS;ACE"

// byteRarity grows with the logarithm of how rare c is, as rarities are added up.
func byteRarity(c byte) int {
	switch i := strings.IndexByte(common, c); {
	case i < 0:
		return 10
	case c == 'H' || c == 'T' || c == 'P':
		return 5 // HTTP is in each line of many logs
	default:
		return 3 + i/9
	}
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	n := len(texts[0])
	for _, t := range texts[1:] {
		n = min(n, len(t))
	}
	return n
}

// reduced drops texts that contain another one: where they are, that is.
func reduced(texts []string) []string {
	var kept []string
	for i, text := range texts {
		if !implied(texts, i, text) {
			kept = append(kept, text)
		}
	}
	return kept
}

func implied(texts []string, i int, text string) bool {
	for j, other := range texts {
		if j == i || !strings.Contains(text, other) {
			continue
		}
		if other != text || j < i {
			return true
		}
	}
	return false
}

// All returns sets each of which every match of re needs, the most telling
// first, as [Required] returns the first alone.
func All(re *syntax.Regexp, seam Seam) []Set {
	f := finder{seam: seam}
	var all []Set
	for _, texts := range f.all(re) {
		if len(all) < maxSets && !slices.ContainsFunc(all, func(s Set) bool { return s.implies(texts) }) {
			all = append(all, Set{texts: reduced(texts)})
		}
	}
	return all
}

// maxSets bounds what is looked for one after the other.
const maxSets = 4

// implies says that a line with a text of s has one of texts.
func (s Set) implies(texts []string) bool {
	return !slices.ContainsFunc(s.texts, func(text string) bool {
		return !slices.ContainsFunc(texts, func(other string) bool { return strings.Contains(text, other) })
	})
}

// all returns what each part of re requires, the most telling first.
func (f finder) all(re *syntax.Regexp) [][]string {
	var all [][]string
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return f.all(re.Sub[0])
	case syntax.OpConcat:
		for _, part := range re.Sub {
			all = append(all, f.all(part)...)
		}
		if !slices.ContainsFunc(all, func(texts []string) bool { return shortest(texts) >= gram }) {
			all = append(all, f.runs(re.Sub)...)
		}
	default:
		if texts := f.required(re); texts != nil {
			all = append(all, texts)
		}
	}
	slices.SortStableFunc(all, func(a, b []string) int {
		switch {
		case better(a, b):
			return -1
		case better(b, a):
			return 1
		}
		return 0
	})
	return all
}
