package filter

import (
	"regexp/syntax"
	"slices"
	"strings"

	"gaol/filter/header"
	"gaol/filter/literal"
	"gaol/filter/logtime"
)

// candidates tells lines that may mean something to a filter from those that
// cannot, without looking at dates, headers or patterns. Nearly all lines of a
// log are of the second kind.
type candidates struct {
	plain texts
	// json is plain for records of JSON, in which quotes and others are escaped.
	json texts
	// wanted is the most telling of what every candidate has, and scan looks for it;
	// nil: nothing that can be looked for.
	wanted literal.Set
	scan   *literal.Scanner
}

// texts are those that lines must have.
type texts struct {
	daemon literal.Set // one of the filter's daemons
	pref   literal.Set // what prefregex requires
	fail   literal.Set // what one of the failregexes (or successregexes) requires
	ignore literal.Set // what one of the ignoreregexes requires
	// ignores is false for a filter without any ignoreregex.
	ignores bool
	// more has, for each failregex and each rule for JSON, all that it requires. It is
	// nil where the message says at once whether a failregex can match.
	more [][]literal.Set
}

func newCandidates(f *Filter) candidates {
	t := texts{ignores: len(f.ignore) > 0}
	if !f.bare {
		t.daemon = f.daemons.required()
	}
	seam, ok := f.seam()
	switch {
	case f.json != nil:
		t.ofJSON(f, seam, ok)
	case ok && !f.OverLines(): // else what is required may stand in any line
		t.fail = anyRequired(f.telling(), seam)
		t.ignore = anyRequired(f.ignore, seam)
		if f.pref != nil {
			t.pref = literal.Required(f.pref.syntax, seam)
		}
		if f.bare {
			t.more = allRequired(f.telling(), seam)
		}
	}
	wanted := t.mostTelling()
	c := candidates{plain: t, json: t.spelled(), wanted: spelled(wanted)}
	if c.wanted.Scannable() {
		c.scan = literal.NewScanner(c.wanted)
		c.plain.forget(wanted)
		c.json.forget(c.wanted)
	}
	return c
}

// telling are the patterns for lines that tell of somebody: failures and, if asked for, successes.
func (f *Filter) telling() []*pattern { return slices.Concat(f.fail, f.success) }

// ofJSON is for filters with rules for JSON. Their failregexes see what stands in a
// line in another form, with escapes, if a rule says in which field. known is false
// if seams may be anywhere.
func (t *texts) ofJSON(f *Filter, seam literal.Seam, known bool) {
	form := func(re *syntax.Regexp) *syntax.Regexp { return re }
	if len(f.json.messages) > 0 {
		form = escapable
	}
	for _, p := range f.telling() {
		var sets []literal.Set
		if known {
			sets = literal.All(form(p.syntax), seam)
		}
		if known && f.pref != nil {
			sets = append(sets, literal.Required(form(f.pref.syntax), seam))
		}
		t.more = append(t.more, sets)
	}
	for _, rule := range slices.Concat(f.json.rules, f.json.successes) {
		t.more = append(t.more, rule.required(f.json.fields))
	}
	best := make([]literal.Set, len(t.more))
	for i, sets := range t.more {
		if len(sets) > 0 {
			best[i] = sets[0]
		}
	}
	t.fail = literal.AnyOf(best...)
	if known {
		ignore := make([]literal.Set, len(f.ignore))
		for i, p := range f.ignore {
			ignore[i] = literal.Required(form(p.syntax), seam)
		}
		t.ignore = literal.AnyOf(ignore...)
	}
}

// forget drops what need not be asked of lines that scan has found.
func (t *texts) forget(wanted literal.Set) {
	for _, set := range []*literal.Set{&t.daemon, &t.pref, &t.fail} {
		if slices.Equal(set.Texts(), wanted.Texts()) {
			*set = literal.Set{}
		}
	}
}

// spelled is what records of JSON must have.
func (t *texts) spelled() texts {
	in := texts{daemon: spelled(t.daemon), pref: spelled(t.pref), fail: spelled(t.fail), ignore: spelled(t.ignore), ignores: t.ignores}
	for _, sets := range t.more {
		more := make([]literal.Set, len(sets))
		for i, set := range sets {
			more[i] = spelled(set)
		}
		in.more = append(in.more, more)
	}
	return in
}

// spelled is the set of which one is in a record whenever one of set is in what the
// record stands for. Few texts have more than one spelling, so looking for all
// costs hardly more.
func spelled(set literal.Set) literal.Set {
	var all []string
	for _, text := range set.Texts() {
		all = header.Spellings(all, text)
	}
	if slices.Contains(all, "") {
		return literal.Set{}
	}
	return literal.Of(all...)
}

func anyRequired(patterns []*pattern, seam literal.Seam) literal.Set {
	sets := make([]literal.Set, len(patterns))
	for i, p := range patterns {
		sets[i] = literal.Required(p.syntax, seam)
	}
	return literal.AnyOf(sets...)
}

func allRequired(patterns []*pattern, seam literal.Seam) [][]literal.Set {
	all := make([][]literal.Set, len(patterns))
	for i, p := range patterns {
		all[i] = literal.All(p.syntax, seam)
	}
	return all
}

// mostTelling is the set to scan for: of those that every candidate has, the
// rarest. A daemon's name is in all of its lines.
func (t *texts) mostTelling() literal.Set {
	fail, pref := t.fail, t.pref
	if t.ignores {
		fail, pref = literal.AnyOf(fail, t.ignore), literal.AnyOf(pref, t.ignore)
	}
	best := fail
	if pref.Rarity() > best.Rarity() {
		best = pref
	}
	if !best.Scannable() && t.daemon.Scannable() {
		best = t.daemon
	}
	return best
}

// seam says where the text that patterns see may have been joined, so that the
// line has something in between. It reports false if that may be anywhere.
func (f *Filter) seam() (literal.Seam, bool) {
	if f.spec.Fail2ban && f.spellsLineEnd() {
		return nil, false
	}
	if !f.bare {
		return nil, true // a message is one piece
	}
	if len(f.spec.Datepattern) == 0 || !f.spec.Fail2ban {
		return betweenWords, true
	}
	// A pattern of the user's own may cut a date out of a word, unless all that is
	// said here holds of each.
	fromStart, before, behind := true, true, true
	for _, form := range f.spec.Datepattern {
		if strings.HasPrefix(form, "^") && !strings.ContainsAny(form, "(|") {
			continue
		}
		fromStart = false
		b, e := logtime.Apart(form)
		before, behind = before && b, behind && e
	}
	switch {
	case fromStart:
		return nil, true
	case before && behind:
		return betweenWords, true
	case behind:
		return func(_, after byte) bool { return !wordByte(after) }, true
	case before:
		return func(before, _ byte) bool { return !wordByte(before) }, true
	}
	return nil, false
}

// betweenWords holds where a date may have been cut out, as none is that touches
// a word (see standsApart).
func betweenWords(before, after byte) bool { return !wordByte(before) && !wordByte(after) }

// possible is false only if the line is missed.
func (c *candidates) possible(line string) bool {
	return (c.scan == nil || c.scan.Next(line, 0) >= 0) && c.probable(line)
}

// probable is possible for a line that scan has found.
func (c *candidates) probable(line string) bool {
	t := &c.plain
	if header.BeginsRecord(line) {
		t = &c.json
	}
	if c.scan == nil && !t.daemon.In(line) {
		return false // else what was found is rarer than the name of another daemon
	}
	return t.pref.In(line) && t.fails(line) || t.ignores && t.ignore.In(line)
}

// fails is false only if no failregex matches.
func (t *texts) fails(line string) bool {
	if t.more == nil {
		return t.fail.In(line)
	}
	for _, sets := range t.more {
		if hasAll(line, sets) {
			return true
		}
	}
	return false
}

func hasAll(line string, sets []literal.Set) bool {
	for _, set := range sets {
		if !set.In(line) {
			return false
		}
	}
	return true
}

// Candidate returns where the first line of block, from from on, begins of which
// [Matcher.Match] would not say at once that it is missed, -1 if there is no
// such line. block holds any number of lines, with their ends, and from is where one
// of them begins. Only these lines need to be cut out.
func (f *Filter) Candidate(block string, from int) int {
	if f.candidates.scan == nil {
		if from < len(block) {
			return from
		}
		return -1
	}
	for {
		at := f.candidates.scan.Next(block, from)
		if at < 0 {
			return -1
		}
		start := from + strings.LastIndexByte(block[from:at], '\n') + 1
		end := len(block)
		if n := strings.IndexByte(block[at:], '\n'); n >= 0 {
			end = at + n
		}
		if f.candidates.probable(block[start:end]) {
			return start
		}
		from = min(end+1, len(block))
	}
}
