package literal

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// maxExact bounds how many texts a part of an expression may stand for to be spelled out. Few do: the ends of
// numbers and words that begin alike ("401" and "403" are "40" and a class).
const maxExact = 8

// exact returns all texts that re stands for, if these are few. A group and what is empty may stand for
// something else (see package gaol/filter/backtrack).
func exact(re *syntax.Regexp) (texts []string, ok bool) {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}, true
	case syntax.OpLiteral:
		text := string(re.Rune)
		return []string{text}, re.Flags&syntax.FoldCase == 0 && !strings.ContainsRune(text, '\uFFFD')
	case syntax.OpCharClass:
		return exactClass(re.Rune)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			more, ok := exact(sub)
			if texts = append(texts, more...); !ok || len(texts) > maxExact {
				return nil, false
			}
		}
		return texts, true
	case syntax.OpConcat:
		texts = []string{""}
		for _, sub := range re.Sub {
			more, ok := exact(sub)
			if !ok || len(texts)*len(more) > maxExact {
				return nil, false
			}
			texts = product(texts, more)
		}
		return texts, true
	}
	return nil, false
}

// exactClass spells out a class, which is pairs of its first and last characters.
func exactClass(pairs []rune) (texts []string, ok bool) {
	for i := 0; i < len(pairs); i += 2 {
		for r := pairs[i]; r <= pairs[i+1]; r++ {
			if texts = append(texts, string(r)); len(texts) > maxExact || r == '\uFFFD' {
				return nil, false
			}
		}
	}
	return texts, len(texts) > 0
}

func product(starts, ends []string) []string {
	all := make([]string, 0, len(starts)*len(ends))
	for _, start := range starts {
		for _, end := range ends {
			all = append(all, start+end)
		}
	}
	return all
}

// runs returns what is required by parts of a concatenation that stand next to each other, and for
// few texts each. They are for expressions of which no single part has a text that is long enough to look for.
func (f finder) runs(parts []*syntax.Regexp) [][]string {
	var all [][]string
	run, length := []string{""}, 0
	end := func() {
		if length > 1 { // a single part is looked at by itself
			if texts := f.pieces(run); texts != nil {
				all = append(all, texts)
			}
		}
		run, length = []string{""}, 0
	}
	for _, part := range parts {
		texts, ok := exact(part)
		if !ok {
			end()
			continue
		}
		if len(run)*len(texts) > maxExact {
			end()
		}
		run, length = product(run, texts), length+1
	}
	end()
	return all
}

// pieces returns of each text the longest piece between seams, nil if one has none.
func (f finder) pieces(texts []string) []string {
	pieces := make([]string, len(texts))
	for i, text := range texts {
		pieces[i] = f.piece(text)
	}
	if slices.Contains(pieces, "") {
		return nil
	}
	return pieces
}
