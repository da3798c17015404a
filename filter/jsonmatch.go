package filter

import (
	"strings"
	"time"

	"gaol/filter/jsonline"
)

// beginsObject says whether a line can be a JSON object.
func beginsObject(line string) bool {
	line = strings.TrimLeft(line, blanks)
	return line != "" && line[0] == '{'
}

// examineJSON finds out what a filter with rules for JSON makes of a line. Lines of another
// kind are for its failregexes.
func (m *Matcher) examineJSON(result *Result, line *Line, v *view) {
	fault := m.fields.Read(v.text)
	if fault == jsonline.NoObject && len(m.filter.json.messages) == 0 {
		m.examineText(result, v.text)
	}
	if fault != jsonline.Fine {
		return
	}
	var message view
	rule := m.decide(result, v, &message, line.Read)
	if result.Verdict == Missed {
		return
	}
	var inner *view
	if message.text != "" {
		inner = &message
	}
	result.Date, result.Time = m.dateJSON(line, v, inner, rule)
}

// decide finds out what the filter's patterns and rules make of an object. It returns the
// rule that had a part in it, and in message what that found, if it did.
func (m *Matcher) decide(result *Result, v, message *view, now time.Time) *jsonRule {
	f := m.filter
	if m.ignores(result, v.text) {
		return nil
	}
	var rule *jsonRule
	if len(f.json.messages) == 0 {
		m.examineText(result, v.text)
	} else if rule = m.openMessage(message, now); rule != nil {
		m.examineText(result, message.text)
	}
	if result.Verdict != Missed {
		return rule
	}
	*message = view{}
	for i, rule := range f.json.rules {
		if rule.accuse(m.fields, &m.found, &m.work) {
			result.Verdict, result.Pattern = Matched, len(f.fail)+i
			return rule
		}
	}
	for i, rule := range f.json.successes {
		if rule.accuse(m.fields, &m.found, &m.work) {
			result.Verdict, result.Pattern = Succeeded, len(f.success)+i
			return rule
		}
	}
	return nil
}

// openMessage makes message the view of the text in the line's field for it. It returns
// the rule that says which that is, nil if there is no such text.
func (m *Matcher) openMessage(message *view, now time.Time) *jsonRule {
	for _, rule := range m.filter.json.messages {
		if !rule.holds(m.fields, &m.work) {
			continue
		}
		if text := strings.TrimRight(textThere(m.fields, rule.msg), "\r\n"); text != "" {
			m.filter.lookInside(message, text, now, m.dates, &m.work)
			return rule
		}
	}
	return nil
}
