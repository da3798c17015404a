package filter

import (
	"slices"

	"gaol/filter/header"
)

// Memory is what a matcher remembers of the lines before, sessions apart: of dates,
// which of day and month this log writes first and where in a line the last one
// stood, which decides how a date is read that can be read in two ways; and
// whether a container's last record was a piece of a line. The zero value is that
// of a new matcher.
type Memory struct {
	lines, asides dateMemory
	open          header.Stream
}

// dateMemory is what one matcher remembers: of lines, and of the fields in lines of JSON.
type dateMemory struct {
	lines, fields []int
}

// Memory returns what the matcher remembers.
func (m *Matcher) Memory() Memory {
	memory := Memory{lines: m.dateMemory(), open: m.open}
	if m.asides != nil {
		memory.asides = m.asides.dateMemory()
	}
	return memory
}

func (m *Matcher) dateMemory() dateMemory {
	memory := dateMemory{lines: m.dates.Memory()}
	if m.fieldDates != nil {
		memory.fields = m.fieldDates.texts.Memory()
	}
	return memory
}

// Recall makes the matcher remember what another one of the same filter did.
func (m *Matcher) Recall(memory Memory) {
	m.open = memory.open
	m.recall(memory.lines)
	if m.asides != nil || !memory.asides.equal(dateMemory{}) {
		m.aside().recall(memory.asides)
	}
}

func (m *Matcher) recall(memory dateMemory) {
	m.dates.Recall(memory.lines)
	if m.fieldDates != nil {
		m.fieldDates.texts.Recall(memory.fields)
	}
}

// Equal says whether two matchers that remember this make the same of what comes.
func (a Memory) Equal(b Memory) bool {
	return a.open == b.open && a.lines.equal(b.lines) && a.asides.equal(b.asides)
}

func (a dateMemory) equal(b dateMemory) bool {
	return sameMemory(a.lines, b.lines) && sameMemory(a.fields, b.fields)
}

// sameMemory takes nil for the memory of a new finder, which is all zeros.
func sameMemory(a, b []int) bool {
	something := func(n int) bool { return n != 0 }
	switch {
	case a == nil:
		return !slices.ContainsFunc(b, something)
	case b == nil:
		return !slices.ContainsFunc(a, something)
	}
	return slices.Equal(a, b)
}
