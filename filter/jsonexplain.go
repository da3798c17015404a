package filter

import (
	"fmt"
	"slices"
	"strings"

	"gaol/filter/jsonline"
)

// explainJSON says why a filter with rules for JSON missed a line, of which v is the view.
func (m *Matcher) explainJSON(line *Line, v *view) string {
	f := m.filter
	if !f.candidates.possible(line.Text) && m.matchCandidate(*line, false).Verdict == Matched {
		return `letters or digits are written as \u…, and so not looked at`
	}
	defer m.fields.Reset()
	fault := m.fields.Read(v.text)
	if fault == jsonline.NoObject && len(f.json.messages) == 0 && len(f.fail) > 0 {
		if reason := f.explainText(v.text, nil).Text; reason != "" {
			return reason
		}
	}
	if fault != jsonline.Fine {
		return m.explainFault(fault)
	}
	if i := first(f.ignore, v.text, &m.work); i >= 0 {
		return fmt.Sprintf("ignored by ignoreregex %d", i+1)
	}
	var message view
	if rule := m.openMessage(&message, line.Read); rule != nil {
		if reason := f.explainText(message.text, nil).Text; reason != "" {
			return reason
		}
	} else if len(f.json.messages) == 0 && len(f.fail) > 0 {
		if reason := f.explainText(v.text, nil).Text; reason != "" {
			return reason
		}
	}
	if reason := m.explainRules(message.text != ""); reason != "" {
		return reason
	}
	return "no pattern matched " + quote(message.text)
}

func (m *Matcher) explainFault(fault jsonline.Fault) string {
	switch fault {
	case jsonline.Trailing:
		return "not JSON: something follows the object"
	case jsonline.Broken:
		return "not JSON: the object is cut off or not valid"
	case jsonline.TooDeep:
		return fmt.Sprintf("JSON nested more than %d levels deep", jsonline.MaxDepth)
	case jsonline.Twice:
		return m.fields.Repeated().String() + " is there twice, and it is not known which counts"
	default:
		return "not JSON"
	}
}

// explainRules says what came between the line and the rule of which most holds. A rule with
// message that was opened is no longer asked.
func (m *Matcher) explainRules(opened bool) string {
	reason, most := "", -1
	rules := m.filter.json.rules
	if !opened {
		rules = append(rules[:len(rules):len(rules)], m.filter.json.messages...)
	}
	for _, rule := range rules {
		if why, held := rule.explain(m.fields, &m.work, m.filter.json.fields); held > most {
			reason, most = why, held
		}
	}
	return reason
}

// explain says what in a line keeps the rule from matching, and how much does not.
func (r *jsonRule) explain(fields *jsonline.Reader, w *work, paths *jsonline.Fields) (reason string, held int) {
	for i := range r.when {
		if r.when[i].holds(fields, w) {
			held++
		}
	}
	if i := r.failing(fields, w); i >= 0 {
		return r.when[i].explain(fields, paths), held
	}
	if i := r.vetoing(fields, w); i >= 0 {
		return missing(fields, paths, r.unless[i].fields) + ", which unless forbids", held + 1
	}
	held += 2
	if len(r.msg) > 0 {
		return missing(fields, paths, r.msg), held
	}
	if len(r.host) == 0 {
		return missing(fields, paths, r.id), held
	}
	switch c, why := r.client(fields, w); {
	case why == clientMissing && len(r.peer) > 0 && there(fields, r.peer) == nil:
		return missing(fields, paths, r.peer), held
	case why == clientMissing:
		return missing(fields, paths, r.host), held
	case why == clientTrusted:
		return "all addresses in " + namesOf(paths, slices.Concat(r.host, r.peer)) + " are trusted proxies", held
	case why == clientUnclear && maybeAddress(c.text):
		return notAddress(c.text, family{v4: true, v6: true}), held
	case why == clientUnclear:
		return fmt.Sprintf("%s in %s is not an address", quote(c.text), namesOf(paths, slices.Concat(r.host, r.peer))), held
	}
	return "json rule matched", held
}

func (c *condition) explain(fields *jsonline.Reader, paths *jsonline.Fields) string {
	there := slices.ContainsFunc(c.fields, func(field int) bool { return len(fields.Values(field)) > 0 })
	if !there {
		return missing(fields, paths, c.fields)
	}
	wants := make([]string, len(c.wants))
	for i, w := range c.wants {
		wants[i] = w.text
	}
	return missing(fields, paths, c.fields) + ", not " + strings.Join(wants, " or ")
}

// shown is what stands in a field, for a person.
func shown(fields *jsonline.Reader, field int) string {
	const most = 3
	var texts []string
	for i, v := range fields.Values(field) {
		switch {
		case i == most:
			return strings.Join(texts, ", ") + ", …"
		case v.Kind == jsonline.Container:
			texts = append(texts, "an object or array")
		case v.Kind == jsonline.String:
			texts = append(texts, quote(v.Text))
		default:
			texts = append(texts, v.Raw)
		}
	}
	return strings.Join(texts, ", ")
}

// missing says what the first of these fields is that is there, or that none is.
func missing(fields *jsonline.Reader, paths *jsonline.Fields, which []int) string {
	for _, field := range which {
		if len(fields.Values(field)) > 0 {
			return fmt.Sprintf("%s is %s", paths.Path(field), shown(fields, field))
		}
	}
	return "no field " + namesOf(paths, which)
}

func namesOf(paths *jsonline.Fields, which []int) string {
	names := make([]string, len(which))
	for i, field := range which {
		names[i] = paths.Path(field).String()
	}
	return strings.Join(names, " or ")
}
