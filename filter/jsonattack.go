package filter

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"gaol/filter/jsonline"
)

// jsonString is a string of a line of JSON, of which a client chose text[from:to].
type jsonString struct {
	text     string
	from, to int
}

// with writes the string, without its quotation marks, with other words in place of what
// the client chose, as a service does.
func (s jsonString) with(words string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s.text[:s.from] + words + s.text[s.to:]); err != nil {
		panic("filter: writing a string: " + err.Error())
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// whole says whether the client chose all of it.
func (s jsonString) whole() bool { return s.from == 0 && s.to == len(s.text) }

// jsonTargets are the texts in a line of JSON that a client may have chosen: all but
// those by which he was found. It reports false for a line that is none.
func (m *Matcher) jsonTargets(number int, line Line, culprits []string) ([]target, bool) {
	if m.filter.json == nil {
		return nil, false
	}
	defer m.fields.Reset()
	var v, message view
	m.filter.look(&v, &line, m.dates, &m.work)
	if m.fields.Read(v.text) != jsonline.Fine {
		return nil, false
	}
	var result Result
	rule := m.decide(&result, &v, &message, line.Read)
	parts := m.partsOf(rule, v.text)
	var targets []target
	for _, span := range jsonline.Strings(v.text) {
		raw := v.text[span.Start:span.End]
		t := target{line: number, start: v.inLine(span.Start), end: v.inLine(span.Start) + len(raw)}
		part, isPart := parts[span.Start]
		switch {
		case isPart && rule != nil && len(rule.msg) > 0:
			targets = append(targets, m.messageTargets(t, part, &message, culprits)...)
			continue
		case isPart && part == nil:
			continue // the service wrote it
		case !isPart && rule == nil && containsAny(raw, culprits):
			continue // it is where a failregex finds him
		case !isPart:
			part = &jsonString{raw, 0, len(raw)}
		}
		t.name, t.in = "the text "+quote(raw), part
		targets = append(targets, t)
	}
	return targets, true
}

// partsOf returns, by where they begin in line, those strings that the client did not choose
// or not wholly, nil if it was no part of them. rule is what decided on the line;
// nil: none.
func (m *Matcher) partsOf(rule *jsonRule, line string) map[int]*jsonString {
	parts := map[int]*jsonString{}
	add := func(v jsonline.Value, part *jsonString) {
		if at, ok := offsetIn(line, v.Raw); ok && v.Kind == jsonline.String {
			parts[at] = part
		}
	}
	if rule == nil {
		for _, rule := range slices.Concat(m.filter.json.rules, m.filter.json.successes) {
			for _, v := range there(m.fields, slices.Concat(rule.host, rule.peer)) {
				add(v, nil)
			}
		}
		return parts
	}
	for _, v := range there(m.fields, rule.msg) {
		if v.Kind == jsonline.String {
			add(v, &jsonString{v.Text, 0, len(v.Text)})
			break // the others are not the message
		}
	}
	found := false // the client; what stands further left is his
	for _, v := range there(m.fields, rule.peer) {
		add(v, nil)
		_, why := rule.lastOf([]jsonline.Value{v}, &m.work)
		found = why == clientKnown
	}
	hosts := there(m.fields, rule.host)
	for i := len(hosts) - 1; i >= 0 && !found; i-- {
		var part *jsonString
		part, found = rule.leftOfClient(hosts[i].Text)
		add(hosts[i], part)
	}
	return parts
}

// leftOfClient finds the client in a list of addresses. What stands left of it is what
// the client himself sent, if it can be any list. part is nil if it cannot.
func (r *jsonRule) leftOfClient(list string) (part *jsonString, found bool) {
	for rest, more := list, true; more; {
		var entry string
		rest, entry, more = cutLast(rest)
		c, ok := clientOf(entry, r.names)
		switch {
		case !ok || r.trusts(c.addr, new(work)):
		case more:
			return &jsonString{list, 0, len(rest)}, true
		case len(r.trusted) > 0:
			return &jsonString{", " + list, 0, 0}, true
		default:
			return nil, true
		}
	}
	return nil, false
}

// messageTargets are what the client chose of a text that the failregexes see.
func (m *Matcher) messageTargets(t target, s *jsonString, message *view, culprits []string) []target {
	inside := m.capturedIn(t.line, message)
	inside = append(inside, quotations(t.line, s.text, culprits)...)
	for i := range inside {
		in := &inside[i]
		in.in = &jsonString{s.text, in.start, in.end}
		in.start, in.end = t.start, t.end
	}
	return inside
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
