package filter

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"

	"gaol/filter/automaton"
	"gaol/filter/backtrack"
	"gaol/filter/header"
	"gaol/filter/literal"
	"gaol/filter/logtime"
)

// pattern is one compiled failregex, ignoreregex, prefregex or unless.
type pattern struct {
	text string // as written
	// fast matches as re does; nil for a pattern that is too large for it. Few
	// patterns are, so re is made when it is asked for.
	fast *automaton.Automaton
	re   func() *regexp.Regexp
	// slow is there in place of both for a pattern that needs to go back in the text.
	slow *backtrack.Program
	// vetoes are what text must not match either.
	vetoes []*pattern
	// captured are the names of all groups, of which groups are those that mean something.
	captured []string
	groups   []numbered
	// accuses says whether there is an address among the groups, without which
	// nothing matches.
	accuses bool
	// syntax is what re was made of, or what slow needs at least.
	syntax *syntax.Regexp
	// required is in every text that matches.
	required literal.Set
	// loose is the same pattern with any word where an address must stand; only
	// explanations use it.
	loose func() *pattern
}

// numbered is a group with its index among the expression's own.
type numbered struct {
	group
	index int
}

// compilePattern makes a pattern of text. Its errors say what is wrong, not
// where; see problem.
func compilePattern(text string, d dialect) (*pattern, error) {
	p, err := newPattern(text, d)
	if err != nil {
		return nil, err
	}
	p.loose = sync.OnceValue(func() *pattern {
		d.loose = true
		loose, err := newPattern(text, d)
		if err != nil {
			return nil // too big with wider groups; nothing is explained then
		}
		return loose
	})
	return p, nil
}

func newPattern(text string, d dialect) (*pattern, error) {
	if text == "" {
		return nil, errors.New("the pattern is empty and would match every line: remove it")
	}
	tr, parsed, err := parse(text, d)
	if err != nil && d.fail2ban {
		d.beyond = true
		tr, parsed, err = parse(text, d)
	}
	if err != nil {
		return nil, err
	}
	p := &pattern{text: text}
	if len(tr.marks) == 0 {
		p.compilePlain(parsed, tr.expr)
	} else if err := p.compileBeyond(parsed, tr); err != nil {
		return nil, err
	}
	for i, g := range tr.groups {
		if index := slices.Index(p.captured, groupName(i)); index >= 0 {
			p.groups = append(p.groups, numbered{g, index})
		}
	}
	p.accuses = p.has(group.isAddress)
	slices.SortStableFunc(p.groups, func(a, b numbered) int { return cmp.Compare(a.alt, b.alt) })
	return p, nil
}

// parse reads a pattern as it is written.
func parse(text string, d dialect) (translation, *syntax.Regexp, error) {
	tr, err := translate(text, d)
	if err != nil {
		return translation{}, nil, err
	}
	parsed, err := syntax.Parse(tr.expr, syntax.Perl)
	if err == nil && d.lines {
		// By itself first: what is wrong with it must not be hidden by what is put around it.
		tr.expr = d.overLines(tr.expr)
		parsed, err = syntax.Parse(tr.expr, syntax.Perl)
	}
	if err != nil {
		return translation{}, nil, explainSyntax(err)
	}
	return tr, parsed, nil
}

// compilePlain makes the pattern of an expression in RE2 syntax.
func (p *pattern) compilePlain(re *syntax.Regexp, expr string) {
	p.syntax = re
	p.required = literal.Required(re, nil)
	p.captured = re.CapNames()
	p.re = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
	var err error
	if p.fast, err = automaton.Compile(re); err != nil {
		p.fast = nil
		p.re() // what is compiled now needs no compiling at the first line
	}
}

// has says whether the pattern has a group for which is holds.
func (p *pattern) has(is func(group) bool) bool {
	return p != nil && slices.ContainsFunc(p.groups, func(n numbered) bool { return is(n.group) })
}

// capture is one named text within a line.
type capture struct {
	name       string
	value      string
	start, end int // in the text that the pattern saw
}

// captures is what the groups of a match hold.
type captures struct {
	values []capture
	// prefix is the accused address, address how it was written, "" where that is
	// not known any more; else host may be a name.
	prefix  netip.Prefix
	address string
	host    string
}

// reset forgets everything, so that no line is kept alive.
func (c *captures) reset() {
	clear(c.values)
	c.values = c.values[:0]
	c.prefix = netip.Prefix{}
	c.address, c.host = "", ""
}

// get returns the text captured under name, "" for none.
func (c *captures) get(name string) string {
	for i := range c.values {
		if c.values[i].name == name {
			return c.values[i].value
		}
	}
	return ""
}

// accused says whether an address or a name was captured.
func (c *captures) accused() bool { return c.prefix.IsValid() || c.host != "" }

// merge adds what other has and c lacks.
func (c *captures) merge(other *captures) {
	for _, v := range other.values {
		if c.get(v.name) == "" {
			c.values = append(c.values, v)
		}
	}
	if !c.accused() {
		c.prefix, c.address, c.host = other.prefix, other.address, other.host
	}
}

// work is memory for matching, used again for each line.
type work struct {
	scratch automaton.Scratch
	at      []int
	joined  []byte // a line without its date
	// usual finds dates in the usual forms, nil until one is asked for (see Filter.headerDate).
	usual   *logtime.Finder
	content []byte // what prefregex has left of it
	machine backtrack.Machine
	// runaway counts how often a pattern took too many steps.
	runaway map[*pattern]int64
	record  header.Record
	output  []byte // what a container wrote
	// trusts says who else is a trusted proxy, nil: nobody (see Matcher.Trust).
	trusts func(netip.Addr) bool
	// proxied is the last trusted proxy that was found where a client should be.
	proxied netip.Addr
}

// possible is false only if text does not match.
func (p *pattern) possible(text string) bool {
	return (p.fast == nil || p.fast.Begins(text)) && p.required.In(text)
}

// matches says whether text matches, addresses included.
func (p *pattern) matches(text string, w *work) bool {
	switch {
	case !p.possible(text):
		return false
	case p.accuses:
		var unused captures
		return p.find(text, &unused, w)
	case p.fast != nil && len(p.vetoes) == 0:
		if matched, known := p.fast.Find(text, nil, &w.scratch); known {
			return matched
		}
	}
	return p.submatches(text, w) != nil
}

// submatches returns the offsets of the match and its groups, nil if text does
// not match. They hold until the next call.
func (p *pattern) submatches(text string, w *work) []int {
	if len(p.vetoes) > 0 && first(p.vetoes, text, w) >= 0 {
		return nil
	}
	if p.slow != nil {
		return p.goBack(text, w)
	}
	if p.fast != nil {
		w.at = slices.Grow(w.at[:0], p.fast.Size())[:p.fast.Size()]
		matched, known := p.fast.Find(text, w.at, &w.scratch)
		switch {
		case matched:
			return w.at
		case known:
			return nil
		}
	}
	return p.re().FindStringSubmatchIndex(text)
}

// search is submatches for a text of which it isn't known whether it is possible.
func (p *pattern) search(text string, w *work) []int {
	if !p.possible(text) {
		return nil
	}
	return p.submatches(text, w)
}

// find fills found with what the groups hold, and reports whether text matches.
func (p *pattern) find(text string, found *captures, w *work) bool {
	at := p.search(text, w)
	if at == nil {
		found.reset()
		return false
	}
	return p.capture(text, at, found)
}

// capture fills found with what the groups of a match hold. It reports false where
// an address group holds none: a pattern that accuses must not guess.
func (p *pattern) capture(text string, at []int, found *captures) bool {
	found.reset()
	length := ""
	for _, g := range p.groups {
		start, end := at[2*g.index], at[2*g.index+1]
		if start == end {
			continue // empty, or of an alternative that was not taken
		}
		value := text[start:end]
		switch g.kind {
		case address:
			if !found.accuse(text, start, end, g.group) {
				return false
			}
		case cidr:
			length = cmp.Or(length, value)
		case field:
			if found.get(g.name) == "" {
				found.values = append(found.values, capture{g.name, value, start, end})
			}
		}
	}
	if found.prefix.IsValid() {
		found.prefix = prefixOf(found.prefix.Addr(), length)
	}
	return true
}

// accuse takes text[start:end] for the host and reports whether it is one. Of
// several, the first address counts, then the first name.
func (c *captures) accuse(text string, start, end int, g group) bool {
	value := unbracketed(text[start:end])
	if truncated(text, start, end, g) {
		return false
	}
	if addr, ok := parseAddress(value, g.family); ok {
		if !c.prefix.IsValid() {
			c.prefix, c.address = netip.PrefixFrom(addr, addr.BitLen()), value
		}
		return true
	}
	if !g.family.dns || !isName(value) {
		return false
	}
	if c.host == "" {
		c.host = value
	}
	return true
}

func (g group) isAddress() bool { return g.kind == address }

// identifies says whether the group can say whom a failure is about: a host, an
// id, or a session in which another line says it.
func (g group) identifies() bool {
	return g.kind == address || g.name == "id" || g.name == "mlfid"
}

// problem names the pattern that err is about.
func problem(what string, text string, err error) error {
	return fmt.Errorf("%s %q: %w", what, text, err)
}
