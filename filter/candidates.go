package filter

import "gaol/filter/literal"

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
	c := candidates{
		daemon:  literal.Of(f.spec.Daemon...),
		fail:    anyRequired(f.fail),
		ignore:  anyRequired(f.ignore),
		ignores: len(f.ignore) > 0,
	}
	if f.pref != nil {
		c.pref = f.pref.required
	}
	return c
}

func anyRequired(patterns []*pattern) literal.Set {
	sets := make([]literal.Set, len(patterns))
	for i, p := range patterns {
		sets[i] = p.required
	}
	return literal.AnyOf(sets...)
}

// possible is false only if the line is missed.
func (c *candidates) possible(line string) bool {
	if !c.daemon.In(line) {
		return false
	}
	return c.pref.In(line) && c.fail.In(line) || c.ignores && c.ignore.In(line)
}
