package logtime

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// expressionDate finds dates of any other pattern by a regular expression.
type expressionDate struct {
	pattern  string
	tied     bool
	compiled *regexp.Regexp
	codes    []groupCode
	cut      int // group that is cut from the line
}

// groupCode is a code and the group that holds its text.
type groupCode struct {
	group int
	code  code
}

func newExpression(pattern string, p *parsed) (*expressionDate, error) {
	t := &expressionDate{pattern: pattern, tied: p.anchored(), cut: 1}
	var body strings.Builder
	if p.caret {
		body.WriteString("^")
	}
	own := false
	first := 0
	groups := 1 // the first is around the whole
	for _, tok := range p.tokens {
		switch tok.kind {
		case codeToken:
			groups++
			if first == 0 && tok.code.name[0] == '%' {
				first = groups // these have always counted as groups, {EPOCH} not
			}
			t.codes = append(t.codes, groupCode{group: groups, code: tok.code})
			body.WriteString("(" + tok.text + ")")
		case group:
			groups++
			own = true
			if first == 0 {
				first = groups
			}
			body.WriteString(tok.text)
		default:
			body.WriteString(tok.text)
		}
	}
	if own {
		t.cut = first
	}
	// By itself first: inside the brackets ")(" or "?" would mean something.
	if _, err := syntax.Parse(body.String(), syntax.Perl); err != nil {
		return nil, &PatternError{Pattern: pattern, Err: explain(err)}
	}
	var err error
	t.compiled, err = regexp.Compile(p.before() + "(" + body.String() + ")" + p.behind())
	if err != nil {
		return nil, &PatternError{Pattern: pattern, Err: explain(err)}
	}
	return t, nil
}

// before is what must match in front of the pattern.
func (p *parsed) before() string {
	flags := ""
	if p.fold {
		flags = "(?i)"
	}
	switch {
	case p.lineBegin && !p.caret:
		return flags + `^\W{0,2}?`
	case p.leftOpen:
		return flags
	}
	return flags + `(?:^|\b|\W)`
}

// behind is what must match after the pattern.
func (p *parsed) behind() string {
	if p.rightOpen {
		return ""
	}
	return `(?:\b|\W|$)`
}

// explain adds to an error of package regexp what Python's users may miss.
func explain(err error) error {
	text := err.Error()
	for _, syntax := range []string{"(?=", "(?!", "(?<", "(?P="} {
		if strings.Contains(text, syntax) {
			return fmt.Errorf("%w: dates are found without looking ahead or back: write what may stand there into the pattern", err)
		}
	}
	return err
}

func (t *expressionDate) anchored() bool            { return t.tied }
func (t *expressionDate) name(*date, *names) string { return t.pattern }

func (t *expressionDate) find(s string, d *date) bool {
	at := t.compiled.FindStringSubmatchIndex(s)
	if at == nil {
		return false
	}
	d.clear()
	for _, c := range t.codes {
		start, end := at[2*c.group], at[2*c.group+1]
		if start >= 0 && c.code.read(s[:end], start, d) != end {
			return false
		}
	}
	cut := t.cut
	if at[2*cut] < 0 {
		cut = 1
	}
	d.start, d.end = at[2*cut], at[2*cut+1]
	return d.possible()
}
