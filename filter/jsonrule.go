package filter

import (
	"slices"
	"strconv"

	"gaol/filter/jsonline"
)

// holds says whether the rule's conditions hold of what fields has read.
func (r *jsonRule) holds(fields *jsonline.Reader, w *work) bool {
	return r.failing(fields, w) < 0 && r.vetoing(fields, w) < 0
}

// failing is the index of the first condition that does not hold, -1 for none.
func (r *jsonRule) failing(fields *jsonline.Reader, w *work) int {
	return slices.IndexFunc(r.when, func(c condition) bool { return !c.holds(fields, w) })
}

// vetoing is the index of the first condition of unless that holds, -1 for none.
func (r *jsonRule) vetoing(fields *jsonline.Reader, w *work) int {
	return slices.IndexFunc(r.unless, func(c condition) bool { return c.holds(fields, w) })
}

func (c *condition) holds(fields *jsonline.Reader, w *work) bool {
	for _, field := range c.fields {
		if c.holdsOf(fields.Values(field), w) {
			return true
		}
	}
	return false
}

// holdsOf says whether one of a field's values is what the condition asks for.
func (c *condition) holdsOf(values []jsonline.Value, w *work) bool {
	for _, v := range values {
		if v.Kind == jsonline.Container || v.Kind == jsonline.Null {
			continue
		}
		for i := range c.wants {
			if c.wants[i].is(v, w) {
				return true
			}
		}
	}
	return false
}

// is says whether a value is what is wanted.
func (wanted *want) is(v jsonline.Value, w *work) bool {
	switch {
	case wanted.pattern != nil:
		return wanted.pattern.matches(v.Text, w)
	case v.Text == wanted.text:
		return true
	case !wanted.number || v.Kind != jsonline.Number:
		return false
	}
	value, err := strconv.ParseFloat(v.Text, 64)
	return err == nil && value == wanted.value
}

// there returns the values of the first field that is there, nil if none is: that
// has more to say than null or an empty text.
func there(fields *jsonline.Reader, paths []int) []jsonline.Value {
	for _, field := range paths {
		values := fields.Values(field)
		if len(values) > 1 || len(values) == 1 && values[0].Kind != jsonline.Null && (values[0].Raw != "" || values[0].Kind != jsonline.String) {
			return values
		}
	}
	return nil
}

// textThere is the first text or number of the first field that is there.
func textThere(fields *jsonline.Reader, paths []int) string {
	for _, v := range there(fields, paths) {
		if v.Kind == jsonline.String || v.Kind == jsonline.Number {
			return v.Text
		}
	}
	return ""
}

// accuse fills found with what the rule captures, and reports whether it matches.
func (r *jsonRule) accuse(fields *jsonline.Reader, found *captures, w *work) bool {
	if !r.holds(fields, w) {
		return false
	}
	found.reset()
	if len(r.host) > 0 {
		client, why := r.client(fields, w)
		if why != clientKnown {
			if client.addr.IsValid() {
				w.proxied = client.addr
			}
			return false
		}
		client.into(found)
	}
	found.add("user", textThere(fields, r.user))
	found.add("id", textThere(fields, r.id))
	return identified(found)
}

// add captures a text under a name, if there is any.
func (c *captures) add(name, text string) {
	if text != "" {
		c.values = append(c.values, capture{name: name, value: text})
	}
}
