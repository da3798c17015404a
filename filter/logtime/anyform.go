package logtime

import "strings"

// anyForm finds dates of a pattern with {DATE}: one expression for each usual
// form.
type anyForm struct {
	forms []*expressionDate // in the order of usualForms
	last  int               // index of the form that fitted last
	best  date
}

func newAnyForm(pattern string) (*anyForm, error) {
	t := &anyForm{}
	for _, usual := range usualForms() {
		p, err := parse(pattern, strings.ReplaceAll(pattern, dateTag, "(?:"+usual+")"))
		if err != nil {
			return nil, err
		}
		e, err := newExpression(pattern, p)
		if err != nil {
			return nil, err
		}
		t.forms = append(t.forms, e)
	}
	return t, nil
}

func (t *anyForm) anchored() bool                { return t.forms[0].anchored() }
func (t *anyForm) name(d *date, n *names) string { return t.forms[0].name(d, n) }

func (t *anyForm) find(s string, d *date) bool {
	if t.anchored() {
		return t.findTied(s, d)
	}
	// As without pattern: the leftmost, and of the forms without colons only
	// where there is no other.
	return t.leftmost(s, d, false) || t.leftmost(s, d, true)
}

func (t *anyForm) findTied(s string, d *date) bool {
	if t.forms[t.last].find(s, d) {
		return true
	}
	for i, form := range t.forms {
		if i != t.last && form.find(s, d) {
			t.last = i
			return true
		}
	}
	return false
}

func (t *anyForm) leftmost(s string, d *date, withoutColons bool) bool {
	found := false
	for i, e := range t.forms {
		f := form(i + 1)
		if (f == formCompact || f == formEpoch || f == formTAI64N) != withoutColons {
			continue
		}
		if e.find(s, d) && (!found || d.start < t.best.start) {
			found = true
			t.best = *d
		}
	}
	*d = t.best
	return found
}
