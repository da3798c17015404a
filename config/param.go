package config

import (
	"cmp"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"gaol/filter"
)

// paramKeys are those of [param.NAME] in a filter file.
func paramKeys() []key[filter.Param] {
	type param = filter.Param
	return []key[param]{
		{name: "default", doc: "The value where a jail gives none: a text, a whole number, or a list of these.",
			value: value[param]{"text, number or list", func(c *checker, p *param, n *node) { p.Default = c.paramValue(n, nil) }}},
		{name: "doc", doc: "What it is for; for people.", value: text(func(p *param) *string { return &p.Doc })},
	}
}

// setParams reads [param.NAME].
func setParams(c *checker, s *filter.Spec, n *node) {
	if n.kind != table {
		c.wrongType(n, "a table, such as [param.path]")
		return
	}
	s.Params = map[string]filter.Param{}
	for _, name := range sorted(n.table) {
		m := n.table[name]
		if !filter.ParamName.MatchString(name) {
			p := c.at(m)
			p.What, p.Key, p.Found, p.Expected = "a parameter's name", "", quoteShort(name), `small letters, digits, "_" and "-", 32 at most`
			c.add(p)
			continue
		}
		var param filter.Param
		readKeys(c, m, paramKeys(), &param)
		if m.kind == table && m.table["default"] == nil {
			p := c.at(m)
			p.What, p.Hint = "no default", "write default = …, a text, a number or a list of these"
			c.add(p)
		}
		s.Params[name] = param
	}
}

const paramsForm = "a table, such as { path = '/login' }"

const paramForm = "a text, a whole number, or a list of these"

// paramValue reads a parameter's value, which must be of the kind of like: numbers where all of that are; nil
// for any.
func (c *checker) paramValue(n *node, like []any) []any {
	expected := paramForm
	switch numbers := countNumbers(like); {
	case len(like) == 0:
	case numbers == len(like):
		expected = "a whole number or a list of these, as in the filter"
	case numbers == 0:
		expected = "a text or a list of these, as in the filter"
	}
	members, ok := c.members(n, expected)
	if ok && len(members) == 0 {
		c.wrongValue(n, expected, "")
	}
	var values []any
	for _, m := range members {
		numbers := countNumbers(like)
		switch m.value.(type) {
		case int64:
			ok = len(like) == 0 || numbers > 0
		case string:
			ok = numbers < len(like) || len(like) == 0
		default:
			ok = false
		}
		if !ok {
			c.wrongType(m, expected)
			continue
		}
		if err := filter.CheckParam(m.value); err != nil {
			p := c.at(m)
			p.Found, p.Err = m.describe(), err
			c.add(p)
			continue
		}
		values = append(values, m.value)
	}
	return values
}

func countNumbers(values []any) int {
	n := 0
	for _, v := range values {
		if _, ok := v.(int64); ok {
			n++
		}
	}
	return n
}

// givenParams reads the values that a jail or a test gives to the parameters of a filter.
func (c *checker) givenParams(n *node, known map[string]filter.Param) filter.Params {
	if n.kind != table {
		c.wrongType(n, paramsForm)
		return nil
	}
	given := filter.Params{}
	for _, name := range sorted(n.table) {
		m := n.table[name]
		param, ok := known[name]
		if !ok {
			p := c.at(m)
			p.What, p.Nearest = fmt.Sprintf("no parameter %q", name), nearest(name, sorted(known))
			if p.Nearest == "" && len(known) > 0 {
				p.Hint = "the filter has " + join(sorted(known))
			} else if p.Nearest == "" {
				p.Hint = "the filter has none"
			}
			c.add(p)
			continue
		}
		if value := c.paramValue(m, param.Default); len(value) > 0 {
			given[name] = value
		}
	}
	return given
}

// ParseParams reads values of a filter's parameters from a command line: NAME=VALUE each, and several of one NAME for
// a list.
func ParseParams(settings []string, known map[string]filter.Param) (filter.Params, error) {
	params := filter.Params{}
	for _, setting := range settings {
		name, text, ok := strings.Cut(setting, "=")
		if !ok {
			return nil, fmt.Errorf("%q is no parameter: write NAME=VALUE", setting)
		}
		param, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("no parameter %q: the filter has %s", name, cmp.Or(join(sorted(known)), "none"))
		}
		var value any = text
		if numbers := countNumbers(param.Default); numbers > 0 {
			number, err := strconv.ParseInt(text, 10, 64)
			if err == nil {
				value = number
			} else if numbers == len(param.Default) {
				return nil, fmt.Errorf("parameter %s: %q is not a whole number", name, text)
			}
		}
		if err := filter.CheckParam(value); err != nil {
			return nil, fmt.Errorf("parameter %s: %q: %w", name, text, err)
		}
		params[name] = append(params[name], value)
	}
	return params, nil
}

// readParams reads what the jail says of its filter's parameters; base is the filter's table.
func (d *draft) readParams(c *checker, base *node) {
	defaults := filter.Params{}
	for name, p := range d.Filter.Params {
		defaults[name] = p.Default
	}
	if d.params != nil {
		given := c.givenParams(d.params, d.Filter.Params)
		maps.Copy(defaults, given)
		c.checkUsed(base, d.params, sorted(given))
	}
	if len(defaults) > 0 {
		d.Params = defaults
	}
}

// checkUsed reports those of names that nothing in the filter's table base says; at has a member for each.
func (c *checker) checkUsed(base, at *node, names []string) {
	for _, name := range names {
		if base.without("param").without("test").mentions("<" + name + ">") {
			continue
		}
		p := c.at(at.table[name])
		p.What, p.Hint = "no pattern and no path has <"+name+">", "write <"+name+"> where its value is to stand"
		c.add(p)
	}
}

// mentions says whether a key or text in n has the text.
func (n *node) mentions(text string) bool {
	if s, ok := n.value.(string); ok {
		return strings.Contains(s, text)
	}
	for name, m := range n.table {
		if strings.Contains(name, text) || m.mentions(text) {
			return true
		}
	}
	for _, m := range n.list {
		if m.mentions(text) {
			return true
		}
	}
	return false
}
