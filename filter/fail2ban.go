package filter

import (
	"regexp/syntax"
	"slices"

	"gaol/filter/logtime"
)

// What patterns see that were written for fail2ban (see [Spec.Fail2ban]).

// lookAsFail2ban makes v, which is empty, the view that fail2ban has of line: what stands around
// the date, which is all that is cut out, and a line end behind it.
func (f *Filter) lookAsFail2ban(v *view, line *Line, dates *logtime.Finder, w *work) {
	v.message, v.daemon = line.Text, true
	head, tail := line.Text, ""
	if line.Time.IsZero() {
		v.date, v.dated = dates.Find(line.Text, line.Read)
	}
	if v.dated && f.cuts(v.message, v.date) {
		head, tail = line.Text[:v.date.Start], line.Text[v.date.End:]
		v.gap = v.date.End - v.date.Start
	}
	v.split = len(head)
	w.joined = append(append(append(w.joined[:0], head...), tail...), '\n')
	v.text = asText(w.joined)
}

// content is the part of text that prefregex has left for failregex, with a line end behind it
// for fail2ban's patterns.
func (f *Filter) content(text string, c capture, w *work) string {
	if !f.spec.Fail2ban || c.end == len(text) {
		return c.value
	}
	if text[c.end] == '\n' {
		return text[c.start : c.end+1]
	}
	w.content = append(append(w.content[:0], c.value...), '\n')
	return asText(w.content)
}

// ignoresFirst says that ignoreregex sees each line before all other patterns. fail2ban does so only where that is
// cheap; else it sees what a failregex has matched, and nothing of the line but what prefregex has left.
func (f *Filter) ignoresFirst() bool { return !f.spec.Fail2ban || len(f.ignore) < len(f.fail)-2 }

// spellsLineEnd says that one of the patterns may require a line end, which the line itself doesn't hold.
func (f *Filter) spellsLineEnd() bool {
	for _, list := range [][]*pattern{{f.pref}, f.fail, f.ignore} {
		for _, p := range list {
			if p != nil && hasLineEnd(p.syntax) {
				return true
			}
		}
	}
	return false
}

func hasLineEnd(re *syntax.Regexp) bool {
	switch {
	case re.Op == syntax.OpQuest, re.Op == syntax.OpStar, re.Op == syntax.OpRepeat && re.Min == 0:
		return false // $ has one
	case re.Op == syntax.OpLiteral:
		return slices.Contains(re.Rune, '\n')
	}
	return slices.ContainsFunc(re.Sub, hasLineEnd)
}
