package logtime

import (
	"errors"
	"strings"
)

const (
	lineBegin = "{^LN-BEG}"
	dateTag   = "{DATE}"
)

// compile makes the templates that a pattern stands for.
func compile(pattern string) ([]template, error) {
	switch strings.TrimSpace(pattern) {
	case "":
		return nil, &PatternError{Pattern: pattern, Err: errors.New("it is empty: leave it out for the usual forms, or write {NONE} for lines without date")}
	case "{DEFAULT}":
		return []template{&usualAtStart{}, &usualInside{}}, nil
	case lineBegin:
		return []template{&usualAtStart{}}, nil
	case "{NONE}":
		return nil, nil
	}
	if special := specials(pattern); special != nil {
		return special, nil
	}
	p, err := parse(pattern, pattern)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(pattern, dateTag) {
		t, err := newTemplate(pattern, p)
		return []template{t}, err
	}
	t, err := newAnyForm(pattern)
	return []template{t}, err
}

// newTemplate makes the faster of the two kinds that can do what p says.
func newTemplate(pattern string, p *parsed) (template, error) {
	if plain, ok := newPlain(pattern, p); ok {
		return plain, nil
	}
	return newExpression(pattern, p)
}

// parsed is a pattern, taken apart.
type parsed struct {
	tokens    []token
	caret     bool // begins with ^
	lineBegin bool // began with {^LN-BEG}
	// leftOpen, rightOpen: the match may begin, or end, inside a word.
	leftOpen, rightOpen bool
	alternatives        bool // has a | outside of brackets
	fold                bool
}

// parse takes text apart. Errors name the pattern as it was written; they can
// only come up before anything is put for {DATE}, so that positions hold.
func parse(written, text string) (*parsed, error) {
	p := &parsed{}
	rest, offset := p.trimEnds(text)
	depth := 0
	for at := 0; at < len(rest); {
		list, size := tokenize(rest[at:])
		if size == 0 {
			return nil, unknownCode(written, offset+at, codeName(rest[at:]))
		}
		at += size
		for _, t := range list {
			switch t.text {
			case "(":
				depth++
			case ")":
				depth--
			case "|":
				p.alternatives = p.alternatives || depth == 0
			}
			p.fold = p.fold || t.code.fold
		}
		p.tokens = append(p.tokens, list...)
	}
	return p, nil
}

// trimEnds takes the marks off both ends. It returns what is between and where
// in text that begins.
func (p *parsed) trimEnds(text string) (rest string, offset int) {
	text = strings.TrimRight(text, " \t\r\n")
	rest = strings.TrimLeft(text, " \t\r\n")
	if after, ok := strings.CutPrefix(rest, lineBegin); ok {
		p.lineBegin, p.leftOpen, rest = true, true, after
	}
	if after, ok := strings.CutPrefix(rest, "{UNB}"); ok {
		p.leftOpen, p.rightOpen, rest = true, true, after
	}
	if after, ok := strings.CutPrefix(rest, "**"); ok {
		p.leftOpen, rest = true, after
	}
	if after, ok := strings.CutPrefix(rest, "^"); ok {
		p.caret, p.leftOpen, rest = true, true, after
	}
	offset = len(text) - len(rest)
	if after, ok := strings.CutSuffix(rest, "**"); ok && !strings.HasSuffix(after, `\`) {
		p.rightOpen, rest = true, after
	}
	for _, end := range []string{"$", `\b`, `\s`} {
		p.rightOpen = p.rightOpen || strings.HasSuffix(rest, end)
	}
	return rest, offset
}

// anchored says that only the line's start can match.
func (p *parsed) anchored() bool {
	return p.lineBegin || p.caret && !p.alternatives
}
