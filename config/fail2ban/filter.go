package fail2ban

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gaol/filter"
)

const (
	definitionSection = "Definition"
	// initSection is for what one may change; its options win.
	initSection = "Init"
)

// maxPatterns bounds how many patterns a filter may have, as each takes time to compile.
const maxPatterns = 1000

// FilterOptions say how a filter is read. The zero value reads it as it is.
type FilterOptions struct {
	// Arguments override the file's options.
	Arguments []Argument
	// Journal reads it for records of the journal instead of files (logtype, if nobody sets it).
	Journal bool
}

// Filter is what was read.
type Filter struct {
	// Spec is the filter, which compiles.
	Spec filter.Spec
	// UseDNS is what the filter says of host names: "yes", "warn", "no" or "raw". fail2ban looks names up with a
	// warning, unless it is told otherwise.
	UseDNS string
	// Files are those that were read, each over those before it.
	Files []string
	// Warnings say what was not taken over.
	Warnings []Problem
}

// Names says that <HOST> stands for host names as well (see [filter.Options]).
func (f Filter) Names() bool { return f.UseDNS != "no" }

// LoadFilter reads the filter of a .conf file, with the files that it includes and those that lie over it
// (see reader). Errors are of type [Problem], or several of them joined.
func LoadFilter(path string, opts FilterOptions) (Filter, error) {
	path = filepath.Clean(path)
	base := strings.TrimSuffix(path, ".conf")
	r := &reader{settings: settings{}}
	if err := r.readAll(base); err != nil {
		return Filter{}, err
	}
	m := maker{
		path:     path,
		expander: expander{settings: r.settings, arguments: map[string]string{}},
		filter:   Filter{UseDNS: "warn", Warnings: r.warnings, Files: r.files},
	}
	for _, a := range opts.Arguments {
		m.expander.arguments[a.Name] = a.Value
	}
	if m.expander.arguments["logtype"] == "" && r.settings[definitionSection]["logtype"] == nil {
		m.expander.arguments["logtype"] = logtype(opts.Journal)
	}
	m.filter.Spec = filter.Spec{Name: filepath.Base(base), Fail2ban: true}
	if err := m.read(); err != nil {
		return Filter{}, err
	}
	m.leftOver(opts.Arguments)
	return m.filter, m.compile()
}

// logtype is how fail2ban calls where lines come from.
func logtype(journal bool) string {
	if journal {
		return "journal"
	}
	return "file"
}

// maker makes a filter of options.
type maker struct {
	path     string
	expander expander
	filter   Filter
	// patterns are all patterns with their places.
	patterns []located
}

// located is a pattern with the option it came from.
type located struct {
	option string
	line
}

func (m *maker) warn(p Problem) { m.filter.Warnings = append(m.filter.Warnings, p) }

// standardOption is one that filters of fail2ban have, and how its lines are read.
type standardOption struct {
	name string
	read func([]line) error
}

// standard are all of them; other options are there for these to name.
func (m *maker) standard() []standardOption {
	s := &m.filter.Spec
	return []standardOption{
		{"prefregex", func(ls []line) error {
			if len(ls) > 1 {
				return ls[1].problem("a second line", "write one pattern")
			}
			s.Prefregex = ls[0].text
			return m.locate("prefregex", ls, nil)
		}},
		{"failregex", func(ls []line) error { return m.locate("failregex", ls, &s.Failregex) }},
		{"ignoreregex", func(ls []line) error { return m.locate("ignoreregex", ls, &s.Ignoreregex) }},
		{"datepattern", m.datepattern},
		{"maxlines", m.maxlines},
		{"journalmatch", m.journalmatch},
		{"usedns", m.usedns},
	}
}

func (m *maker) read() error {
	for _, one := range m.standard() {
		lines, section, err := m.value(one.name)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			continue
		}
		if err := one.read(lines); err != nil {
			return about(err, section, one.name)
		}
	}
	if len(m.filter.Spec.Failregex) == 0 {
		return Problem{File: m.path, Section: definitionSection, What: "no failregex", Hint: "name the file of a filter"}
	}
	return nil
}

// value is what an option of the filter says, and the section that it is in: an argument wins.
func (m *maker) value(name string) (lines []line, section string, err error) {
	section, o := m.expander.standard(name)
	if value, ok := m.expander.arguments[name]; ok {
		at := place{m.path, 0}
		o = &option{name: name, place: at}
		for l := range strings.Lines(strings.ReplaceAll(value, "%", "%%")) {
			o.lines = append(o.lines, line{strings.TrimSpace(l), at})
		}
		section = ""
	}
	if o == nil {
		return nil, "", nil
	}
	lines, err = m.expander.option(section, o)
	return lines, section, err
}

// onlyTag is a line that holds nothing but a tag, as <re-agressive>, of which there is no option.
var onlyTag = regexp.MustCompile(`^<[a-z][^<>\s]*>$`)

// locate keeps patterns with their places, and appends their texts to list.
func (m *maker) locate(option string, lines []line, list *[]string) error {
	for _, l := range lines {
		if onlyTag.MatchString(l.text) {
			return l.problem(fmt.Sprintf("no option is called %s", quote(strings.Trim(l.text, "<>"))), "look for a misspelt value, such as that of mode")
		}
		if len(m.patterns) == maxPatterns {
			return l.problem(fmt.Sprintf("more than %d patterns", maxPatterns), "put alternatives into one")
		}
		m.patterns = append(m.patterns, located{option, l})
		if list != nil {
			*list = append(*list, l.text)
		}
	}
	return nil
}

func (m *maker) datepattern(lines []line) error {
	var forms []line
	for _, l := range lines {
		for _, form := range dateForms(l.text) {
			forms = append(forms, line{form, l.place})
		}
	}
	return m.locate("datepattern", forms, &m.filter.Spec.Datepattern)
}

func (m *maker) maxlines(lines []line) error {
	n, err := strconv.Atoi(lines[0].text)
	switch {
	case err != nil || n < 1:
		m.leaveOut(lines[0], "maxlines", "is no number of lines")
	case n > filter.MaxLines:
		m.filter.Spec.MaxLines = filter.MaxLines
		m.leaveOut(lines[0], "maxlines", fmt.Sprintf("is more than the %d lines that patterns can see together", filter.MaxLines))
	default:
		m.filter.Spec.MaxLines = n
	}
	return nil
}

func (m *maker) usedns(lines []line) error {
	switch text := strings.ToLower(lines[0].text); text {
	case "yes", "warn", "no", "raw":
		m.filter.UseDNS = text
	default:
		m.filter.UseDNS = "no"
		m.leaveOut(lines[0], "usedns", "is none of yes, warn, no and raw; no is taken")
	}
	return nil
}

// journalTerm is a condition of journalctl(1).
var journalTerm = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*=`)

// journalmatch reads terms in the words of a shell; of several lines, a record needs to match one.
func (m *maker) journalmatch(lines []line) error {
	terms := &m.filter.Spec.Journalmatch
	for _, l := range lines {
		var words []string
		for _, word := range shellWords(l.text) {
			if word == "+" || journalTerm.MatchString(word) {
				words = append(words, word)
			} else {
				m.leaveOut(line{word, l.place}, "journalmatch", "is no FIELD=value")
			}
		}
		if len(*terms) > 0 && len(words) > 0 {
			*terms = append(*terms, "+")
		}
		*terms = append(*terms, words...)
	}
	return nil
}

// leaveOut warns that a value is not taken over.
func (m *maker) leaveOut(l line, option, why string) {
	p := l.problem(fmt.Sprintf("%s %s", quote(l.text), why), "")
	p.Option = option
	m.warn(p)
}

// compile finds the patterns that package filter refuses, and names their places.
func (m *maker) compile() error {
	_, err := filter.Compile(m.filter.Spec, filter.Options{Names: m.filter.Names()})
	if err == nil {
		return nil
	}
	var problems []error
	for _, one := range m.patterns {
		cause := m.compileAlone(one)
		if cause == nil {
			continue
		}
		p := one.problem("pattern "+quote(one.text), "")
		p.Option, p.Err = one.option, cause
		problems = append(problems, p)
	}
	if len(problems) == 0 {
		return Problem{File: m.path, Err: err}
	}
	return errors.Join(problems...)
}

// compileAlone says what is wrong with one pattern; nil for nothing.
func (m *maker) compileAlone(one located) error {
	s := m.filter.Spec
	alone := filter.Spec{Fail2ban: true, MaxLines: s.MaxLines, Failregex: []string{"^<HOST>$"}}
	switch one.option {
	case "failregex":
		alone.Failregex = []string{one.text}
		alone.Prefregex = s.Prefregex // it may name the host
		if s.Prefregex != "" && m.compileAlone(located{"prefregex", line{text: s.Prefregex}}) != nil {
			return nil // which is told once
		}
	case "ignoreregex":
		alone.Ignoreregex = []string{one.text}
	case "prefregex":
		alone.Prefregex = one.text
	case "datepattern":
		alone.Datepattern = []string{one.text}
	}
	_, err := filter.Compile(alone, filter.Options{Names: m.filter.Names()})
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 0 {
		err = joined.Unwrap()[0]
	}
	if cause := errors.Unwrap(err); cause != nil {
		err = cause // without the pattern's number, which would be that of one alone
	}
	return err
}

// shellWords splits text at blanks that stand in no quotation marks.
func shellWords(text string) []string {
	var words []string
	var word strings.Builder
	in, quoting := false, rune(0)
	for _, c := range text {
		switch {
		case quoting != 0 && c == quoting:
			quoting = 0
		case quoting == 0 && (c == '"' || c == '\''):
			in, quoting = true, c
		case quoting == 0 && (c == ' ' || c == '\t'):
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			in = true
			word.WriteRune(c)
		}
	}
	if in {
		words = append(words, word.String())
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}
