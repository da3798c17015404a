package filter

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Attack plays the client who wants somebody else banned, with the filter's own
// tests as material.
//
// For each test that leads to a failure, what the client can choose is
// replaced, one thing at a time, by hostile text: other addresses, the line's
// own words with another host, whole lines, quotes, brackets, dates, line ends
// real and escaped, control characters, Unicode, very long text. Whatever comes
// of it, only those may be accused whom the unchanged lines accuse, or nobody.
//
// He may also want to be trusted, or somebody else to be. So tests of successful logins are attacked in the same
// way, in all of them the lines of such logins are put in as well, and only those may be let in
// whom the unchanged lines let in.
//
// The client is taken to choose every captured text that is neither the
// address nor steers the filter (the user above all), and what stands between
// quotation marks, unless that holds the accused host; in a line of JSON, every
// text but those by which he was found. What he can write elsewhere isn't
// known here and not attacked. A filter whose service escapes quotes in such
// places is held to more than it needs; that one which writes JSON does escape them is
// taken for granted.
//
// There is one result for each attack, in a fixed order, none for tests that
// fail by themselves.
func Attack(spec Spec) []TestResult {
	filters := modes{spec: spec}
	boasts := boastsOf(&filters)
	var results []TestResult
	for i, test := range spec.Tests {
		if !test.Match && !test.Success || filters.run(test) != "" {
			continue
		}
		f, err := filters.filter(test)
		if err != nil {
			continue // filters.run has said so
		}
		for _, result := range f.attack(test, boasts) {
			result.Index, result.Test = i, test
			results = append(results, result)
		}
	}
	return results
}

// target is text in one of a test's lines that the client chose.
type target struct {
	line       int
	start, end int
	name       string
	// id says that it is the id itself: another one is no false accusation.
	id bool
	// in is the string of a line of JSON in which it stands, and which then is what is at
	// start and end. nil: it stands in the line as it is.
	in *jsonString
}

// same says whether two targets are the same text.
func (t target) same(other target) bool {
	return t.line == other.line && t.start == other.start && t.end == other.end &&
		(t.in == other.in || t.in != nil && other.in != nil && *t.in == *other.in)
}

// weapon is a hostile text.
type weapon struct {
	name, text string
}

// verdicts are all whom a run has accused or let in.
type verdicts struct {
	accused, trusted people
}

// hosts are those of both kinds.
func (v *verdicts) hosts() []string { return slices.Concat(v.accused.hosts, v.trusted.hosts) }

// people are hosts and ids, each once.
type people struct {
	hosts, ids []string
}

func (p *people) add(f *Failure) {
	if f.Host != "" && !slices.Contains(p.hosts, f.Host) {
		p.hosts = append(p.hosts, f.Host)
	}
	if f.ID != "" && !slices.Contains(p.ids, f.ID) {
		p.ids = append(p.ids, f.ID)
	}
}

// stranger is one who is not among others, "" if there is none. With anyID, ids are none.
func (p *people) stranger(others people, anyID bool) string {
	for _, host := range p.hosts {
		if !slices.Contains(others.hosts, host) {
			return quote(host)
		}
	}
	for _, id := range p.ids {
		if !anyID && !slices.Contains(others.ids, id) {
			return "id " + quote(id)
		}
	}
	return ""
}

// attack tries every weapon on every target.
func (f *Filter) attack(test Test, boasts []boast) []TestResult {
	lines := f.testLines(test)
	rightly, targets := f.reconnoitre(lines)
	if len(rightly.hosts()) == 0 {
		return nil // there is nobody to take the place of
	}
	var results []TestResult
	for _, t := range targets {
		arms := weapons(f, lines, t, rightly.hosts())
		for _, b := range boasts {
			arms = append(arms, b.weapons(rightly.hosts())...)
		}
		for _, w := range arms {
			result := TestResult{OK: true, Attack: fmt.Sprintf("%s in place of %s in line %d", w.name, t.name, t.line+1)}
			if wrong := f.strike(lines, t, w.text, rightly); wrong != "" {
				result.OK = false
				result.Problem = fmt.Sprintf("%s when %s was replaced by %s", wrong, t.name, quote(w.text))
			}
			results = append(results, result)
		}
	}
	return results
}

// reconnoitre runs the lines unchanged: whom do they accuse, and what did the
// client choose?
func (f *Filter) reconnoitre(lines []Line) (verdicts, []target) {
	rightly := f.verdictsOn(lines)
	var targets []target
	m := f.NewMatcher()
	for i, line := range lines {
		if own, ok := m.jsonTargets(i, line, rightly.hosts()); ok {
			targets = append(targets, own...)
			continue
		}
		targets = append(targets, m.captured(i, line)...)
		targets = append(targets, quotations(i, line.Text, rightly.hosts())...)
	}
	slices.SortStableFunc(targets, func(a, b target) int {
		return cmp.Or(a.line-b.line, a.start-b.start, a.end-b.end)
	})
	return rightly, slices.CompactFunc(targets, target.same)
}

// captured are the targets that the filter's patterns capture in a line.
func (m *Matcher) captured(number int, line Line) []target {
	var v view
	if m.window != nil {
		return m.capturedOverLines(&line, &v)
	}
	m.filter.look(&v, &line, m.dates, &m.work)
	return m.capturedIn(number, &v)
}

// capturedIn are the targets that the filter's patterns capture in what is seen of a line.
func (m *Matcher) capturedIn(number int, v *view) []target {
	f := m.filter
	text, offset, ok := f.narrow(v.text, &m.before, &m.work)
	if !v.daemon || !ok {
		return nil
	}
	targets := targetsOf(&m.before, number, 0, v)
	if f.fails(text, &m.found, &m.work) >= 0 || f.succeeds(text, &m.found, &m.work) >= 0 {
		targets = append(targets, targetsOf(&m.found, number, offset, v)...)
	}
	return targets
}

func targetsOf(c *captures, number, offset int, v *view) []target {
	var targets []target
	for _, one := range c.values {
		if steers(one.name) {
			continue
		}
		start, end := v.inLine(offset+one.start), v.inLine(offset+one.end-1)+1
		targets = append(targets, target{line: number, start: start, end: end, name: one.name, id: one.name == "id"})
	}
	return targets
}

// quotations are the texts between quotation marks in a line. Those that hold a
// culprit were written by the service.
func quotations(number int, line string, culprits []string) []target {
	var targets []target
	for i := 0; i < len(line); i++ {
		mark := line[i]
		if mark != '"' && mark != '\'' || i > 0 && wordByte(line[i-1]) {
			continue
		}
		length := strings.IndexByte(line[i+1:], mark)
		if length < 0 {
			continue
		}
		start, end := i+1, i+1+length
		inside := line[start:end]
		if !slices.ContainsFunc(culprits, func(host string) bool { return strings.Contains(inside, host) }) {
			targets = append(targets, target{line: number, start: start, end: end, name: "the quoted " + quote(inside)})
		}
		i = end
	}
	return targets
}

// verdictsOn runs lines and returns whom they accuse and let in.
func (f *Filter) verdictsOn(lines []Line) verdicts {
	m := f.NewMatcher()
	var all verdicts
	for _, line := range lines {
		result := m.Match(line)
		if result.Failure != nil {
			all.accused.add(result.Failure)
		}
		if result.Success != nil {
			all.trusted.add((*Failure)(result.Success))
		}
	}
	return all
}

// strike runs the lines with text in place of the target, and says what they wrongly lead to, "" for
// nothing.
func (f *Filter) strike(lines []Line, t target, text string, rightly verdicts) string {
	changed := slices.Clone(lines)
	line := changed[t.line].Text
	if t.in != nil {
		text = t.in.with(text)
	}
	changed[t.line].Text = line[:t.start] + text + line[t.end:]
	found := f.verdictsOn(changed)
	if stranger := found.accused.stranger(rightly.accused, t.id); stranger != "" {
		return fmt.Sprintf("%s instead of %s was accused", stranger, strings.Join(rightly.hosts(), ", "))
	}
	if stranger := found.trusted.stranger(rightly.trusted, t.id && len(rightly.trusted.ids) > 0); stranger != "" {
		return fmt.Sprintf("%s was let in, without having logged in,", stranger)
	}
	return ""
}

// weapons are the hostile texts for a target, made of the line it stands in.
func weapons(f *Filter, lines []Line, t target, hosts []string) []weapon {
	line := lines[t.line]
	other := innocent(hosts, "198.51.100.66", "203.0.113.66")
	other6 := innocent(hosts, "2001:db8:66::66", "2001:db8:77::77")
	framed := func(text string) string {
		for _, host := range hosts {
			text = strings.ReplaceAll(text, host, other)
		}
		return text
	}
	var v view
	f.look(&v, &line, f.newFinder(), new(work))
	message, whole, head, tail := framed(v.text), framed(line.Text), framed(line.Text[:t.start]), framed(line.Text[t.end:])
	if t.in != nil && !t.in.whole() {
		message, head, tail = framed(t.in.text), framed(t.in.text[:t.in.from]), framed(t.in.text[t.in.to:])
	}
	last := framed(lines[len(lines)-1].Text)
	return []weapon{
		{"nothing", ""},
		{"another address", other},
		{"another IPv6 address", "[" + other6 + "]"},
		{"an address and a port", "x from " + other + " port 22"},
		{"the rest of the line with another host", "x" + tail},
		{"the rest of the line with another host, and a blank", "x" + tail + " "},
		{"the rest of the line, from another host", "x" + tail + " from " + other},
		{"the beginning of the line with another host", head + "x"},
		{"the message with another host", message},
		{"the whole line with another host", whole},
		{"the last line with another host", last},
		{"the message behind an escaped line end", `x\n` + message + `\n`},
		{"the message behind a line end", "x\n" + message + "\n"},
		{"the message behind a carriage return", "x\r" + message + "\r"},
		{"quotes", `x" '` + other + `' "` + other},
		{"closed quotes and the rest of the line", `x"` + tail + `"`},
		{"brackets", "x] (" + other + ") [" + other + "] {" + other + "} <" + other + "> ["},
		{"a date", "2026-03-10 21:31:23 " + other + " [10/Mar/2026:21:31:23 +0000] " + other},
		{"control characters", "x\x00\x07\x1b[2K\x7f" + other + "\x00" + tail},
		{"text that is not UTF-8", "x\xff\xfe" + other + "\xc0" + tail},
		{"Unicode", "ü\u202e\u2028" + other + "\u2029\u00a0" + tail},
		{"an address with more digits around it", "1" + other + "9 " + other + ".example.com"},
		{"10,000 characters", strings.Repeat(other+" ", 10_000/len(other+" "))},
	}
}

// innocent is the first of candidates that no culprit is or is written like.
func innocent(hosts []string, candidates ...string) string {
	for _, candidate := range candidates {
		addr := netip.MustParseAddr(candidate)
		if !slices.ContainsFunc(hosts, func(host string) bool {
			prefix, err := netip.ParsePrefix(host)
			return host == candidate || err == nil && prefix.Contains(addr)
		}) {
			return candidate
		}
	}
	return candidates[0]
}
