package backtrack_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dlclark/regexp2"

	"gaol/filter/backtrack"
)

// written is a pattern as regexp2 has it, and with marks.
type written struct {
	plain, marked string
	// nullable: it may take no text. width is the length of its texts, -1 if they have several.
	nullable bool
	width    int
}

// writer makes a pattern of bytes: each decides what comes next.
type writer struct {
	choices []byte
	marks   []backtrack.Mark
	// groups is the number of groups begun, closed are those that may be referred to. Not
	// all that are closed may have matched.
	groups int
	closed []int
	// behind: no groups and references, as regexp2 matches look-behind from its end.
	behind bool
}

func (w *writer) next(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := int(w.choices[0])
	w.choices = w.choices[1:]
	return c % n
}

func (w *writer) mark(m backtrack.Mark, body string) string {
	w.marks = append(w.marks, m)
	return fmt.Sprintf("(?P<x%d>%s)", len(w.marks)-1, body)
}

func both(text string, width int) written { return written{text, text, width == 0, width} }

func (w *writer) atom() written {
	return both([]string{"a", "b", "c", "[ab]", "[^a]", ".", "[bc]", "a", "b", "c"}[w.next(10)], 1)
}

func (w *writer) node(depth int) written {
	if depth == 0 {
		return w.atom()
	}
	switch kind := w.next(16); kind {
	default:
		return w.atom()
	case 3, 4, 5:
		return w.concat(depth)
	case 6:
		a, b := w.concat(depth), w.concat(depth)
		width := a.width
		if b.width != a.width {
			width = -1
		}
		return written{"(?:" + a.plain + "|" + b.plain + ")", "(?:" + a.marked + "|" + b.marked + ")", a.nullable || b.nullable, width}
	case 7:
		return w.group(depth)
	case 8, 9, 10:
		return w.loop(depth)
	case 11:
		return w.look(depth)
	case 12:
		body := w.concat(depth)
		return written{"(?>" + body.plain + ")", w.mark(backtrack.Mark{Kind: backtrack.Atomic}, body.marked), body.nullable, body.width}
	case 13:
		return w.refer()
	case 14:
		return w.condition(depth)
	case 15:
		return both([]string{"^", `\z`, `\b`, `\B`}[w.next(4)], 0)
	}
}

func (w *writer) concat(depth int) written {
	all := written{nullable: true}
	for range 1 + w.next(3) {
		one := w.node(depth - 1)
		all.plain += one.plain
		all.marked += one.marked
		all.nullable = all.nullable && one.nullable
		if all.width < 0 || one.width < 0 {
			all.width = -1
		} else {
			all.width += one.width
		}
	}
	return all
}

func (w *writer) group(depth int) written {
	if w.behind {
		return w.atom()
	}
	w.groups++
	number := w.groups
	body := w.concat(depth)
	w.closed = append(w.closed, number)
	return written{"(" + body.plain + ")", fmt.Sprintf("(?P<g%d>%s)", number, body.marked), body.nullable, body.width}
}

func (w *writer) loop(depth int) written {
	body := w.node(depth - 1)
	if body.nullable {
		return body // what a group holds after going round for nothing differs between engines
	}
	form := []string{"*", "+", "?", "{2}", "{1,2}", "{2,}", "*?", "+?", "??", "{1,2}?"}[w.next(10)]
	width := -1
	if form == "{2}" && body.width >= 0 {
		width = 2 * body.width
	}
	loop := written{"(?:" + body.plain + ")" + form, "(?:" + body.marked + ")" + form, strings.ContainsAny(form, "*?") && !strings.HasPrefix(form, "+") && form[0] != '{', width}
	if w.next(3) == 0 {
		loop.plain, loop.marked = "(?>"+loop.plain+")", w.mark(backtrack.Mark{Kind: backtrack.Atomic}, loop.marked)
	}
	return loop
}

func (w *writer) look(depth int) written {
	kind := w.next(4)
	was := w.behind
	w.behind = was || kind >= 2
	body := w.concat(depth)
	w.behind = was
	if kind >= 2 && body.width < 0 {
		return both("", 0)
	}
	opening := []string{"(?=", "(?!", "(?<=", "(?<!"}[kind]
	of := []backtrack.Kind{backtrack.Ahead, backtrack.NotAhead, backtrack.Behind, backtrack.NotBehind}[kind]
	return written{opening + body.plain + ")", w.mark(backtrack.Mark{Kind: of}, body.marked), true, 0}
}

func (w *writer) refer() written {
	if w.behind || len(w.closed) == 0 {
		return w.atom()
	}
	group := w.closed[w.next(len(w.closed))]
	return written{fmt.Sprintf(`(?:\%d)`, group), w.mark(backtrack.Mark{Kind: backtrack.Backref, Group: group}, backtrack.BackrefBody), true, -1}
}

func (w *writer) condition(depth int) written {
	if w.behind || len(w.closed) == 0 {
		return w.atom()
	}
	group := w.closed[w.next(len(w.closed))]
	yes, no := w.concat(depth), w.concat(depth)
	marked := "(?:" + w.mark(backtrack.Mark{Kind: backtrack.IfSet, Group: group}, "") + yes.marked + "|" +
		w.mark(backtrack.Mark{Kind: backtrack.IfUnset, Group: group}, "") + no.marked + ")"
	return written{fmt.Sprintf("(?(%d)%s|%s)", group, yes.plain, no.plain), marked, yes.nullable || no.nullable, -1}
}

// parse returns the pattern and its marks by group.
func (w *writer) parse(t testing.TB, marked string) (*syntax.Regexp, backtrack.Marks) {
	re, err := syntax.Parse(marked, syntax.Perl)
	if err != nil {
		t.Fatalf("%s: %v", marked, err)
	}
	names := re.CapNames()
	marks := backtrack.Marks{}
	for i, m := range w.marks {
		if m.Kind == backtrack.Backref || m.Kind == backtrack.IfSet || m.Kind == backtrack.IfUnset {
			m.Group = slices.Index(names, fmt.Sprintf("g%d", m.Group))
		}
		if at := slices.Index(names, fmt.Sprintf("x%d", i)); at >= 0 {
			marks[at] = m
		}
	}
	return re, marks
}

// groupsOf are the offsets of the groups that are no marks; -1 for those that are gone with a
// veto.
func groupsOf(groups int, names []string, at []int) []int {
	var offsets []int
	for n := range groups {
		if i := slices.Index(names, fmt.Sprintf("g%d", n+1)); i >= 0 {
			offsets = append(offsets, at[2*i], at[2*i+1])
		} else {
			offsets = append(offsets, -1, -1)
		}
	}
	return offsets
}

// ours matches with Program, or with regexp where no mark is left.
func ours(t testing.TB, re *syntax.Regexp, marks backtrack.Marks, groups int, text string) (matched bool, begin int, offsets []int) {
	if !marks.In(re) {
		plain := regexp.MustCompile(re.String())
		at := plain.FindStringSubmatchIndex(text)
		if at == nil {
			return false, 0, nil
		}
		return true, at[0], groupsOf(groups, plain.SubexpNames(), at)
	}
	p, err := backtrack.Compile(re, marks)
	if err != nil {
		t.Skip(err)
	}
	at := make([]int, p.Size())
	matched, exceeded := p.Find(text, at, new(backtrack.Machine))
	if exceeded {
		t.Skip("too many steps")
	}
	if !matched {
		return false, 0, nil
	}
	return true, at[0], groupsOf(groups, re.CapNames(), at)
}

// theirs matches with regexp2. Its offsets are those of characters; texts are ASCII.
func theirs(t testing.TB, plain string, groups int, text string) (matched bool, begin int, at []int) {
	re, err := regexp2.Compile(plain, regexp2.None)
	if err != nil {
		t.Fatalf("%s: %v", plain, err)
	}
	re.MatchTimeout = time.Second
	m, err := re.FindStringMatch(text)
	if err != nil {
		t.Skip(err)
	}
	if m == nil {
		return false, 0, nil
	}
	for n := 1; n <= groups; n++ {
		if g := m.GroupByNumber(n); len(g.Captures) > 0 {
			at = append(at, g.Index, g.Index+g.Length)
		} else {
			at = append(at, -1, -1)
		}
	}
	return true, m.Index, at
}

// compare holds a pattern, and what it is rewritten to, against regexp2. It reports whether the text
// matched, and whether a mark was rewritten.
func compare(t testing.TB, choices []byte, text string) (matched, changed bool) {
	w := writer{choices: choices}
	pattern := w.concat(4)
	re, marks := w.parse(t, pattern.marked)
	want, wantBegin, wantAt := theirs(t, pattern.plain, w.groups, text)
	got, gotBegin, gotAt := ours(t, re, marks, w.groups, text)
	if got != want || gotBegin != wantBegin || !slices.Equal(gotAt, wantAt) {
		t.Errorf("%s (%s) on %q: %v at %d %v, want %v at %d %v", pattern.plain, pattern.marked, text, got, gotBegin, gotAt, want, wantBegin, wantAt)
	}
	rewritten, vetoes := backtrack.Rewrite(re, marks)
	again, marks := w.parse(t, rewritten.String())
	got, _, gotAt = ours(t, again, marks, w.groups, text)
	for _, veto := range vetoes {
		if regexp.MustCompile(veto.String()).MatchString(text) {
			got, gotAt = false, nil
		}
	}
	if got != want || !slices.Equal(gotAt, wantAt) {
		t.Errorf("%s, rewritten to %s unless %v, on %q: %v %v, want %v %v", pattern.plain, rewritten, vetoes, text, got, gotAt, want, wantAt)
	}
	return want, rewritten.String() != re.String()
}

// The same as the fuzz target, on patterns that are the same each time.
func TestSameAsRegexp2(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var matched, changed int
	const patterns = 20_000
	for range patterns {
		choices := make([]byte, 10+random.IntN(50))
		for i := range choices {
			choices[i] = byte(random.UintN(256))
		}
		text := make([]byte, random.IntN(16))
		for i := range text {
			text[i] = "aaabbbccc \n"[random.IntN(11)]
		}
		m, c := compare(t, choices, string(text))
		if m {
			matched++
		}
		if c {
			changed++
		}
		if t.Failed() {
			return
		}
	}
	if matched < patterns/10 || changed < patterns/100 {
		t.Errorf("of %d patterns %d matched, and %d were rewritten: too few to say much", patterns, matched, changed)
	}
	t.Logf("%d matched, %d were rewritten", matched, changed)
}

// Any pattern matches as regexp2 has it, and so does what it is rewritten to.
func FuzzSameAsRegexp2(f *testing.F) {
	for i := range 16 {
		f.Add([]byte{3, byte(i), 7, 1, 3, 1, byte(i), 2, 13, 0, 8, 1, 0, 1}, "abcabba")
		f.Add([]byte{5, 2, 11, byte(i), 1, 2, 3, 8, byte(i), 12, 3, 8, 3, 0, 0, 15, 1}, "aabbc\nab")
	}
	f.Fuzz(func(t *testing.T, choices []byte, text string) {
		if len(choices) > 60 || len(text) > 24 {
			t.Skip()
		}
		compare(t, choices, strings.Map(func(r rune) rune { return rune("abcab c\n"[r%8]) }, text))
	})
}
