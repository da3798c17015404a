package logtime

// Apart says what is known of the characters next to a date that pattern finds:
// before, that none of a word stands before it, behind, that none stands behind it.
func Apart(pattern string) (before, behind bool) {
	templates, err := compile(pattern)
	if err != nil || len(templates) != 1 {
		return false, false
	}
	if _, ok := templates[0].(*plain); !ok {
		return false, false
	}
	p, err := parse(pattern, pattern)
	if err != nil {
		return false, false
	}
	first, last := p.tokens[0], p.tokens[len(p.tokens)-1]
	return !p.leftOpen && first.startsWord(), !p.rightOpen && last.endsWord()
}

// startsWord says that what the token stands for begins with a character of a
// word. %d and its like may begin with a blank, %z with a sign.
func (t token) startsWord() bool {
	switch t.code.name {
	case "%Y", "%y", "%m", "%H", "%M", "%S", "%b", "%B", "%a", "%A", "%j":
		return true
	}
	return t.kind == literal && word(t.char)
}

// endsWord says that what the token stands for ends with a character of a word.
func (t token) endsWord() bool {
	switch t.code.name {
	case "%d", "%f", "%z":
		return true
	}
	return t.startsWord()
}
