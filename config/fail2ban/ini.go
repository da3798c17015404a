package fail2ban

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// defaultSection holds what all other sections inherit.
const defaultSection = "DEFAULT"

// option is a name with its value.
type option struct {
	name string
	// lines are the value's, without the blanks around them.
	lines []line
	place
	// before is what the option was before a later file changed it, nil if none had it.
	before *option
}

// line is one line of a value.
type line struct {
	text string
	place
}

// value is the text of all lines.
func (o *option) value() string {
	texts := make([]string, len(o.lines))
	for i, l := range o.lines {
		texts[i] = l.text
	}
	return strings.Join(texts, "\n")
}

// section is a part of a file.
type section struct {
	name    string
	options []*option
	place
}

// find returns the option of that name, nil if there is none.
func (s *section) find(name string) *option {
	for _, o := range s.options {
		if o.name == name {
			return o
		}
	}
	return nil
}

// parse reads a file in the dialect of Python's configparser that fail2ban uses
// (https://docs.python.org/3/library/configparser.html): "name = value" or "name: value" in sections, values that go on in
// lines that are indented more, whole lines of comment behind # or ;, and comments at a line's end behind a blank
// and ;. Errors are of type [Problem].
func parse(file, text string) ([]*section, error) {
	p := parser{file: file}
	if !utf8.ValidString(text) {
		return nil, p.problem("it is not text in UTF-8", "save it as UTF-8")
	}
	for l := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		p.line++
		if err := p.take(l); err != nil {
			return nil, err
		}
	}
	return p.sections, nil
}

// parser is in the middle of a file.
type parser struct {
	file     string
	line     int
	sections []*section
	// names are those of the options of the last section: there may be many.
	names map[string]bool
	// option is the one whose value may go on, nil if there is none, and indent how far its line was
	// indented.
	option *option
	indent int
}

func (p *parser) here() place { return place{p.file, p.line} }

func (p *parser) problem(what, hint string) error { return p.here().problem(what, hint) }

func (p *parser) take(l string) error {
	l = strings.TrimRight(l, "\r\n")
	text := strings.TrimSpace(withoutComment(l))
	if text == "" {
		return nil
	}
	indent := len(l) - len(strings.TrimLeft(l, " \t\v\f"))
	if p.option != nil && indent > p.indent {
		p.option.lines = append(p.option.lines, line{text, p.here()})
		return nil
	}
	p.indent = indent
	if end := strings.LastIndexByte(text, ']'); text[0] == '[' && end > 1 {
		return p.begin(text[1:end])
	}
	return p.define(text)
}

// withoutComment returns l without its comment.
func withoutComment(l string) string {
	if text := strings.TrimSpace(l); text == "" || text[0] == '#' || text[0] == ';' {
		return ""
	}
	for i := 1; i < len(l); i++ {
		if l[i] == ';' && (l[i-1] == ' ' || l[i-1] == '\t') {
			return l[:i]
		}
	}
	return l
}

// begin begins a section.
func (p *parser) begin(name string) error {
	for _, s := range p.sections {
		if s.name == name {
			return p.problem(fmt.Sprintf("section [%s] is there twice, first in line %d", name, s.line), "put its options into one")
		}
	}
	p.sections = append(p.sections, &section{name: name, place: p.here()})
	p.names = map[string]bool{}
	p.option = nil
	return nil
}

// define begins an option.
func (p *parser) define(text string) error {
	at := strings.IndexAny(text, "=:")
	switch {
	case at < 0:
		return p.problem(fmt.Sprintf("found %s, expected name = value", quote(text)), "indent a line that continues the one before it")
	case at == 0:
		return p.problem(fmt.Sprintf("found %s, expected a name before the %q", quote(text), text[:1]), "")
	case len(p.sections) == 0:
		return p.problem(fmt.Sprintf("found %s before any section", quote(text)), "write a section such as [Definition] above it")
	}
	s := p.sections[len(p.sections)-1]
	name := strings.ToLower(strings.TrimSpace(text[:at]))
	if p.names[name] {
		return p.problem(fmt.Sprintf("option %s is there twice in [%s], first in line %d", quote(name), s.name, s.find(name).line), "leave one of them")
	}
	p.names[name] = true
	p.option = &option{name: name, place: p.here()}
	if value := strings.TrimSpace(text[at+1:]); value != "" {
		p.option.lines = append(p.option.lines, line{value, p.here()})
	}
	s.options = append(s.options, p.option)
	return nil
}

// quote is text of a file for a message, shortened, with control characters escaped.
func quote(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return fmt.Sprintf("%q", string(runes[:most])+"…")
	}
	return fmt.Sprintf("%q", text)
}
