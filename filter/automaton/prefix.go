package automaton

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// prefix is a text with which matches begin, and where it leads to: what has it
// need not be read again.
type prefix struct {
	text   string
	target int32
	// sets are the offsets of groups that are set on the way.
	sets []setAt
	// certain says that nothing else is asked for on the way.
	certain bool
}

type setAt struct {
	group int32
	at    int
}

// maxPrefixes bounds the number of prefixes, maxPrefix their length.
const (
	maxPrefixes = 8
	maxPrefix   = 24
)

// prefixFinder finds the prefixes of a program.
type prefixFinder struct {
	*program
	insts []*syntax.Inst
	found []prefix
}

// findPrefixes returns texts with one of which each match begins, none if it
// knows none or a match may begin anywhere.
func findPrefixes(p *program, insts []*syntax.Inst) []prefix {
	if !p.atStart {
		return nil
	}
	f := prefixFinder{program: p, insts: insts}
	f.goOn(prefix{target: p.entry(), certain: true})
	if len(f.found) > maxPrefixes || slices.ContainsFunc(f.found, func(one prefix) bool { return one.text == "" }) {
		return nil
	}
	return f.found
}

// goOn adds the prefixes that begin with so.
func (f *prefixFinder) goOn(so prefix) {
	steps := f.from(so.target)
	full := len(so.text) == maxPrefix || so.text != "" && len(steps) > 1 && len(f.found)+len(steps) > maxPrefixes
	if full || slices.ContainsFunc(steps, func(s step) bool { return s.target == accept || !plain(f.insts[s.target]) }) {
		f.found = append(f.found, so)
		return
	}
	for _, s := range steps {
		if len(f.found) > maxPrefixes {
			return
		}
		next := prefix{
			text:    so.text + string(f.insts[s.target].Rune[0]),
			target:  s.target,
			sets:    slices.Clip(so.sets),
			certain: so.certain && (s.when == 0 || so.text == "" && s.when == syntax.EmptyBeginText),
		}
		for _, group := range f.sets[s.set:s.setEnd] {
			next.sets = append(next.sets, setAt{group, len(so.text)})
		}
		f.goOn(next)
	}
}

// plain says whether inst takes a single character, of ASCII.
func plain(inst *syntax.Inst) bool {
	return inst.Op == syntax.InstRune1 && inst.Rune[0] < 0x80
}

// prefixOf returns the prefix that text has. It is nil where that alone says
// nothing: text has two, as one begins with the other, or more is asked for.
func (a *Automaton) prefixOf(text string) *prefix {
	var only *prefix
	for i := range a.prefixes {
		if !strings.HasPrefix(text, a.prefixes[i].text) {
			continue
		}
		if only != nil {
			return nil
		}
		only = &a.prefixes[i]
	}
	if only == nil || !only.certain {
		return nil
	}
	return only
}
