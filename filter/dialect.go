package filter

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"
)

// translation is a pattern in Go's syntax, every group that means something
// bearing a name of ours: groups[i] is called groupName(i).
type translation struct {
	expr   string
	groups []group
	// marks stand for what RE2 has no words for; marks[i] is called markName(i).
	marks []reference
}

func groupName(i int) string { return "g" + strconv.Itoa(i) }

// translator turns a pattern as users write it, with tags and in the dialect
// that fail2ban's users are used to, into Go's syntax.
//
// It reads the pattern once, from left to right. What it doesn't know it copies,
// for package regexp to judge.
type translator struct {
	src string
	pos int
	out strings.Builder
	dialect

	groups []group
	marks  []reference
	// open holds the parentheses and <F-…> tags that are not closed yet.
	open []opening
	// atom is where, in out, what a loop would repeat begins.
	atom int
	// named and numbers are the groups by how a back-reference calls them; -1 for one
	// within a tag.
	named   map[string]int
	numbers []int
}

// dialect is what may stand in a pattern, and how it is read.
type dialect struct {
	// names lets <HOST> take host names; loose lets address tags take any
	// word, to say afterwards what stood there instead of an address.
	names, loose bool
	// lines says that the pattern sees several lines (maxlines), toLast that it
	// must match up to the last of them.
	lines, toLast bool
	// fail2ban says that it is one of Python's, for fail2ban's texts, and allows what RE2 has
	// no words for; beyond says that this is there.
	fail2ban, beyond bool
}

// opening is a parenthesis or a tag.
type opening struct {
	tag   string // "F-USER"; "" for a parenthesis
	group int    // index of its group, -1 for none
	at    int    // where it begins in out
	// condition is that of (?(…)…|…), nil for all else.
	condition *conditional
}

// translate expands tags and rewrites dialect. Its errors name the construct
// and what to do.
func translate(src string, d dialect) (translation, error) {
	t := translator{src: src, dialect: d, named: map[string]int{}}
	for t.pos < len(src) {
		if err := t.step(); err != nil {
			return translation{}, err
		}
	}
	for _, o := range t.open {
		if o.tag != "" {
			return translation{}, fmt.Errorf("<%s> is not closed: add </%[1]s>", o.tag)
		}
	}
	return translation{expr: t.out.String(), groups: t.groups, marks: t.marks}, nil
}

func (t *translator) step() error {
	switch t.src[t.pos] {
	case '*', '+', '?', '{':
		t.repeat()
		return nil
	}
	t.atom = t.out.Len() // unless something is closed, see close
	if t.fail2ban {
		if done, err := t.python(); done {
			return err
		}
	}
	switch t.src[t.pos] {
	case '\\':
		return t.escape()
	case '[':
		return t.class()
	case '(':
		return t.openGroup()
	case ')':
		t.closeGroup()
	case '|':
		return t.alternative()
	case '<':
		return t.tag()
	default:
		_, n := utf8.DecodeRuneInString(t.rest())
		t.copy(n)
	}
	return nil
}

// rest is what has not been read yet.
func (t *translator) rest() string { return t.src[t.pos:] }

// copy takes n bytes over as they are.
func (t *translator) copy(n int) {
	t.out.WriteString(t.src[t.pos : t.pos+n])
	t.pos += n
}

// replace takes text over in place of n bytes.
func (t *translator) replace(n int, text string) {
	t.out.WriteString(text)
	t.pos += n
}

var (
	unicodeEscape = regexp.MustCompile(`^\\u([0-9A-Fa-f]{4})`)
	octalEscape   = regexp.MustCompile(`^\\[0-7]{3}`)
	openEnded     = regexp.MustCompile(`^\{,[0-9]+\}`)
	groupOpening  = regexp.MustCompile(`^\(\?P?<([A-Za-z_][A-Za-z_0-9]*)>`)
)

func (t *translator) escape() error {
	rest := t.rest()
	if len(rest) < 2 {
		t.copy(1)
		return nil
	}
	switch c := rest[1]; {
	case octalEscape.MatchString(rest):
		t.copy(4)
	case t.beyond && (numberReference.MatchString(rest) || nameReference.MatchString(rest)):
		return t.backReference()
	case c >= '1' && c <= '9', c == 'k':
		return impossible("back-reference "+rest[:2], writeBoth)
	case c == 'Z':
		t.replace(2, `\z`) // Python's end of text
	case c == 'Q':
		t.copy(quoted(rest))
	case unicodeEscape.MatchString(rest):
		t.replace(6, `\x{`+rest[2:6]+`}`)
	default:
		t.copy(2)
	}
	return nil
}

// quoted is the length of \Q…\E at the start of rest.
func quoted(rest string) int {
	if i := strings.Index(rest, `\E`); i >= 0 {
		return i + 2
	}
	return len(rest)
}

// class takes a character class over. A tag in it is a mistake that would
// otherwise match in silence.
func (t *translator) class() error {
	end := classLength(t.rest())
	if tag := knownTag.FindString(t.rest()[:end]); tag != "" {
		return tagInClass(tag, t.rest()[:end])
	}
	t.copy(end)
	return nil
}

func tagInClass(tag, class string) error {
	return fmt.Errorf("%s stands in a character class %s: write literal brackets as \\[ and \\]", tag, class)
}

// classLength is the length of the character class at the start of s, brackets
// included; that of s, if it is not closed.
func classLength(s string) int {
	i := 1
	if strings.HasPrefix(s[i:], "^") {
		i++
	}
	if strings.HasPrefix(s[i:], "]") {
		i++ // the first one stands for itself
	}
	for i < len(s) {
		switch {
		case s[i] == ']':
			return i + 1
		case s[i] == '\\':
			i += 2
		case strings.HasPrefix(s[i:], "[:") && strings.Contains(s[i:], ":]"):
			i += strings.Index(s[i:], ":]") + 2
		default:
			i++
		}
	}
	return len(s)
}

// refusal says why a group at the start of rest cannot be had, as it needs an
// engine that goes back in the text.
func refusal(rest string) error {
	const unless = `write what must not match as a pattern of its own in "unless"`
	for _, r := range []struct{ opening, what, hint string }{
		{"(?=", "look-ahead (?=…)", "write what must follow as part of the pattern"},
		{"(?!", "negative look-ahead (?!…)", unless},
		{"(?<=", "look-behind (?<=…)", "write what must precede as part of the pattern"},
		{"(?<!", "negative look-behind (?<!…)", unless},
		{"(?P=", "back-reference (?P=…)", writeBoth},
		{"(?(", "conditional group (?(…)…)", "write two patterns"},
		{"(?>", "atomic group (?>…)", "write (?:…), which cannot run away here"},
	} {
		if strings.HasPrefix(rest, r.opening) {
			return impossible(r.what, r.hint)
		}
	}
	return nil
}

const writeBoth = "write both places out, or a pattern that is right without it"

// impossible is the error for a construct that RE2 has no words for.
func impossible(what, hint string) error {
	return fmt.Errorf("%s is not possible in a pattern of linear time: %s", what, hint)
}

func (t *translator) openGroup() error {
	rest := t.rest()
	if t.beyond {
		if done, err := t.openBeyond(); done {
			return err
		}
	}
	if err := refusal(rest); err != nil {
		return err
	}
	if m := groupOpening.FindStringSubmatch(rest); m != nil {
		g := ownGroup(strings.ToLower(m[1]), t.names)
		t.begin(opening{group: t.addGroup(g, strings.ToLower(m[1]))}, len(m[0]))
		return nil
	}
	switch {
	case strings.HasPrefix(rest, "(?#"):
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return errors.New("comment (?#… is not closed: add )")
		}
		t.pos += end + 1
	case strings.HasPrefix(rest, "(?"):
		t.push(opening{group: -1})
		t.copy(2)
	case t.beyond:
		t.begin(opening{group: t.addGroup(group{kind: unnamed}, "")}, 1)
	default:
		// Nobody asks what an unnamed group captured, and capturing costs time.
		t.push(opening{group: -1})
		t.replace(1, "(?:")
	}
	return nil
}

// addGroup gives g its number; name is how the pattern calls it, "" for not at all.
func (t *translator) addGroup(g group, name string) int {
	number := len(t.groups)
	t.groups = append(t.groups, g)
	t.numbers = append(t.numbers, number)
	if name != "" {
		t.named[name] = number
	}
	return number
}

// push opens a parenthesis or a tag.
func (t *translator) push(o opening) {
	o.at = t.out.Len()
	t.open = append(t.open, o)
}

// begin opens a capturing group in place of n bytes.
func (t *translator) begin(o opening, n int) {
	t.groups[o.group].before = literalBefore(t.src[:t.pos])
	t.push(o)
	t.replace(n, "(?P<"+groupName(o.group)+">")
}

func (t *translator) closeGroup() {
	if n := len(t.open); n > 0 && t.open[n-1].tag == "" {
		if c := t.open[n-1].condition; c != nil && !c.otherwise {
			t.out.WriteString("|")
			t.otherwise(c)
		}
		t.close()
	}
	t.copy(1)
}

// close forgets the innermost opening; the reader stands at its end.
func (t *translator) close() {
	last := t.open[len(t.open)-1]
	t.open = t.open[:len(t.open)-1]
	t.atom = last.at
	if last.group >= 0 {
		end := t.rest()[strings.IndexAny(t.rest(), ")>")+1:]
		t.groups[last.group].after = literalAfter(end)
	}
}

// repeat rewrites {,n}, which Go takes literally, and possessive loops.
func (t *translator) repeat() {
	if t.beyond && t.possessive() {
		return
	}
	if openEnded.MatchString(t.rest()) {
		t.replace(2, "{0,")
		return
	}
	t.copy(1)
}

// explainSyntax puts package regexp's error into our words.
func explainSyntax(err error) error {
	parse, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return err
	}
	what := fmt.Sprintf("%s: %q", parse.Code, parse.Expr)
	switch parse.Code {
	case syntax.ErrInvalidRepeatSize:
		what += ": at most 1000 repetitions are possible, * and + have no limit"
	case syntax.ErrInvalidRepeatOp:
		what += ": write one of * + ? {n,m}, possessive forms are not needed here"
	case syntax.ErrMissingParen:
		what = "a parenthesis is not closed: add ), or write \\( for the character"
	case syntax.ErrUnexpectedParen:
		what = "a parenthesis is closed that was not opened: write \\) for the character"
	case syntax.ErrMissingBracket:
		what = fmt.Sprintf("character class %s is not closed: add ], or write \\[ for the character", parse.Expr)
	case syntax.ErrMissingRepeatArgument:
		what = fmt.Sprintf("nothing stands before %s: write \\%[1]s for the character", parse.Expr)
	}
	return errors.New(what)
}
