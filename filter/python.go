package filter

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// What Python's patterns mean and Go's don't, or mean otherwise, in filters that come from
// fail2ban (see [Spec.Fail2ban]): https://docs.python.org/3/library/re.html. \b alone stays
// Go's, where a word has no letters but ASCII's.

// The characters of \d, \s and \w for texts of Unicode, as they stand in a class of Go's.
const (
	pythonDigits = `\p{Nd}`
	pythonBlanks = `\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	pythonWord   = `\pL\pN_`
)

// pythonClass returns what \d and its like stand for, "" for any other escape.
func pythonClass(letter byte) (members string, negated bool) {
	switch letter {
	case 'd', 'D':
		return pythonDigits, letter == 'D'
	case 's', 'S':
		return pythonBlanks, letter == 'S'
	case 'w', 'W':
		return pythonWord, letter == 'W'
	}
	return "", false
}

// lineEnd is what $ stands for in a text of one line, whose end follows.
const lineEnd = `(?:\n?\z)`

var (
	longUnicodeEscape = regexp.MustCompile(`^\\U([0-9A-Fa-f]{8})`)
	pythonFlags       = regexp.MustCompile(`^\(\?([aiLmsux]+)(-[imsx]+)?([:)])`)
)

// python takes over what Python reads in another way than Go. It reports false for
// everything else.
func (t *translator) python() (bool, error) {
	rest := t.rest()
	switch rest[0] {
	case '$':
		if t.lines {
			return false, nil // which holds at each of them
		}
		t.replace(1, lineEnd)
		return true, nil
	case '[':
		return true, t.pythonSet()
	case '(':
		return t.pythonFlags()
	case '\\':
		return t.pythonEscape(), nil
	}
	return false, nil
}

func (t *translator) pythonEscape() bool {
	rest := t.rest()
	if len(rest) < 2 {
		return false
	}
	if members, negated := pythonClass(rest[1]); members != "" {
		open := "["
		if negated {
			open = "[^"
		}
		t.replace(2, open+members+"]")
		return true
	}
	if text, n := pythonCharacter(rest); n > 0 {
		t.replace(n, text)
		return true
	}
	return false
}

// pythonCharacter returns how Go writes the escape of a character that it doesn't know, and the escape's
// length, 0 if it is another one.
func pythonCharacter(rest string) (text string, n int) {
	if m := longUnicodeEscape.FindStringSubmatch(rest); m != nil {
		return `\x{` + m[1] + `}`, len(m[0])
	}
	if m := unicodeEscape.FindStringSubmatch(rest); m != nil {
		return `\x{` + m[1] + `}`, len(m[0])
	}
	if rest[1] >= utf8.RuneSelf {
		_, n := utf8.DecodeRuneInString(rest[1:])
		return rest[1 : 1+n], 1 + n
	}
	return "", 0
}

// pythonFlags takes over the flags that Go has as well, and drops those that say what holds anyway.
func (t *translator) pythonFlags() (bool, error) {
	m := pythonFlags.FindStringSubmatch(t.rest())
	if m == nil {
		return false, nil
	}
	if strings.Contains(m[1]+m[2], "x") {
		return true, errors.New("flag x, for blanks and comments in a pattern, is not supported: write it without them")
	}
	flags := strings.NewReplacer("a", "", "L", "", "u", "").Replace(m[1]) + m[2]
	switch {
	case m[3] == ":":
		t.push(opening{group: -1})
		t.replace(len(m[0]), "(?"+flags+":")
	case flags == "":
		t.pos += len(m[0])
	default:
		t.replace(len(m[0]), "(?"+flags+")")
	}
	return true, nil
}

// pythonSet takes a character class over. In Python's there is no [:alpha:], and [ stands for itself.
func (t *translator) pythonSet() error {
	rest := t.rest()
	out, i := "[", 1
	if strings.HasPrefix(rest[i:], "^") {
		out, i = "[^", i+1
	}
	if strings.HasPrefix(rest[i:], "]") {
		out, i = out+`\]`, i+1
	}
	for i < len(rest) && rest[i] != ']' {
		text, n, err := setMember(rest[i:])
		if err != nil {
			return err
		}
		out, i = out+text, i+n
	}
	if i == len(rest) {
		return fmt.Errorf("character class %s is not closed: add ], or write \\[ for the character", rest)
	}
	i++
	if tag := knownTag.FindString(rest[:i]); tag != "" {
		return tagInClass(tag, rest[:i])
	}
	t.replace(i, out+"]")
	return nil
}

// setMember returns how Go writes what stands in a class at the start of rest, and how long that is.
func setMember(rest string) (text string, n int, err error) {
	switch {
	case rest[0] == '[':
		return `\[`, 1, nil
	case rest[0] != '\\' || len(rest) < 2:
		_, n = utf8.DecodeRuneInString(rest)
		return rest[:n], n, nil
	case rest[1] == 'b':
		return `\x08`, 2, nil // no word boundary here
	case octalEscape.MatchString(rest):
		return rest[:4], 4, nil
	}
	if members, negated := pythonClass(rest[1]); members != "" {
		if negated {
			members, err = complement(members)
		}
		return members, 2, err
	}
	if text, n = pythonCharacter(rest); n > 0 {
		return text, n, nil
	}
	return rest[:2], 2, nil
}

// complement are all characters but these, as they stand in a class.
func complement(members string) (string, error) {
	re, err := syntax.Parse("[^"+members+"]", syntax.Perl)
	if err != nil {
		return "", explainSyntax(err)
	}
	var out strings.Builder
	for i := 0; i < len(re.Rune); i += 2 {
		fmt.Fprintf(&out, `\x{%x}-\x{%x}`, re.Rune[i], re.Rune[i+1])
	}
	return out.String(), nil
}
