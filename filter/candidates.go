package filter

import (
	"strings"

	"gaol/filter/literal"
)

// candidates tells lines that may mean something to a filter from those that
// cannot, without looking at dates, headers or patterns. Nearly all lines of a
// log are of the second kind.
type candidates struct {
	daemon literal.Set // one of the filter's daemons
	pref   literal.Set // what prefregex requires
	fail   literal.Set // what one of the failregexes requires
	ignore literal.Set // what one of the ignoreregexes requires
	// ignores is false for a filter without any ignoreregex.
	ignores bool
}

func newCandidates(f *Filter) candidates {
	c := candidates{daemon: literal.Of(f.spec.Daemon...), ignores: len(f.ignore) > 0}
	seam, ok := f.seam()
	if !ok {
		return c
	}
	c.fail = anyRequired(f.fail, seam)
	c.ignore = anyRequired(f.ignore, seam)
	if f.pref != nil {
		c.pref = literal.Required(f.pref.syntax, seam)
	}
	return c
}

func anyRequired(patterns []*pattern, seam literal.Seam) literal.Set {
	sets := make([]literal.Set, len(patterns))
	for i, p := range patterns {
		sets[i] = literal.Required(p.syntax, seam)
	}
	return literal.AnyOf(sets...)
}

// seam says where the text that patterns see may have been joined, so that the
// line has something in between. It reports false if that may be anywhere.
func (f *Filter) seam() (literal.Seam, bool) {
	if len(f.spec.Daemon) > 0 {
		return nil, true // a message is one piece
	}
	for _, form := range f.spec.Datepattern {
		// A pattern of the user's own may cut a date out of a word, unless it cuts
		// all from the line's start.
		if !strings.HasPrefix(form, "^") || strings.ContainsAny(form, "(|") {
			return nil, false
		}
	}
	if len(f.spec.Datepattern) > 0 {
		return nil, true
	}
	return betweenWords, true
}

// betweenWords holds where a date may have been cut out, as none is that touches
// a word (see standsApart).
func betweenWords(before, after byte) bool { return !wordByte(before) && !wordByte(after) }

// possible is false only if the line is missed.
func (c *candidates) possible(line string) bool {
	if !c.daemon.In(line) {
		return false
	}
	return c.pref.In(line) && c.fail.In(line) || c.ignores && c.ignore.In(line)
}
