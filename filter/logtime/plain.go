package logtime

import "strings"

// plain finds dates of a pattern that consists of codes and characters alone,
// without a regular expression and without allocating.
type plain struct {
	pattern string
	ends
	fold  bool
	parts []part
	// mark follows the number that dates begin with; 0: they begin otherwise.
	mark byte
}

// part of a pattern: a text, a code, or, with neither, any one character.
type part struct {
	text string
	read func(s string, i int, d *date) int
}

// ends says what holds at the ends of a match.
type ends struct {
	caret, lineBegin    bool
	leftOpen, rightOpen bool
}

// newPlain reports false for patterns that need a regular expression.
func newPlain(pattern string, p *parsed) (*plain, bool) {
	t := &plain{
		pattern: pattern,
		fold:    p.fold,
		ends:    ends{caret: p.caret, lineBegin: p.lineBegin, leftOpen: p.leftOpen, rightOpen: p.rightOpen},
	}
	for i, tok := range p.tokens {
		switch tok.kind {
		case literal:
			t.addText(tok.char)
		case anyChar:
			t.parts = append(t.parts, part{})
		case codeToken:
			if !tok.code.fixed && !stops(tok.code, p.tokens[i+1:], p.rightOpen) {
				return nil, false
			}
			t.parts = append(t.parts, part{read: tok.code.read})
		default:
			return nil, false
		}
	}
	if len(p.tokens) > 1 && p.tokens[0].isNumber() && p.tokens[1].kind == literal {
		if c := p.tokens[1].char; !word(c) && c != ' ' {
			t.mark = c
		}
	}
	return t, len(p.tokens) > 0
}

// isNumber says that the token stands for up to four digits, or a blank and
// digits.
func (t token) isNumber() bool {
	switch strings.Replace(t.code.name, "Ex", "", 1) {
	case "%Y", "%y", "%m", "%d", "%H", "%I", "%k", "%l", "%M", "%S", "%j":
		return true
	}
	return false
}

func (t *plain) addText(c byte) {
	if t.fold && c-'A' <= 'Z'-'A' {
		c |= 0x20
	}
	if n := len(t.parts); n > 0 && t.parts[n-1].text != "" {
		t.parts[n-1].text += string(c)
		return
	}
	t.parts = append(t.parts, part{text: string(c)})
}

// stops says whether what follows a code of no fixed length ends it where its
// reader would: then there is no other way to match that were to be tried.
func stops(c code, next []token, rightOpen bool) bool {
	if len(next) == 0 {
		return !rightOpen
	}
	n := next[0]
	return n.kind == literal && !word(n.char) && strings.IndexByte(c.notBefore, n.char) < 0
}

func (t *plain) anchored() bool              { return t.caret || t.lineBegin }
func (t *plain) name(*date, *names) string   { return t.pattern }
func (t *plain) find(s string, d *date) bool { return t.search(s, d) && d.possible() }

// search finds the leftmost match.
func (t *plain) search(s string, d *date) bool {
	if t.anchored() {
		for i := 0; i < len(s) && t.mayBegin(s, i); i++ {
			if t.match(s, i, d) {
				return true
			}
		}
		return false
	}
	for i := t.next(s, 0); i >= 0; i = t.next(s, i+1) {
		if (t.leftOpen || boundary(s, i)) && t.match(s, i, d) {
			return true
		}
	}
	return false
}

// mayBegin says whether i is where the line begins.
func (t *plain) mayBegin(s string, i int) bool {
	return i == 0 || !t.caret && i <= 2 && !word(s[i-1])
}

// next returns the first index from i on where a match may begin, or -1.
func (t *plain) next(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	if first := t.parts[0].text; first != "" {
		if c := first[0]; !t.fold || !letter(c) {
			n := strings.IndexByte(s[i:], c)
			if n < 0 {
				return -1
			}
			return i + n
		}
	}
	if t.mark != 0 {
		return t.beforeMark(s, i)
	}
	return i
}

// longestNumber is the most bytes that a number at a date's start has.
const longestNumber = 4

// beforeMark returns the first index from i on where a number begins that the mark
// follows, or -1.
func (t *plain) beforeMark(s string, i int) int {
	for i < len(s) {
		n := strings.IndexByte(s[i:], t.mark)
		if n < 0 {
			return -1
		}
		mark := i + n
		limit := max(i, mark-longestNumber)
		start := mark
		for start > limit && digit(s[start-1]) {
			start--
		}
		if start < mark {
			if start > limit && s[start-1] == ' ' {
				start--
			}
			return start
		}
		i = mark + 1
	}
	return -1
}

// match reads the pattern at s[i:].
func (t *plain) match(s string, i int, d *date) bool {
	d.clear()
	k := i
	for _, p := range t.parts {
		switch {
		case p.text != "":
			if !t.hasText(s, k, p.text) {
				return false
			}
			k += len(p.text)
		case p.read != nil:
			if k = p.read(s, k, d); k < 0 {
				return false
			}
		default:
			if k >= len(s) {
				return false
			}
			k++
		}
	}
	d.start, d.end = i, k
	return t.rightOpen || boundary(s, k)
}

func (t *plain) hasText(s string, k int, text string) bool {
	if len(s)-k < len(text) {
		return false
	}
	if !t.fold {
		return s[k:k+len(text)] == text
	}
	for n := range len(text) {
		c := s[k+n]
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		if c != text[n] {
			return false
		}
	}
	return true
}
