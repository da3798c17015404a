package config

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// document is one TOML file that has been read.
type document struct {
	name  string // as problems call it
	lines []string
	root  *node
}

// node is one value with its place. Nodes of several documents are merged into one tree; each
// keeps its own place, so that a fault is reported where it was written.
type node struct {
	doc          *document
	line, column int
	// within is the table around the node ("jail.sshd"), key its name there, with
	// the number in a list behind it ("failregex[2]").
	within, key string

	value any // string, int64, float64, bool or time.Time, else nil
	table map[string]*node
	list  []*node
	kind  kind
}

// kind is what a TOML value is.
type kind int

const (
	scalar kind = iota
	table
	list
)

// parse reads text as TOML. The error is a [Problem].
func parse(name, text string) (*document, error) {
	text = withoutBOM(text)
	doc := &document{name: name, lines: strings.Split(text, "\n")}
	places, tooDeep := findPlaces(text)
	if tooDeep > 0 {
		return nil, Problem{
			File: name, Line: tooDeep, Column: 1, Source: doc.source(tooDeep),
			What: fmt.Sprintf("nested more than %d levels deep", deepest),
		}
	}
	values, err := decode(text)
	if err != nil {
		return nil, syntaxProblem(doc, err)
	}
	doc.root = doc.node(values, places, "", "")
	return doc, nil
}

// withoutBOM takes off the byte order mark that some editors write. The TOML package takes one
// more off, so that none may be left for it.
func withoutBOM(text string) string { return strings.TrimLeft(text, "\uFEFF") }

// decode is toml.Decode without its panics: it keeps some for inputs it holds to be
// impossible, and a file must not be able to end the daemon.
func decode(text string) (values map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the TOML parser gave up: %v", r)
		}
	}()
	_, err = toml.Decode(text, &values)
	return values, err
}

// node makes the tree of a value out of what it is and where it stands.
func (doc *document) node(value any, at *place, within, key string) *node {
	n := &node{doc: doc, line: at.line, column: at.column, within: within, key: key}
	switch v := value.(type) {
	case map[string]any:
		n.kind, n.table = table, make(map[string]*node, len(v))
		for name, member := range v {
			childWithin, childKey := n.childName(name)
			n.table[name] = doc.node(member, at.part(name), childWithin, childKey)
		}
	case []map[string]any:
		n.kind = list
		for i, member := range v {
			n.list = append(n.list, doc.node(member, at.member(i), within, fmt.Sprintf("%s[%d]", key, i+1)))
		}
	case []any:
		n.kind = list
		for i, member := range v {
			n.list = append(n.list, doc.node(member, at.member(i), within, fmt.Sprintf("%s[%d]", key, i+1)))
		}
	default:
		n.value = v
	}
	return n
}

// part is the place of a member of a table; the table's own if it is not known.
func (p *place) part(name string) *place {
	if c := p.table[name]; c != nil {
		return c
	}
	return &place{line: p.line, column: p.column}
}

// member is the place of a member of a list; the list's own if it is not known.
func (p *place) member(i int) *place {
	if i < len(p.list) {
		return p.list[i]
	}
	return &place{line: p.line, column: p.column}
}

// childName is how a member of the table n is called. A table in a list has no
// header of its own to be named by, so its members are "action[1].timeout".
func (n *node) childName(name string) (within, key string) {
	name = quoteKey(name)
	switch {
	case n.key == "":
		return "", name
	case strings.HasSuffix(n.key, "]") || strings.Contains(n.key, "]."):
		return n.within, n.key + "." + name
	case n.within == "":
		return n.key, name
	}
	return n.within + "." + n.key, name
}

// path is the name of the table n itself.
func (n *node) path() string {
	if n.within == "" {
		return n.key
	}
	return n.within + "." + n.key
}

// quoteKey writes a key as TOML needs it: bare where it can be.
func quoteKey(name string) string {
	bare := name != "" && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) < 0
	if bare {
		return name
	}
	return strconv.Quote(name)
}

// merge lays over on top of base: tables key by key, anything else replaces what
// was there. Neither is changed.
func merge(base, over *node) *node {
	switch {
	case base == nil:
		return over
	case over == nil:
		return base
	case base.kind != table || over.kind != table:
		return over
	}
	merged := *over
	merged.table = make(map[string]*node, len(base.table)+len(over.table))
	for name, n := range base.table {
		merged.table[name] = n
	}
	for name, n := range over.table {
		merged.table[name] = merge(merged.table[name], n)
	}
	return &merged
}

// only is the table n with no other members than these.
func (n *node) only(names []string) *node {
	some := *n
	some.table = map[string]*node{}
	for _, name := range names {
		if member := n.table[name]; member != nil {
			some.table[name] = member
		}
	}
	return &some
}

// without is the table n without one of its members.
func (n *node) without(name string) *node {
	some := *n
	some.table = maps.Clone(n.table)
	delete(some.table, name)
	return &some
}

// problem is a fault at n, still without words.
func (n *node) problem() Problem {
	return Problem{
		File: n.doc.name, Line: n.line, Column: n.column, Source: hideAssigned(n.doc.source(n.line), likelySecret.MatchString),
		Table: n.within, Key: n.key,
	}
}

// source is the text of a line.
func (doc *document) source(line int) string {
	if line < 1 || line > len(doc.lines) {
		return ""
	}
	return strings.TrimSuffix(doc.lines[line-1], "\r")
}

// describe says what stands there, for "found …".
func (n *node) describe() string {
	switch v := n.value.(type) {
	case string:
		return "string " + quoteShort(v)
	case int64:
		return fmt.Sprintf("number %d", v)
	case float64:
		return "number " + strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return "a date"
	}
	switch {
	case n.kind == table:
		return "a table"
	case len(n.list) == 0:
		return "an empty list"
	}
	return "a list"
}

// quoteShort quotes a value, and only the start of a very long one.
func quoteShort(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return `"` + s + `"`
}

// syntaxProblem says where a file stops being TOML, and what was probably meant.
func syntaxProblem(doc *document, err error) Problem {
	p := Problem{File: doc.name, Line: 1, Column: 1, What: "not valid TOML", Err: err}
	if parseErr, ok := errors.AsType[toml.ParseError](err); ok {
		p.Line = min(max(parseErr.Position.Line, 1), len(doc.lines))
		p.Column = max(parseErr.Position.Col, 1)
		p.Err = syntaxError{parseErr}
		if atLineEnd := strings.Contains(parseErr.Message, `got '\n'`); atLineEnd && p.Line > 1 && len(doc.source(p.Line)) != p.Column-1 {
			// Of a line that ends in the middle of a table's name, the parser gives the number
			// of the next.
			p.Line--
			p.Column = len(doc.source(p.Line)) + 1
		}
	}
	p.Hint = syntaxHint(doc.source(p.Line))
	p.Source = hideAssigned(doc.source(p.Line), likelySecret.MatchString)
	return p
}

// syntaxError leaves the place out of the parser's words, as the Problem says it.
type syntaxError struct{ toml.ParseError }

func (e syntaxError) Error() string {
	return strings.TrimSuffix(strings.ToLower(e.Message[:min(1, len(e.Message))])+e.Message[min(1, len(e.Message)):], ".")
}

func (e syntaxError) Unwrap() error { return e.ParseError }
