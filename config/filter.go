package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gaol/filter"
)

// FilterNames are the filters known, in alphabetical order: the stock ones and those in
// filter.d.
func FilterNames(opts Options) []string { return newLibrary(opts).names("filter.d") }

// LoadFilter reads one filter: name is that of a file in filter.d or the stock
// library ("sshd"), with a mode behind it if one is asked for
// ("sshd[mode=aggressive]", see [SplitFilter]), or the path of a .toml file. Its patterns
// are compiled to find what is wrong with them, those of all modes if none
// is asked for.
func LoadFilter(opts Options, name string) (filter.Spec, []Problem) {
	l := newLibrary(opts)
	c := opts.checker(l, "")
	base, mode, err := SplitFilter(name)
	if err != nil {
		return filter.Spec{}, []Problem{{File: name, Err: err}}
	}
	doc, err := l.filterFile(base)
	if err != nil {
		p, _ := errors.AsType[Problem](err)
		return filter.Spec{}, []Problem{p}
	}
	if doc == nil {
		p := Problem{File: base, What: "no such filter", Nearest: nearest(base, l.names("filter.d"))}
		p.Hint = "write one of " + strings.Join(l.names("filter.d"), ", ") + ", or the path of a .toml file"
		return filter.Spec{}, []Problem{p}
	}
	spec := filter.Spec{Name: file{path: base}.baseName()}
	c.filter(doc.root, &spec)
	c.checkMode(doc.root, &spec, mode)
	if params := doc.root.table["param"]; params != nil {
		c.checkUsed(doc.root, params, sorted(spec.Params))
	}
	if len(c.problems) > 0 {
		return spec, arrange(c.problems, nil)
	}
	modes := []string{mode}
	if mode == "" {
		modes = append(modes, sorted(spec.Modes)...)
	}
	for _, mode := range modes {
		c.compile(doc.root, spec, filter.Options{Mode: mode, Success: true})
	}
	return spec, arrange(c.problems, nil)
}

// SplitFilter takes the mode off a filter's name: "sshd[mode=aggressive]" is
// "sshd" and "aggressive". A name without one has mode "".
func SplitFilter(name string) (base, mode string, err error) {
	base, rest, ok := strings.Cut(name, "[")
	if !ok {
		return name, "", nil
	}
	option, closed := strings.CutSuffix(rest, "]")
	mode, isMode := strings.CutPrefix(option, "mode=")
	mode = strings.Trim(mode, `"'`)
	if !closed || !isMode || mode == "" || strings.ContainsAny(mode, "=,[]") {
		return "", "", fmt.Errorf(`%q is not a filter's name: write "%s" or "%s[mode=NAME]"`, name, base, base)
	}
	return base, mode, nil
}

// filterFile is the file of a filter: a path if it looks like one, else a name. nil: there is none of
// that name.
func (l *library) filterFile(name string) (*document, error) {
	if hasTOMLEnding(name) {
		return l.open(file{path: filepath.Clean(name)})
	}
	return l.find("filter.d", name)
}

// filter reads the table of a filter.
func (c *checker) filter(n *node, spec *filter.Spec) {
	readKeys(c, n, filterKeys(), spec)
	checkSpec(c, n, spec)
}

// compile makes the filter of spec, which was read from n. It reports what package
// filter has against its patterns, and is nil then.
func (c *checker) compile(n *node, spec filter.Spec, opts filter.Options) *filter.Filter {
	compiled, err := c.library.compile(n, spec, opts)
	if err == nil {
		return compiled
	}
	before := len(c.problems)
	for _, p := range patternsOf(n, opts.Mode) {
		if _, err := filter.Compile(p.alone(spec), filter.Options{Params: opts.Params, Names: opts.Names, Success: opts.Success}); err != nil {
			c.refused(p.node, err)
		}
	}
	if len(c.problems) == before {
		// Each is well by itself; it is their company that is wrong.
		at := n
		if n.table["failregex"] != nil {
			at = n.table["failregex"]
		}
		c.refused(at, err)
	}
	return nil
}

// variant is one way to compile a file.
type variant struct {
	root           *node
	mode           string
	params         string
	zone           string // "" for this host's
	names, success bool
	// trusted are the proxies of the file and of the jail.
	trusted string
}

type compiled struct {
	filter *filter.Filter
	err    error
}

// compile is filter.Compile, once for all jails that use the same file in the same way: that
// is where most of the time of Load goes.
func (l *library) compile(n *node, spec filter.Spec, opts filter.Options) (*filter.Filter, error) {
	key := variant{root: n, mode: opts.Mode, names: opts.Names, success: opts.Success, trusted: fmt.Sprint(spec.Trusted)}
	if len(opts.Params) > 0 {
		key.params = fmt.Sprintf("%#v", opts.Params)
	}
	if opts.Timezone != nil { // by name, as every jail reads its own
		key.zone = opts.Timezone.String()
	}
	c, ok := l.compiled[key]
	if !ok {
		c.filter, c.err = filter.Compile(spec, opts)
		l.compiled[key] = c
	}
	return c.filter, c.err
}

// refused reports a pattern that package filter refuses. Its error begins with the
// pattern's number and text, which the problem's own place says better.
func (c *checker) refused(n *node, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 0 {
		err = joined.Unwrap()[0]
	}
	if cause := errors.Unwrap(err); cause != nil {
		err = cause
	}
	p := c.at(n)
	p.What = "not a usable pattern"
	if s, ok := n.value.(string); ok {
		p.What = "pattern " + quoteShort(s)
	}
	p.Err = err
	c.add(p)
}

// pattern is one of a filter's patterns with its place.
type pattern struct {
	key  string
	text string
	node *node
}

// patternsOf lists the patterns of a filter's table, and of one of its modes.
func patternsOf(n *node, mode string) []pattern {
	var all []pattern
	tables := []*node{n}
	if modes := n.table["mode"]; modes != nil && modes.table[mode] != nil {
		tables = append(tables, modes.table[mode])
	}
	for _, t := range tables {
		for _, key := range []string{"prefregex", "failregex", "successregex", "ignoreregex", "unless", "datepattern"} {
			member := t.table[key]
			if member == nil {
				continue
			}
			for _, m := range weightedNodes(member) {
				if m.kind == table && m.table["regex"] != nil {
					m = m.table["regex"]
				}
				text, _ := m.value.(string)
				all = append(all, pattern{key, text, m})
			}
		}
		for _, rule := range jsonNodes(t.table["json"]) {
			for _, m := range append(patternNodes(rule.table["when"]), patternNodes(rule.table["unless"])...) {
				all = append(all, pattern{"json", m.value.(string), m})
			}
		}
	}
	return all
}

// alone is a filter of this one pattern and no more than it needs.
func (p pattern) alone(spec filter.Spec) filter.Spec {
	one := filter.Spec{Daemon: spec.Daemon, MaxLines: spec.MaxLines, Fail2ban: spec.Fail2ban, Params: spec.Params, Failregex: []string{"^<HOST>$"}}
	switch p.key {
	case "failregex":
		one.Failregex = []string{p.text}
		// The prefregex may be what names the host. Where it is itself at fault, that
		// is reported once, not with every pattern.
		if _, err := filter.Compile(pattern{key: "prefregex", text: spec.Prefregex}.alone(spec), filter.Options{}); err == nil {
			one.Prefregex = spec.Prefregex
		}
	case "successregex":
		one.Successregex = []string{p.text}
		one.Prefregex, one.MaxLines = spec.Prefregex, 0
	case "ignoreregex":
		one.Ignoreregex = []string{p.text}
	case "prefregex":
		one.Prefregex = p.text
	case "unless":
		one.Unless = []string{p.text}
	case "json":
		one.JSON = []filter.JSON{{When: []filter.Condition{{Path: "x", Values: []any{p.text}}}, Host: []string{"x"}}}
	case "datepattern":
		one.Datepattern = []string{p.text}
	}
	return one
}
