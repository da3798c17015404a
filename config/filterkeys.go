package config

import (
	"fmt"
	"regexp"
	"time"

	"gaol/filter"
)

// filterKeys are those of a filter file and of a filter table in a jail. With ofBoth,
// they may also stand in the jail's own table, over what the filter says.
func filterKeys() []key[filter.Spec] {
	type spec = filter.Spec
	const patterns, weighted = "list of patterns", "list of patterns and tables"
	return []key[spec]{
		{name: "description", doc: "What the filter is for, in a few words.",
			value: text(func(s *spec) *string { return &s.Description })},
		{name: "daemon", scope: ofBoth,
			doc: "The syslog tags or journal identifiers of the service. With any, only its lines count, and patterns see " +
				"the message alone; without, the line without its date. `*` in a tag stands for any characters but `/`. With `\"\"` among them, lines without a header count as well, as in the service's own file " +
				"or a container's output; patterns then see neither header nor date.",
			value: value[spec]{"list of texts", func(c *checker, s *spec, n *node) { s.Daemon = c.daemons(n) }}},
		{name: "failregex", scope: ofBoth,
			doc: "What a failure looks like; `<HOST>` stands where the address is. A pattern whose failures count for more is a " +
				"table beside the others: `{ regex = '…', weight = 3 }`.",
			value: value[spec]{weighted, func(c *checker, s *spec, n *node) { s.Failregex, s.Weights = c.weighted(n) }}},
		{name: "successregex", scope: ofBoth,
			doc: "What a login looks like that was let in, for jails with `trusttime`; `<HOST>` stands where the address is. It sees what " +
				"`failregex` sees, if none of those has matched.",
			value: value[spec]{patterns, func(c *checker, s *spec, n *node) { s.Successregex = c.patterns(n) }}},
		{name: "ignoreregex", scope: ofBoth, doc: "What is no failure, although a failregex matches.",
			value: value[spec]{patterns, func(c *checker, s *spec, n *node) { s.Ignoreregex = c.patterns(n) }}},
		{name: "json", scope: ofBoth, doc: "Rules for lines that are one JSON object each, each a table [[json]]: what a failure looks like there.",
			value: value[spec]{"list of tables", func(c *checker, s *spec, n *node) { s.JSON = c.jsonRules(n) }}},
		{name: "trusted",
			doc: "Your own proxies, for the rules of `json` that say nothing of them: their addresses are no clients. In a jail, `trusted` takes more " +
				"forms and adds to these.",
			value: value[spec]{"list of addresses and prefixes", func(c *checker, s *spec, n *node) { s.Trusted = c.prefixes(n) }}},
		{name: "prefregex", scope: ofBoth, doc: "What a line must match first; its `<F-CONTENT>` is what the others see.",
			value: value[spec]{"pattern", func(c *checker, s *spec, n *node) {
				if p := c.patterns(n); len(p) == 1 {
					s.Prefregex = p[0]
				} else if len(p) > 1 {
					c.wrongType(n, "one pattern")
				}
			}}},
		{name: "unless", scope: ofBoth, doc: "What vetoes a match of a failregex.",
			value: value[spec]{patterns, func(c *checker, s *spec, n *node) { s.Unless = c.patterns(n) }}},
		{name: "maxlines", def: "1", scope: ofBoth,
			doc: "How many of the last lines failregex sees together, joined by line ends: for patterns over several lines, " +
				"with `\\n` or `<SKIPLINES>` between them.",
			value: whole(1, filter.MaxLines, func(s *spec) *int { return &s.MaxLines })},
		{name: "datepattern", scope: ofBoth, doc: "Forms of dates in strptime codes; without it, the usual ones.",
			value: value[spec]{patterns, func(c *checker, s *spec, n *node) { s.Datepattern = c.patterns(n) }}},
		{name: "journalmatch", scope: ofBoth,
			doc:   "Which records of the journal are read: `\"FIELD=value\"` terms, with `\"+\"` for or.",
			value: value[spec]{"list of texts", func(c *checker, s *spec, n *node) { s.Journalmatch = c.journalmatch(n) }}},
		{name: "alive",
			doc: "What a healthy log of the service contains, whether or not anybody fails. A log that grows and for long has neither such lines nor " +
				"failures is shown as a problem: its format may have changed.",
			value: value[spec]{patterns, func(c *checker, s *spec, n *node) { s.Alive = c.patterns(n) }}},
		{name: "requires", doc: "What the service must have switched on to log failures, and with the client's address; for people.",
			value: text(func(s *spec) *string { return &s.Requires })},
		{name: "recorded", doc: "The script in examples/record that makes a running service write such lines; for people.",
			value: text(func(s *spec) *string { return &s.Recorded })},
		{name: "param", doc: "Parameters, each a table [param.NAME]. Patterns and the paths of `json` say `<NAME>` for the value, which a jail may set.",
			value: value[spec]{"table", setParams}},
		{name: "mode", doc: "Additions that a jail asks for by name, each a table [mode.NAME].",
			value: value[spec]{"table", setModes}},
		{name: "test", doc: "Examples, each a table [[test]]: what these lines lead to.",
			value: value[spec]{"list of tables", setTests}},
	}
}

// modeKeys are those of [mode.NAME].
func modeKeys() []key[filter.Mode] {
	type mode = filter.Mode
	const patterns = "list of patterns"
	return []key[mode]{
		{name: "failregex", doc: "Added to the filter's failregex.",
			value: value[mode]{"list of patterns and tables", func(c *checker, m *mode, n *node) { m.Failregex, m.Weights = c.weighted(n) }}},
		{name: "json", doc: "Added to the filter's rules.",
			value: value[mode]{"list of tables", func(c *checker, m *mode, n *node) { m.JSON = c.jsonRules(n) }}},
		{name: "ignoreregex", doc: "Added to the filter's ignoreregex.",
			value: value[mode]{patterns, func(c *checker, m *mode, n *node) { m.Ignoreregex = c.patterns(n) }}},
		{name: "unless", doc: "Added to the filter's unless.",
			value: value[mode]{patterns, func(c *checker, m *mode, n *node) { m.Unless = c.patterns(n) }}},
	}
}

// testKeys are those of [[test]] in a filter with these parameters.
func testKeys(params map[string]filter.Param) []key[filter.Test] {
	type test = filter.Test
	return []key[test]{
		{name: "line", doc: "The line, when it is one.",
			value: value[test]{"text", func(c *checker, t *test, n *node) {
				if line, ok := c.text(n, "text"); ok {
					t.Lines = []string{line}
				}
			}}},
		{name: "lines", doc: "The lines of a session or of a match over several, in order; what is said below is of the last one.",
			value: texts("list of texts", "a list of lines", func(t *test) *[]string { return &t.Lines })},
		{name: "mode", doc: "The filter's mode in this test.",
			value: text(func(t *test) *string { return &t.Mode })},
		{name: "param", doc: "Values of the filter's parameters in this test; the others have their defaults.",
			value: value[test]{"table", func(c *checker, t *test, n *node) { t.Params = c.givenParams(n, params) }}},
		{name: "match", def: "true", doc: "Whether the line is a failure.",
			value: boolean(func(t *test) *bool { return &t.Match })},
		{name: "success", def: "false", doc: "Whether the line is a login that was let in, which is no failure.",
			value: boolean(func(t *test) *bool { return &t.Success })},
		{name: "alive", def: "false", doc: "Whether `alive` knows the line. With `alive = true` it is no failure, unless `match = true` says so.",
			value: boolean(func(t *test) *bool { return &t.Alive })},
		{name: "host", doc: "The address or name the failure, or the login, must be of.",
			value: text(func(t *test) *string { return &t.Host })},
		{name: "id", doc: "The id the failure must be of.",
			value: text(func(t *test) *string { return &t.ID })},
		{name: "user", doc: "The account that must have been tried.",
			value: text(func(t *test) *string { return &t.User })},
		{name: "time", doc: "When the failure must have been; without an offset, in UTC.",
			value: value[test]{"date with time", func(c *checker, t *test, n *node) { t.Time = c.time(n) }}},
	}
}

// daemons reads the tags under which a service logs.
func (c *checker) daemons(n *node) []string {
	const expected = `the tag of a service, such as "sshd"`
	members, _ := c.members(n, expected)
	var tags []string
	for _, m := range members {
		tag, ok := c.text(m, expected)
		if ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

const patternForm = `a pattern in single quotes, such as 'login failure from <HOST>$'`

// patterns reads a list of patterns. What they mean is for package filter to say.
func (c *checker) patterns(n *node) []string {
	members, _ := c.members(n, patternForm)
	var patterns []string
	for _, m := range members {
		if pattern, ok := c.pattern(m); ok {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

// pattern reads one pattern.
func (c *checker) pattern(n *node) (string, bool) {
	pattern, ok := c.text(n, patternForm)
	if ok && pattern == "" {
		c.wrongValue(n, patternForm, "an empty pattern would match every line: leave it out")
	}
	return pattern, ok && pattern != ""
}

// journalTerm is a condition of journalctl(1): a field name of systemd.journal-fields(7), and a value.
var journalTerm = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*=`)

func (c *checker) journalmatch(n *node) []string {
	const expected = `a term of journalctl, such as "_SYSTEMD_UNIT=ssh.service" or "+"`
	members, _ := c.members(n, expected)
	var terms []string
	for _, m := range members {
		term, ok := c.text(m, expected)
		if ok && term != "+" && !journalTerm.MatchString(term) {
			c.wrongValue(m, expected, "")
		} else if ok {
			terms = append(terms, term)
		}
	}
	return terms
}

// time reads a date with its time, as TOML has it or as text. TOML's dates without an offset
// are taken to be in UTC, so that a test means the same on every host.
func (c *checker) time(n *node) time.Time {
	const expected = `a date with its time, such as 2026-03-10T21:31:23Z`
	switch v := n.value.(type) {
	case time.Time:
		if v.Location().String() != "datetime-local" {
			return v
		}
		return time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), time.UTC)
	case string:
		for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
			if t, err := time.Parse(form, v); err == nil {
				return t
			}
		}
	}
	c.wrongValue(n, expected, "")
	return time.Time{}
}

func setModes(c *checker, s *filter.Spec, n *node) {
	if n.kind != table {
		c.wrongType(n, "a table, such as [mode.aggressive]")
		return
	}
	s.Modes = map[string]filter.Mode{}
	for _, name := range sorted(n.table) {
		var mode filter.Mode
		readKeys(c, n.table[name], modeKeys(), &mode)
		s.Modes[name] = mode
	}
}

func setTests(c *checker, s *filter.Spec, n *node) {
	if n.kind != list {
		c.wrongType(n, "tables [[test]]")
		return
	}
	for _, m := range n.list {
		test := filter.Test{Match: true}
		before := len(c.problems)
		readKeys(c, m, testKeys(s.Params), &test)
		if len(c.problems) == before {
			c.checkTest(m, test)
		}
		test.Match = test.Match && !test.Success && (!test.Alive || m.table["match"] != nil)
		s.Tests = append(s.Tests, test)
	}
}

// checkTest finds what contradicts itself in a test.
func (c *checker) checkTest(n *node, test filter.Test) {
	p := c.at(n)
	switch {
	case n.table["line"] != nil && n.table["lines"] != nil:
		p.What, p.Hint = "line and lines", "one of the two is enough"
	case len(test.Lines) == 0:
		p.What, p.Hint = "no line", "write line = '…'"
	case test.Success && test.Match && n.table["match"] != nil:
		p = c.at(n.table["success"])
		p.What, p.Hint = "match and success", "a login that was let in is no failure: leave one of the two out"
	case (!test.Match || test.Alive && n.table["match"] == nil) && !test.Success:
		for _, name := range []string{"host", "id", "user", "time"} {
			if n.table[name] != nil {
				p = c.at(n.table[name])
				p.What, p.Hint = "match = false has nothing to name", "leave "+name+" or match out"
				if n.table["match"] == nil {
					p.What, p.Hint = "alive = true has nothing to name", "leave "+name+" out, or write match = true as well"
				}
			}
		}
	}
	if p.What != "" {
		c.add(p)
	}
}

// checkSpec finds what is wrong between the keys of a filter.
func checkSpec(c *checker, n *node, s *filter.Spec) {
	if n.table["failregex"] == nil && n.table["json"] == nil {
		p := c.at(n)
		p.Table, p.Key, p.What = n.path(), "", "no failregex"
		p.Hint = "write failregex = ['…'], with <HOST> where the address stands, or [[json]] for lines of JSON"
		c.add(p)
	}
	for i, m := range jsonNodes(n.table["json"]) {
		if len(s.JSON[i].Message) > 0 && len(s.Failregex) == 0 {
			p := c.at(m.table["message"])
			p.What, p.Hint = "message without failregex", "write failregex = ['…'] for the text in that field"
			c.add(p)
		}
	}
	for i, test := range s.Tests {
		if _, ok := s.Modes[test.Mode]; !ok && test.Mode != "" && test.Mode != normalMode {
			if at := n.table["test"].list[i].table["mode"]; at != nil {
				c.wrongName(at, "a mode of this filter", modeNames(s))
			}
		}
	}
}

// normalMode is how a filter without additions is also called.
const normalMode = "normal"

func modeNames(s *filter.Spec) []string {
	return append(sorted(s.Modes), normalMode)
}

// checkMode gives the mode's name as package filter has it; n is where it is asked for.
func (c *checker) checkMode(n *node, s *filter.Spec, mode string) string {
	if mode == "" || mode == normalMode {
		return ""
	}
	if _, ok := s.Modes[mode]; !ok {
		p := c.at(n)
		p.Found = fmt.Sprintf("mode %s", quoteShort(mode))
		p.Expected = oneOf(modeNames(s))
		p.Nearest = nearest(mode, modeNames(s))
		c.add(p)
	}
	return mode
}
