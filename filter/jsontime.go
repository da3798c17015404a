package filter

import (
	"time"

	"gaol/filter/header"
	"gaol/filter/jsonline"
	"gaol/filter/logtime"
)

// fieldDates reads the dates in fields of one stream of lines.
type fieldDates struct {
	texts  *logtime.Finder // by the filter's datepattern
	epochs *logtime.Finder
	// places reads the usual fields, of lines that turned out to matter alone.
	places *jsonline.Reader
}

func newFieldDates(f *Filter) *fieldDates {
	epochs, err := logtime.New(logtime.Options{Location: f.dates.Location, Patterns: []string{"^LEPOCH"}})
	if err != nil {
		panic("filter: " + err.Error())
	}
	return &fieldDates{texts: f.newFinder(), epochs: epochs, places: jsonline.NewReader(f.json.places)}
}

// in returns the date in the first of the fields that are there. A field need not
// hold any: then there is none.
func (d *fieldDates) in(fields *jsonline.Reader, paths []int, now time.Time) (logtime.Found, bool) {
	for _, v := range there(fields, paths) {
		if v.Kind == jsonline.String {
			if found, ok := d.texts.Find(v.Text, now); ok {
				return found, true
			}
		}
		if found, ok := d.epochs.Find(v.Text, now); ok && found.End == len(v.Text) {
			found.Template = "EPOCH"
			return found, true
		}
	}
	return logtime.Found{}, false
}

// usual returns the date in the first of the usual fields that hold one. A line that
// has one of them twice has none: it may be either.
func (d *fieldDates) usual(line string, now time.Time) (logtime.Found, bool) {
	defer d.places.Reset()
	if d.places.Read(line) != jsonline.Fine {
		return logtime.Found{}, false
	}
	for place := range usualPlaces {
		if found, ok := d.in(d.places, []int{place}, now); ok {
			return found, true
		}
	}
	return logtime.Found{}, false
}

// dateJSON dates a line of JSON, of which v is the view, for rule; nil: for any.
// message is what the rule has found in the line, nil for nothing. m.fields has read
// the line.
func (m *Matcher) dateJSON(line *Line, v, message *view, rule *jsonRule) (template string, at time.Time) {
	if !line.Time.IsZero() {
		return "", line.Time
	}
	if v.record != nil {
		return header.RecordDate, v.record.Time
	}
	found, ok := m.explicitDate(rule, line.Read)
	switch {
	case ok:
	case rule != nil && len(rule.at) > 0:
		return "", time.Time{} // it is not where it should be; what else is a date, nobody knows
	case v.dated:
		found = v.date
	default:
		found, ok = m.fieldDates.usual(v.text, line.Read)
		if !ok && message != nil && message.dated {
			found, ok = message.date, true
		}
		if !ok {
			found, _ = m.dates.Find(v.text, line.Read)
		}
	}
	return found.Template, found.Time
}

// explicitDate is the date where rule says that it stands.
func (m *Matcher) explicitDate(rule *jsonRule, now time.Time) (logtime.Found, bool) {
	if rule != nil {
		return m.fieldDates.in(m.fields, rule.at, now)
	}
	for _, rules := range [][]*jsonRule{m.filter.json.rules, m.filter.json.successes, m.filter.json.messages} {
		for _, rule := range rules {
			if found, ok := m.fieldDates.in(m.fields, rule.at, now); ok {
				return found, true
			}
		}
	}
	return logtime.Found{}, false
}
