package config

import (
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

// place says where in a file a value stands, and its parts below it. The TOML package
// tells the place of an error, but not of the keys it has read, and those are
// what most faults are about.
type place struct {
	line, column int // from 1, in bytes
	table        map[string]*place
	list         []*place
}

// child is the part of that name, made if need be.
func (p *place) child(name string, line, column int) *place {
	if p.table == nil {
		p.table = map[string]*place{}
	}
	c := p.table[name]
	if c == nil {
		c = &place{line: line, column: column}
		p.table[name] = c
	}
	return c
}

// last is the table that keys below p belong to: the newest of a list of tables.
func (p *place) last() *place {
	if len(p.list) > 0 {
		return p.list[len(p.list)-1]
	}
	return p
}

// deepest is how many lists and tables may stand in one another, and how many parts a
// key may have. The language needs five; the TOML package takes time in
// proportion to the cube of it, which a file of a few kilobytes could use to keep a daemon from starting.
const deepest = 32

// findPlaces reads the places of all keys and list members of text, by looking
// for where things begin and end. What it says of text that is no TOML means
// nothing, but up to the first fault it understands the same as the TOML package. tooDeep is the line where
// text is nested deeper than deepest, 0 for nowhere; nothing is read behind it.
func findPlaces(text string) (root *place, tooDeep int) {
	s := scanner{text: text}
	for i := range len(text) {
		if text[i] == '\n' {
			s.newlines = append(s.newlines, i)
		}
	}
	root = &place{line: 1, column: 1}
	table := root
	for s.skipBlank(); s.more(); s.skipBlank() {
		if s.peek() == '[' {
			table = s.header(root)
		} else {
			s.assignment(table)
		}
	}
	return root, s.tooDeep
}

// scanner walks over the text of a TOML file. It always moves on and ends.
type scanner struct {
	text     string
	pos      int
	newlines []int
	depth    int
	tooDeep  int
}

// enter goes one level down; it ends the scan where that is too deep.
func (s *scanner) enter(levels int) {
	s.depth += levels
	if s.depth > deepest && s.tooDeep == 0 {
		s.tooDeep, _ = s.here()
		s.pos = len(s.text)
	}
}

// tooLong says whether a key has more parts than it may, and ends the scan if so.
func (s *scanner) tooLong(parts int) bool {
	if parts <= deepest {
		return false
	}
	s.enter(parts)
	s.leave(parts)
	return true
}

func (s *scanner) leave(levels int) { s.depth -= levels }

func (s *scanner) more() bool { return s.pos < len(s.text) }

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.more() {
		return s.text[s.pos]
	}
	return 0
}

// take moves over b if it is next.
func (s *scanner) take(b byte) bool {
	if s.more() && s.text[s.pos] == b {
		s.pos++
		return true
	}
	return false
}

// here is the current line and column.
func (s *scanner) here() (line, column int) {
	n := sort.SearchInts(s.newlines, s.pos)
	if n == 0 {
		return 1, s.pos + 1
	}
	return n + 1, s.pos - s.newlines[n-1]
}

// skipBlank moves over blanks, line ends and comments.
func (s *scanner) skipBlank() {
	for s.more() {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '#':
			s.skipTo("\n")
		default:
			return
		}
	}
}

// skipTo moves to the next of the bytes in stop, or to the end.
func (s *scanner) skipTo(stop string) {
	if n := strings.IndexAny(s.text[s.pos:], stop); n >= 0 {
		s.pos += n
	} else {
		s.pos = len(s.text)
	}
}

// header reads [a.b] or [[a.b]] and gives the table that follows it.
func (s *scanner) header(root *place) *place {
	line, column := s.here()
	s.pos++
	many := s.take('[')
	table := root
	names := s.names(']')
	s.enter(len(names))
	s.leave(len(names))
	for i, name := range names {
		child := table.child(name, line, column)
		switch {
		case i < len(names)-1:
			table = child.last()
		case many:
			table = &place{line: line, column: column}
			child.list = append(child.list, table)
		default:
			child.line, child.column = line, column
			table = child
		}
	}
	s.take(']')
	if many {
		s.take(']')
	}
	return table
}

// assignment reads one "key = value" into table.
func (s *scanner) assignment(table *place) {
	start := s.pos
	line, column := s.here()
	names := s.names('=')
	s.take('=')
	for _, name := range names[:max(0, len(names)-1)] {
		table = table.child(name, line, column)
	}
	s.enter(len(names))
	value := s.value()
	s.leave(len(names))
	value.line, value.column = line, column
	if len(names) > 0 {
		if table.table == nil {
			table.table = map[string]*place{}
		}
		table.table[names[len(names)-1]] = value
	}
	if s.pos == start {
		s.pos++
	}
}

// names reads the parts of a dotted key, up to the byte end.
func (s *scanner) names(end byte) []string {
	var names []string
	for {
		s.skipBlank()
		if !s.more() || s.peek() == end {
			return names
		}
		start := s.pos
		switch s.peek() {
		case '"', '\'':
			s.skipString()
			names = append(names, unquote(s.text[start:s.pos]))
		default:
			s.skipTo(" \t\r\n.=]#")
			names = append(names, s.text[start:s.pos])
		}
		s.skipBlank()
		if !s.take('.') || s.tooLong(len(names)) {
			return names
		}
	}
}

// unquote reads a quoted key by TOML's own rules.
func unquote(quoted string) string {
	var v struct{ K string }
	if _, err := toml.Decode("K = "+quoted, &v); err != nil {
		return quoted
	}
	return v.K
}

// value reads a value and gives the places of its parts.
func (s *scanner) value() *place {
	s.skipBlank()
	p := &place{}
	p.line, p.column = s.here()
	switch s.peek() {
	case '"', '\'':
		s.skipString()
	case '[':
		s.pos++
		s.enter(1)
		for s.skipBlank(); s.more() && s.peek() != ']'; s.skipBlank() {
			start := s.pos
			p.list = append(p.list, s.value())
			s.separator(start)
		}
		s.leave(1)
		s.take(']')
	case '{':
		s.pos++
		for s.skipBlank(); s.more() && s.peek() != '}'; s.skipBlank() {
			start := s.pos
			s.assignment(p)
			s.separator(start)
		}
		s.take('}')
	default:
		s.skipTo(",]}#\n")
	}
	return p
}

// separator moves over the comma after a member that began at start; it moves in
// any case.
func (s *scanner) separator(start int) {
	s.skipBlank()
	if !s.take(',') && s.pos == start {
		s.pos++
	}
}

// skipString moves over a string of any of the four kinds.
func (s *scanner) skipString() {
	quote := s.text[s.pos : s.pos+1]
	if strings.HasPrefix(s.text[s.pos:], quote+quote+quote) {
		s.pos += 3
		s.skipPast(quote + quote + quote)
		// The closing quotes may have up to two more before them, which belong to the text.
		for range 2 {
			s.take(quote[0])
		}
		return
	}
	s.pos++
	s.skipPast(quote)
}

// skipPast moves behind end; in strings with escapes a backslash hides the byte after it.
func (s *scanner) skipPast(end string) {
	for s.more() {
		switch {
		case strings.HasPrefix(s.text[s.pos:], end):
			s.pos += len(end)
			return
		case s.text[s.pos] == '\\' && end[0] == '"':
			s.pos += 2
		default:
			s.pos++
		}
	}
	s.pos = min(s.pos, len(s.text))
}
