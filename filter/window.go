package filter

import (
	"strings"
	"time"

	"gaol/filter/header"
)

// MaxLines is the greatest number of lines that a filter can look at together
// (see [Spec]).
const MaxLines = 1000

const (
	// maxWindowBytes bounds the lines of a window, as each of them may be as
	// long as a stranger likes.
	maxWindowBytes = 256 << 10
	// dateAge is how long the date of one line stands for lines without one: fail2ban's.
	dateAge = time.Minute
)

// window holds the last messages of one source, for patterns over several of
// them (maxlines).
type window struct {
	max   int
	lines []windowed // oldest first
	// text is what patterns see of lines, each with its end; what stands
	// before the first of them is left over from lines that are gone.
	text []byte
	// ended lets patterns see the end of the last line, too.
	ended bool
	size  int // of the whole lines, in bytes
	// seen is the number of lines that the matcher was handed.
	seen int
	// dated is the time of the last line that bore one.
	dated time.Time
}

// windowed is a line in a window.
type windowed struct {
	line       string // whole, a copy
	start, end int    // of its message in the window's text
	number     int    // among all lines that the matcher was handed, from 1
	// offsets and from say where the message stands in the line: it began at
	// from of what the line's view holds.
	offsets
	from int
}

// add puts a line behind the others; its message is text, which began at from of
// its view. A line end within a message, which a record of the journal can have, becomes a
// blank: one record must not pass for several.
func (w *window) add(line, text string, at offsets, from int) {
	if len(w.lines) == 0 {
		w.text = w.text[:0]
	} else {
		w.compact()
	}
	start := len(w.text)
	w.text = append(w.text, strings.TrimSuffix(text, "\n")...)
	end := len(w.text)
	for i := start; i < len(w.text); i++ {
		if w.text[i] == '\n' {
			w.text[i] = ' '
		}
	}
	w.text = append(w.text, '\n')
	line = strings.Clone(line)
	if at.record != nil {
		record, _ := header.ParseRecord(line) // the view's is the next line's soon
		at.record = &record
	}
	w.lines = append(w.lines, windowed{
		line: line, start: start, end: end, number: w.seen, offsets: at, from: from,
	})
	w.size += len(line)
	for len(w.lines) > w.max || w.size > maxWindowBytes && len(w.lines) > 1 {
		w.drop(0)
	}
}

// compact moves the text to where it began, once half of it is of lines that are
// gone.
func (w *window) compact() {
	gone := w.lines[0].start
	if gone <= len(w.text)/2 {
		return
	}
	w.text = w.text[:copy(w.text, w.text[gone:])]
	for i := range w.lines {
		w.lines[i].start -= gone
		w.lines[i].end -= gone
	}
}

// drop removes lines[i] but leaves its text.
func (w *window) drop(i int) {
	w.size -= len(w.lines[i].line)
	copy(w.lines[i:], w.lines[i+1:])
	w.lines[len(w.lines)-1] = windowed{}
	w.lines = w.lines[:len(w.lines)-1]
}

// from is the text from lines[i] on. It holds until the window changes.
func (w *window) from(i int) string {
	if i >= len(w.lines) {
		return ""
	}
	end := len(w.text)
	if !w.ended {
		end--
	}
	return asText(w.text[w.lines[i].start:end])
}

// span is a part of a text.
type span struct{ start, end int }

// touched are the indices of the lines, from first on, that belong to a match, which
// goes up to the last; match and skipped are parts of from(first).
func (w *window) touched(first int, match span, skipped []span) []int {
	var touched []int
	last := len(w.lines) - 1
	for i := first; i < last; i++ {
		one := span{w.lines[i].start - w.lines[first].start, w.lines[i].end - w.lines[first].start}
		if one.end > match.start && !one.within(skipped) {
			touched = append(touched, i)
		}
	}
	return append(touched, last)
}

// within says whether the line, with its end, is in one of spans.
func (s span) within(spans []span) bool {
	for _, other := range spans {
		if s.start >= other.start && s.end < other.end {
			return true
		}
	}
	return false
}

// textOf joins the messages of some of the lines.
func (w *window) textOf(indices []int) string {
	var b strings.Builder
	for n, i := range indices {
		if n > 0 {
			b.WriteByte('\n')
		}
		b.Write(w.text[w.lines[i].start:w.lines[i].end])
	}
	if w.ended {
		b.WriteByte('\n')
	}
	return b.String()
}

// take removes lines and returns them.
func (w *window) take(indices []int) []string {
	taken := make([]string, len(indices))
	for n, i := range indices {
		taken[n] = w.lines[i].line
	}
	kept := &window{max: w.max, ended: w.ended, seen: w.seen, dated: w.dated}
	for i, one := range w.lines {
		if len(indices) > 0 && i == indices[0] {
			indices = indices[1:]
			continue
		}
		start := len(kept.text)
		kept.text = append(kept.text, w.text[one.start:one.end+1]...)
		one.start, one.end = start, len(kept.text)-1
		kept.lines = append(kept.lines, one)
		kept.size += len(one.line)
	}
	*w = *kept
	return taken
}

// time is when line was: own is its own time. A line without one is as old as the one
// before, unless that was read long ago.
func (w *window) time(line *Line, own time.Time) time.Time {
	if !own.IsZero() {
		w.dated = own
		return own
	}
	if line.CatchUp || line.Read.Sub(w.dated) <= dateAge {
		return w.dated
	}
	return time.Time{}
}
