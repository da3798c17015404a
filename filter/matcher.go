package filter

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gaol/filter/header"
	"gaol/filter/jsonline"
	"gaol/filter/logtime"
)

// Matcher applies a [Filter] to one stream of lines. It remembers sessions, the last
// lines if patterns span them, and which form of date fitted last. Use one for each source, and not from several
// goroutines at once.
type Matcher struct {
	filter   *Filter
	dates    *logtime.Finder
	sessions sessions
	// fields reads lines of JSON, and fieldDates the dates in them; nil in a filter
	// without rules for such.
	fields     *jsonline.Reader
	fieldDates *fieldDates
	// asides looks at lines for Date and Explain, which must not change what
	// Match does; nil until one of them is asked.
	asides *Matcher

	// found and before hold what failregex and prefregex captured; they are
	// used again for each line.
	found, before captures
	work          work

	// window is nil for a filter that looks at each line by itself.
	window *window

	// lent is what failures are made in if borrow (see Borrow).
	borrow bool
	lent   proven
	// open are a container's streams whose last record was a piece of a line.
	open header.Stream
	// verdicts: no failures are made (see VerdictsOnly).
	verdicts bool
}

// proven is a failure with room for the one line that most have as their proof.
type proven struct {
	Failure
	proof [1]string
}

// Borrow makes Match return failures that hold only until it is called again,
// and that share the line's memory. It is for those who look at them and keep
// nothing: making a copy takes as long as finding the failure.
func (m *Matcher) Borrow() { m.borrow = true }

// VerdictsOnly makes Match say what becomes of a line, and no more: no failure is
// made, and sessions, on which nothing but failures depends, are not kept. It is
// for those who count.
func (m *Matcher) VerdictsOnly() { m.verdicts = true }

// Trust makes the matcher take those for trusted proxies of whom trusts says so, besides those of
// the Spec, in rules for JSON that don't name their own. trusts must not block.
func (m *Matcher) Trust(trusts func(netip.Addr) bool) { m.work.trusts = trusts }

// Proxied is the last trusted proxy that stood where a rule for JSON found no client behind it, in
// a line that would be a failure otherwise, since Proxied was asked before; invalid: there was none.
func (m *Matcher) Proxied() netip.Addr {
	last := m.work.proxied
	m.work.proxied = netip.Addr{}
	return last
}

// NewMatcher returns a matcher that has seen nothing yet.
func (f *Filter) NewMatcher() *Matcher {
	m := &Matcher{filter: f, dates: f.newFinder()}
	if f.json != nil {
		m.fields = jsonline.NewReader(f.json.fields)
		m.fieldDates = newFieldDates(f)
	}
	if f.OverLines() {
		m.window = &window{max: f.spec.MaxLines, ended: f.spec.Fail2ban}
	}
	return m
}

func (f *Filter) newFinder() *logtime.Finder { return newFinder(f.dates) }

func newFinder(opts logtime.Options) *logtime.Finder {
	finder, err := logtime.New(opts)
	if err != nil {
		panic(fmt.Sprintf("filter: date patterns that Compile accepted: %v", err))
	}
	return finder
}

// Match says what the filter makes of line. The result shares no memory with
// line (but see [Matcher.Borrow]). A line that cannot match allocates nothing.
//
// The order is: ignoreregex; prefregex, which may narrow the text down; the
// failregexes, of which the first that matches and is not vetoed by an unless
// decides; the successregexes, if asked for; ignoreregex once more, if the text was narrowed down; the rules for JSON, of which
// the first that matches decides. With maxlines it is: prefregex; the failregexes; ignoreregex.
func (m *Matcher) Match(line Line) Result {
	split := m.pass(&line)
	if !m.filter.candidates.possible(line.Text) {
		return Result{Pattern: -1}
	}
	return m.matchCandidate(line, split)
}

// MatchCandidate is Match for a line that [Filter.Candidate] has found in a block;
// before is what the block holds before it. [Matcher.Passed] must follow each
// block.
func (m *Matcher) MatchCandidate(line Line, before string) Result {
	return m.matchCandidate(line, continued(before, line.Text, m.open))
}

func (m *Matcher) matchCandidate(line Line, split bool) Result {
	if split {
		return Result{Pattern: -1, Split: true}
	}
	var result Result
	if m.window == nil {
		result = m.examine(&line)
	} else {
		result = m.examineLines(&line)
	}
	m.found.reset()
	m.before.reset()
	if m.fields != nil {
		m.fields.Reset()
	}
	return result
}

// examine is Match for a line that may mean something.
func (m *Matcher) examine(line *Line) Result {
	f := m.filter
	var v view
	f.look(&v, line, m.dates, &m.work)
	result := Result{Pattern: -1, Date: v.template(), Time: v.time(line)}
	switch {
	case !v.daemon:
	case f.json != nil:
		m.examineJSON(&result, line, &v)
	default:
		m.examineText(&result, v.text)
	}
	switch {
	case m.verdicts:
	case result.Verdict == Matched:
		m.found.merge(&m.before)
		m.conclude(line, &result)
	case result.Verdict == Succeeded:
		m.found.merge(&m.before)
		result.Success = m.success(line, &result, &m.found)
	}
	return result
}

// examineText finds out what the patterns make of text.
func (m *Matcher) examineText(result *Result, text string) {
	f := m.filter
	ignoresFirst := f.ignoresFirst()
	if ignoresFirst && m.ignores(result, text) {
		return
	}
	narrowed, _, ok := f.narrow(text, &m.before, &m.work)
	if !ok {
		return
	}
	verdict, i := Matched, f.fails(narrowed, &m.found, &m.work)
	if i < 0 && len(f.success) > 0 {
		verdict, i = Succeeded, f.succeeds(narrowed, &m.found, &m.work)
	}
	if i < 0 || (!ignoresFirst || len(narrowed) != len(text)) && m.ignores(result, narrowed) {
		return
	}
	result.Verdict, result.Pattern = verdict, i
}

// ignores says whether an ignoreregex matches text, which then is the result.
func (m *Matcher) ignores(result *Result, text string) bool {
	i := first(m.filter.ignore, text, &m.work)
	if i >= 0 {
		result.Verdict, result.Pattern = Ignored, i
	}
	return i >= 0
}

// Date says by which template line is dated, and its time: "" and zero if it is
// undated, "" and the source's time if that knew it. Match does not look for the
// date of lines that cannot match; this is for those who want it of every line.
func (m *Matcher) Date(line Line) (template string, at time.Time) {
	if !line.Time.IsZero() {
		return "", line.Time
	}
	if record, ok := header.ParseRecord(line.Text); ok && !m.filter.spec.Fail2ban {
		return header.RecordDate, record.Time
	}
	return m.aside().date(&line)
}

func (m *Matcher) date(line *Line) (template string, at time.Time) {
	if m.filter.json != nil {
		var v view
		m.filter.look(&v, line, m.dates, &m.work)
		defer m.fields.Reset()
		if m.fields.Read(v.text) == jsonline.Fine {
			return m.dateJSON(line, &v, nil, nil)
		}
	}
	date, _ := m.dates.Find(line.Text, line.Read)
	return date.Template, date.Time
}

func (m *Matcher) aside() *Matcher {
	if m.asides == nil {
		m.asides = m.filter.NewMatcher()
	}
	return m.asides
}

// first is the index of the first pattern that matches text, -1 if none does.
func first(patterns []*pattern, text string, w *work) int {
	for i, p := range patterns {
		if p.matches(text, w) {
			return i
		}
	}
	return -1
}

// narrow applies prefregex: it fills before with what it captured, and returns
// the text that is left for failregex and where it begins. It reports false for
// a text that prefregex doesn't match.
func (f *Filter) narrow(text string, before *captures, w *work) (narrowed string, start int, ok bool) {
	before.reset()
	if f.pref == nil {
		return text, 0, true
	}
	if !f.pref.find(text, before, w) {
		return "", 0, false
	}
	for _, v := range before.values {
		if v.name == "content" {
			return f.content(text, v, w), v.start, true
		}
	}
	return text, 0, true
}

// fails is the index of the failregex that decides on text, -1 if there is none.
func (f *Filter) fails(text string, found *captures, w *work) int {
	for i, p := range f.fail {
		if p.find(text, found, w) && first(f.unless, text, w) < 0 {
			return i
		}
	}
	return -1
}

// succeeds is the index of the successregex that decides on text, -1 if there is none.
func (f *Filter) succeeds(text string, found *captures, w *work) int {
	return slices.IndexFunc(f.success, func(p *pattern) bool { return p.find(text, found, w) })
}

// conclude makes the failure or success that a matched line leads to, if it leads to one.
func (m *Matcher) conclude(line *Line, result *Result) {
	now := line.Read
	if line.CatchUp && !result.Time.IsZero() {
		now = result.Time
	}
	out := m.sessions.observe(&m.found, result.Earlier, line.Text, m.filter.Weight(result.Pattern), now)
	if !out.fails {
		if out.gained && m.filter.gains {
			result.Success = m.success(line, result, out.known)
		}
		return
	}
	made, text := &m.lent, beginning(line.Text)
	if !m.borrow {
		made, text = new(proven), strings.Clone(text)
	}
	// Written field by field, as the whole would be written twice.
	failure := &made.Failure
	failure.Time = result.Time
	failure.Read = line.Read
	failure.CatchUp = line.CatchUp
	failure.Pattern, failure.Failregex, failure.Weight = result.Pattern, m.filter.failregex(result.Pattern), out.weight
	failure.Fields = fieldsOf(out.known)
	failure.Source = line.Source
	copied := kept{line: line.Text, text: text}
	failure.User = copied.part(out.known.get("user"))
	failure.Prefix, failure.Host, failure.ID = copied.accused(out.known, m.found.address)
	if len(out.lines) == 0 {
		made.proof[0] = text
		failure.Lines = made.proof[:]
	} else {
		failure.Lines = append(out.lines[:len(out.lines):len(out.lines)], text)
	}
	result.Failure = failure
}

// success makes the success of whom a line names, nil if it names nobody. It is a copy, whatever Borrow
// says: there are few of them.
func (m *Matcher) success(line *Line, result *Result, known *captures) *Success {
	if !identified(known) {
		return nil
	}
	text := strings.Clone(beginning(line.Text))
	copied := kept{line: line.Text, text: text}
	s := &Success{
		Time: result.Time, Read: line.Read, CatchUp: line.CatchUp, User: copied.part(known.get("user")),
		Pattern: result.Pattern, Fields: fieldsOf(known), Lines: []string{text}, Source: line.Source,
	}
	s.Prefix, s.Host, s.ID = copied.accused(known, known.address)
	return s
}

// fieldsOf returns what was captured by name. The address is not among it, and
// neither is what only steers the filter. It is nil if there is nothing but a
// user and an id, which a failure holds itself.
func fieldsOf(c *captures) map[string]string {
	more := false
	for _, v := range c.values {
		more = more || !steers(v.name) && v.name != "user" && v.name != "id"
	}
	if !more {
		return nil
	}
	fields := make(map[string]string, len(c.values))
	for _, v := range c.values {
		if !steers(v.name) {
			fields[v.name] = strings.Clone(v.value)
		}
	}
	return fields
}

// steers says whether the name is one by which a filter is told what to do.
func steers(name string) bool {
	switch name {
	case "content", "nofail", "mlfid", "mlfforget", "mlfgained":
		return true
	}
	return false
}
