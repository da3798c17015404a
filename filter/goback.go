package filter

import (
	"fmt"
	"regexp/syntax"
	"slices"

	"gaol/filter/backtrack"
	"gaol/filter/literal"
)

// marksIn are the marks by the index of their groups in a parsed expression.
func (tr translation) marksIn(re *syntax.Regexp) backtrack.Marks {
	names := re.CapNames()
	marks := backtrack.Marks{}
	for i, r := range tr.marks {
		if at := slices.Index(names, markName(i)); at >= 0 {
			marks[at] = backtrack.Mark{Kind: r.kind, Group: slices.Index(names, groupName(r.group))}
		}
	}
	return marks
}

// compileBeyond makes the pattern of an expression with marks. What can be said without them is;
// what cannot runs on an engine that goes back in the text.
func (p *pattern) compileBeyond(re *syntax.Regexp, tr translation) error {
	// Only what compiles may be rewritten.
	marks := tr.marksIn(re)
	if _, err := backtrack.Compile(re, marks); err != nil {
		return err
	}
	rewritten, vetoes := backtrack.Rewrite(re, marks)
	re, err := syntax.Parse(rewritten.String(), syntax.Perl) // so that groups count without those that are gone
	if err != nil {
		return explainSyntax(err)
	}
	for _, veto := range vetoes {
		v := &pattern{text: p.text}
		v.compilePlain(veto, veto.String())
		p.vetoes = append(p.vetoes, v)
	}
	marks = tr.marksIn(re)
	if len(marks) == 0 {
		p.compilePlain(re, rewritten.String())
		return nil
	}
	if p.slow, err = backtrack.Compile(re, marks); err != nil {
		return err
	}
	p.captured = re.CapNames()
	p.syntax = marks.Strip(re)
	p.required = literal.Required(p.syntax, nil)
	return nil
}

// goBack is submatches for a pattern that needs to go back in the text.
func (p *pattern) goBack(text string, w *work) []int {
	w.at = slices.Grow(w.at[:0], p.slow.Size())[:p.slow.Size()]
	matched, exceeded := p.slow.Find(text, w.at, &w.machine)
	if exceeded {
		if w.runaway == nil {
			w.runaway = make(map[*pattern]int64)
		}
		w.runaway[p]++
	}
	if !matched {
		return nil
	}
	return w.at
}

// Runaway is a pattern that took too many steps on some lines (see [Spec.Fail2ban]). There
// it counted as not matching.
type Runaway struct {
	// What is the pattern's place in the filter, as "failregex 2".
	What    string
	Pattern string
	// Times is how often that happened.
	Times int64
}

// String says what happened and what to do.
func (r Runaway) String() string {
	return fmt.Sprintf("%s %s took too many steps on some lines and counts as not matching them: "+
		"say what must not match as a pattern of its own in unless, or leave out loops in loops and back-references",
		r.What, quote(r.Pattern))
}

// Runaways are the patterns that took too many steps on lines that the matcher has seen.
func (m *Matcher) Runaways() []Runaway {
	if len(m.work.runaway) == 0 {
		return nil
	}
	var all []Runaway
	m.filter.eachPattern(func(what string, p *pattern) {
		if n := m.work.runaway[p]; n > 0 {
			all = append(all, Runaway{what, p.text, n})
		}
	})
	return all
}

// Slow is a pattern that runs on an engine that goes back in the text (see [Spec.Fail2ban]).
type Slow struct {
	// What is the pattern's place in the filter, as "failregex 2".
	What    string
	Pattern string
}

// String says what that means and what to do.
func (s Slow) String() string {
	return fmt.Sprintf("%s %s runs on the engine that goes back in the text, with a limit on its steps for each line: "+
		"it is slower, and misses a line that was made to take more",
		s.What, quote(s.Pattern))
}

// Backtracking are the patterns that need to go back in the text.
func (f *Filter) Backtracking() []Slow {
	var all []Slow
	f.eachPattern(func(what string, p *pattern) {
		if p.slow != nil {
			all = append(all, Slow{what, p.text})
		}
	})
	return all
}

// eachPattern calls do with each pattern and its place in the filter, as "failregex 2".
func (f *Filter) eachPattern(do func(what string, p *pattern)) {
	if f.pref != nil {
		do("prefregex", f.pref)
	}
	for _, list := range []struct {
		name     string
		patterns []*pattern
	}{{"failregex", f.fail}, {"ignoreregex", f.ignore}, {"unless", f.unless}} {
		for i, p := range list.patterns {
			do(fmt.Sprintf("%s %d", list.name, i+1), p)
		}
	}
}
