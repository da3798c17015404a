package filter

// Alive says whether line is one that a healthy log of the service contains: a pattern of
// Spec.Alive matches it. It looks at any line, also at those that cannot be failures, and so takes longer than
// Match: it is for those who wonder why a log has none. It changes nothing of what Match does.
func (m *Matcher) Alive(line Line) bool {
	if len(m.filter.alive) == 0 {
		return false
	}
	return m.aside().knows(&line)
}

func (m *Matcher) knows(line *Line) bool {
	var v view
	m.filter.look(&v, line, m.dates, &m.work)
	return v.daemon && first(m.filter.alive, v.text, &m.work) >= 0
}

// Watchful says whether the filter knows what a healthy log looks like.
func (f *Filter) Watchful() bool { return len(f.alive) > 0 }
