package filter

import (
	"cmp"
	"regexp/syntax"
	"slices"
	"strings"

	"gaol/filter/jsonline"
	"gaol/filter/literal"
)

// unescaped says whether encoders leave c as it is. By RFC 8259 section 7 they may
// write any character as \u0041. Those there are do it to what isn't ASCII and to
// punctuation that means something in HTML or JavaScript: " \ / < > & ' = + `
// (Go's encoding/json, PHP's json_encode, Gson, System.Text.Json, Rails).
func unescaped(c rune) bool {
	return c < 0x80 && (wordByte(byte(c)) || strings.ContainsRune(" -.:,;@()[]{}#*!?$%|^~", c))
}

// escapable is re with anything in place of characters that may be escaped, so that what it
// requires stands in the line as it is.
func escapable(re *syntax.Regexp) *syntax.Regexp {
	if re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0 {
		return escapableText(re)
	}
	replaced := *re
	replaced.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		replaced.Sub[i] = escapable(sub)
	}
	return &replaced
}

func escapableText(re *syntax.Regexp) *syntax.Regexp {
	anything := &syntax.Regexp{Op: syntax.OpStar, Sub: []*syntax.Regexp{{Op: syntax.OpAnyChar}}}
	parts := &syntax.Regexp{Op: syntax.OpConcat}
	for start := 0; start < len(re.Rune); {
		end := start
		for end < len(re.Rune) && unescaped(re.Rune[end]) {
			end++
		}
		if end > start {
			parts.Sub = append(parts.Sub, &syntax.Regexp{Op: syntax.OpLiteral, Flags: re.Flags, Rune: re.Rune[start:end]})
		} else {
			parts.Sub = append(parts.Sub, anything)
			end++
		}
		start = end
	}
	return parts
}

// maxSets bounds what is looked for in a line, one after the other.
const maxSets = 4

// required returns sets of which every line that matches has a text, the most telling
// first. Every line of a log may have the keys that the rule names, so they
// count only if nothing else can be looked for.
func (r *jsonRule) required(fields *jsonline.Fields) []literal.Set {
	var texts, keys []literal.Set
	for _, cond := range r.when {
		texts = append(texts, cond.required()...)
		keys = append(keys, keysOf(fields, cond.fields))
	}
	for _, paths := range [][]int{r.host, r.peer, r.msg} {
		keys = append(keys, keysOf(fields, paths))
	}
	if !slices.ContainsFunc(texts, literal.Set.Scannable) {
		texts = append(texts, keys...)
	}
	texts = slices.DeleteFunc(texts, func(s literal.Set) bool { return len(s.Texts()) == 0 })
	slices.SortStableFunc(texts, func(a, b literal.Set) int { return cmp.Compare(b.Rarity(), a.Rarity()) })
	return texts[:min(len(texts), maxSets)]
}

// required returns sets of which every line in which the condition holds has a text.
func (c *condition) required() []literal.Set {
	if len(c.wants) == 1 && c.wants[0].pattern != nil {
		return literal.All(escapable(c.wants[0].pattern.syntax), nil)
	}
	sets := make([]literal.Set, len(c.wants))
	for i, w := range c.wants {
		switch {
		case w.pattern != nil:
			sets[i] = literal.Required(escapable(w.pattern.syntax), nil)
		case !w.number: // numbers can be written in several ways
			sets[i] = literal.Of(w.text)
		}
	}
	return []literal.Set{literal.AnyOf(sets...)}
}

// keysOf is the set of which every line has one that has one of these fields.
func keysOf(fields *jsonline.Fields, paths []int) literal.Set {
	sets := make([]literal.Set, len(paths))
	for i, field := range paths {
		for _, key := range fields.Path(field).Keys() {
			if set := literal.Of(longestPiece(key)); set.Rarity() > sets[i].Rarity() {
				sets[i] = set
			}
		}
	}
	return literal.AnyOf(sets...)
}

// longestPiece is the longest part of a key, in its quotation marks, that no encoder
// escapes. There is one, be it a mark.
func longestPiece(key string) string {
	longest, piece := "", `"`
	end := func() {
		if len(piece) > len(longest) {
			longest = piece
		}
		piece = ""
	}
	for _, c := range key {
		if unescaped(c) {
			piece += string(c)
		} else {
			end()
		}
	}
	piece += `"`
	end()
	return longest
}
