package config

import (
	"cmp"
	"errors"
	"math"
	"net/netip"
	"slices"

	"gaol/filter"
	"gaol/filter/jsonline"
)

const pathForm = `the path of a field, such as "request.client_ip"`

// jsonKeys are those of [[json]].
func jsonKeys() []key[filter.JSON] {
	type rule = filter.JSON
	paths := func(at func(*rule) *[]string) value[rule] {
		return value[rule]{"path or list of paths", func(c *checker, r *rule, n *node) { *at(r) = c.paths(n) }}
	}
	conditions := func(at func(*rule) *[]filter.Condition) value[rule] {
		return value[rule]{"table", func(c *checker, r *rule, n *node) { *at(r) = c.conditions("", n) }}
	}
	return []key[rule]{
		{name: "when", doc: "Conditions that must all hold: paths with what the field must be.",
			value: conditions(func(r *rule) *[]filter.Condition { return &r.When })},
		{name: "unless", doc: "Conditions of which none may hold.",
			value: conditions(func(r *rule) *[]filter.Condition { return &r.Unless })},
		{name: "host",
			doc: "Where the client's address is: the first of these fields that is there and not empty. If it holds no address, the " +
				"rule does not match. Of a list (X-Forwarded-For) the last that is not `trusted` counts.",
			value: paths(func(r *rule) *[]string { return &r.Host })},
		{name: "peer",
			doc: "Where the address is that connected to the service, if `host` is a list that proxies add to. Unless it is `trusted`, " +
				"it is the client.",
			value: value[rule]{"path", func(c *checker, r *rule, n *node) { r.Peer = c.path(n) }}},
		{name: "trusted", doc: "Your own proxies, which are no clients; without it, the filter's `trusted`.",
			value: value[rule]{"list of addresses and prefixes", func(c *checker, r *rule, n *node) { r.Trusted = c.prefixes(n) }}},
		{name: "user", doc: "Where the account is that was tried.",
			value: paths(func(r *rule) *[]string { return &r.User })},
		{name: "id", doc: "Where that is what is to be banned, if it is no address.",
			value: paths(func(r *rule) *[]string { return &r.ID })},
		{name: "time",
			doc: "Where the date is: in any form that gaol knows, or as seconds, milli-, micro- or nanoseconds since 1970. Without it, " +
				"the date before the object, the usual fields, or the first date in the line.",
			value: paths(func(r *rule) *[]string { return &r.Time })},
		{name: "weight", def: "1", doc: weightDoc,
			value: whole(1, filter.MaxWeight, func(r *rule) *int { return &r.Weight })},
		{name: "success", def: "false", doc: "Whether these are logins that were let in, as `successregex` finds them, and no failures.",
			value: boolean(func(r *rule) *bool { return &r.Success })},
		{name: "message",
			doc: "In place of all but `when`, `unless` and `time`: the field with the text that `failregex`, `ignoreregex`, " +
				"`prefregex` and `unless` are for.",
			value: paths(func(r *rule) *[]string { return &r.Message })},
	}
}

// jsonRules reads [[json]], or a single rule as a table.
func (c *checker) jsonRules(n *node) []filter.JSON {
	nodes := jsonNodes(n)
	if nodes == nil {
		c.wrongType(n, "tables [[json]]")
		return nil
	}
	rules := make([]filter.JSON, len(nodes))
	for i, m := range nodes {
		before := len(c.problems)
		readKeys(c, m, jsonKeys(), &rules[i])
		if len(c.problems) == before {
			c.checkJSON(m, rules[i])
		}
	}
	return rules
}

// jsonNodes are the tables of the rules that n has, nil if it has none.
func jsonNodes(n *node) []*node {
	switch {
	case n == nil || n.kind == scalar:
		return nil
	case n.kind == table:
		return []*node{n}
	}
	return n.list
}

// checkJSON finds what is missing in a rule, or contradicts itself.
func (c *checker) checkJSON(n *node, rule filter.JSON) {
	p := c.at(n)
	switch {
	case len(rule.Message) > 0:
		for _, name := range []string{"host", "peer", "trusted", "user", "id", "weight", "success"} {
			if n.table[name] != nil {
				p = c.at(n.table[name])
				p.What, p.Hint = "message and "+name, "with message, <HOST> and <F-USER> in failregex say what is where; leave one out"
				if name == "weight" {
					p.Hint = "with message, the patterns in failregex have weights"
				}
				if name == "success" {
					p.Hint = "with message, successregex looks for successful logins"
				}
			}
		}
	case len(rule.Host) == 0 && len(rule.ID) == 0:
		p.What, p.Hint = "no host", `write host = "…", the path of the client's address`
	case len(rule.When) == 0:
		p.What, p.Hint = "every line would match", `write when = { status = 401 }, or what makes a line a failure`
	case rule.Success && n.table["weight"] != nil:
		p = c.at(n.table["weight"])
		p.What, p.Hint = "success and weight", "a login that was let in has no weight: leave one of the two out"
	case len(rule.Host) == 0 && n.table["peer"] != nil:
		p = c.at(n.table["peer"])
		p.What, p.Hint = "peer without host", "write host alone, if there are no proxies"
	}
	if p.What != "" {
		c.add(p)
	}
}

// paths reads a path, or a list of them.
func (c *checker) paths(n *node) []string {
	members, _ := c.members(n, pathForm)
	if n.kind == list && len(members) == 0 {
		c.wrongValue(n, pathForm, "")
	}
	var paths []string
	for _, m := range members {
		if path := c.path(m); path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// path reads a path, "" if it is none.
func (c *checker) path(n *node) string {
	path, ok := c.text(n, pathForm)
	if !ok || !c.validPath(n, path) {
		return ""
	}
	return path
}

// validPath reports a path that is none.
func (c *checker) validPath(n *node, path string) bool {
	_, err := jsonline.ParsePath(path)
	if err != nil {
		p := c.at(n)
		p.Found, p.Expected, p.Err = quoteShort(path), pathForm, err
		c.add(p)
	}
	return err == nil
}

// conditions reads a table of conditions. request.uri = '…', without quotation marks around
// the path, is a table in a table for TOML, and means the same.
func (c *checker) conditions(within string, n *node) []filter.Condition {
	if n.kind != table {
		c.wrongType(n, "a table of conditions, such as { status = 401 }")
		return nil
	}
	var all []filter.Condition
	for _, name := range inFileOrder(n) {
		m, path := n.table[name], name
		if within != "" {
			path = within + "." + name
		}
		if m.kind == table {
			all = append(all, c.conditions(path, m)...)
			continue
		}
		if c.validPath(m, path) {
			all = append(all, filter.Condition{Path: path, Values: c.wanted(m)})
		}
	}
	return all
}

// inFileOrder are the names in a table as they stand in the file.
func inFileOrder(n *node) []string {
	names := sorted(n.table)
	slices.SortStableFunc(names, func(a, b string) int {
		x, y := n.table[a], n.table[b]
		return cmp.Or(x.line-y.line, x.column-y.column)
	})
	return names
}

// wanted reads what a field may be.
func (c *checker) wanted(n *node) []any {
	const expected = "a pattern in single quotes, a number, true or false, or a list of these"
	members, _ := c.members(n, expected)
	if n.kind == list && len(members) == 0 {
		c.wrongValue(n, expected, "")
	}
	var values []any
	for _, m := range members {
		switch v := m.value.(type) {
		case string:
			if text, ok := c.text(m, expected); ok && text == "" {
				c.wrongValue(m, expected, "'^$' is the pattern of an empty text")
			}
			values = append(values, v)
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				c.wrongValue(m, expected, "")
			}
			values = append(values, v)
		case int64, bool:
			values = append(values, v)
		default:
			c.wrongType(m, expected)
		}
	}
	return values
}

// patternNodes are the nodes of the patterns in a table of conditions.
func patternNodes(n *node) []*node {
	var all []*node
	if n == nil {
		return nil
	}
	for _, name := range inFileOrder(n) {
		m := n.table[name]
		all = append(all, patternNodes(m)...)
		for _, m := range append(slices.Clone(m.list), m) {
			if _, ok := m.value.(string); ok {
				all = append(all, m)
			}
		}
	}
	return all
}

// prefixes reads addresses and prefixes.
func (c *checker) prefixes(n *node) []netip.Prefix {
	const expected = `an address or a prefix, such as "10.0.0.0/8"`
	members, _ := c.members(n, expected)
	prefixes := []netip.Prefix{}
	for _, m := range members {
		text, ok := c.text(m, expected)
		if !ok {
			continue
		}
		prefix, err := parsePrefix(text)
		if err != nil {
			c.wrongValue(m, expected, "")
			continue
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

// prefixesIn are those of the entries of a jail's trusted that are addresses or prefixes.
func prefixesIn(entries []string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, entry := range entries {
		if p, err := parsePrefix(entry); err == nil {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// parsePrefix reads a prefix, or an address, which is one of a single address.
func parsePrefix(text string) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		prefix, err := netip.ParsePrefix(text)
		return prefix.Masked(), err
	}
	if addr.Zone() != "" {
		return netip.Prefix{}, errors.New("an address with a zone")
	}
	return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
}
