package filter

// examineLines is examine for a filter with maxlines: what its patterns match
// may have begun in lines before.
//
// prefregex sees each line by itself, and what it leaves of it is joined to the
// lines before. As every line is tried when it comes, a match is found with its last line,
// and failregex is compiled to match up to there and no less (see dialect.overLines). unless and
// ignoreregex see the lines of the match alone: those of another client that stand between
// must not hide it.
func (m *Matcher) examineLines(line *Line) Result {
	var v view
	result := Result{Pattern: -1}
	ok := m.advance(line, &v)
	result.Date, result.Time = v.date.Template, v.time(line)
	if !ok {
		return result
	}
	now := m.window.time(line, result.Time)
	match, ok := m.filter.failsIn(m.window, &m.found, &m.work)
	if !ok {
		return result
	}
	result.Time = now
	result.Verdict, result.Pattern = Matched, match.pattern
	if ignored := first(m.filter.ignore, m.window.textOf(match.lines), &m.work); ignored >= 0 {
		result.Verdict, result.Pattern = Ignored, ignored
	}
	m.found.merge(&m.before)
	if taken := m.window.take(match.lines); len(taken) > 1 {
		result.Earlier = taken[:len(taken)-1]
	}
	if result.Verdict == Matched && !m.verdicts {
		m.conclude(line, &result)
	}
	return result
}

// advance puts the next line into the window, and reports whether it was one that
// patterns see.
func (m *Matcher) advance(line *Line, v *view) bool {
	f := m.filter
	m.window.seen++
	f.look(v, line, m.dates, &m.work)
	if !v.daemon {
		return false
	}
	text, from, ok := f.narrow(v.text, &m.before, &m.work)
	if ok {
		m.window.add(line.Text, text, v.offsets, from)
	}
	return ok
}

// maxTries bounds how often a pattern is tried again on a window. Lines that a
// pattern fits without naming an address, or that unless forbids, would else hide those that
// come after; but each try costs as much as the window is long.
const maxTries = 8

// matched is a match over the lines of a window.
type matched struct {
	// pattern is the index of the failregex, lines are those of the lines it matched.
	pattern int
	lines   []int
	// begin is the line from which on it was looked for: captures count from there.
	begin int
}

// failsIn looks for the failregex that decides on a window.
func (f *Filter) failsIn(w *window, found *captures, memory *work) (match matched, ok bool) {
	for i, p := range f.fail {
		for begin, try := 0, 0; begin < len(w.lines) && try < maxTries; try++ {
			text := w.from(begin)
			at := p.search(text, memory)
			if at == nil {
				break
			}
			match = matched{i, w.touched(begin, span{at[0], at[1]}, p.skips(at)), begin}
			if p.capture(text, at, found) && first(f.unless, w.textOf(match.lines), memory) < 0 {
				return match, true
			}
			begin = match.lines[0] + 1
		}
	}
	return matched{}, false
}

// skips are the texts that <SKIPLINES> skipped in a match.
func (p *pattern) skips(at []int) []span {
	var skips []span
	for _, g := range p.groups {
		if g.kind == skipped && at[2*g.index] >= 0 {
			skips = append(skips, span{at[2*g.index], at[2*g.index+1]})
		}
	}
	return skips
}

// overLines makes an expression one over several lines: ^ and $ hold at each of them. A
// failregex must match up to the last.
func (d dialect) overLines(expr string) string {
	expr = `(?m)(?:` + expr + `)`
	switch {
	case d.toLast && d.fail2ban:
		expr += `[^\n]*\n?\z`
	case d.toLast:
		expr += `[^\n]*\z`
	}
	return expr
}

// capturedOverLines is captured for a filter with maxlines.
func (m *Matcher) capturedOverLines(line *Line, v *view) []target {
	if !m.advance(line, v) {
		return nil
	}
	targets := targetsOf(&m.before, m.window.seen-1, 0, v)
	if match, ok := m.filter.failsIn(m.window, &m.found, &m.work); ok {
		for _, one := range m.found.values {
			if !steers(one.name) {
				targets = append(targets, m.window.targets(one, match)...)
			}
		}
		m.window.take(match.lines)
	}
	return targets
}

// targets are the parts of a captured text in the lines of a match.
func (w *window) targets(c capture, match matched) []target {
	var targets []target
	base := w.lines[match.begin].start
	for _, i := range match.lines {
		one := w.lines[i]
		start, end := max(base+c.start, one.start), min(base+c.end, one.end)
		if start >= end {
			continue
		}
		targets = append(targets, target{
			line:  one.number - 1,
			start: one.inLine(one.from + start - one.start),
			end:   one.inLine(one.from+end-one.start-1) + 1,
			name:  c.name, id: c.name == "id",
		})
	}
	return targets
}
