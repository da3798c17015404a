package filter

import (
	"strings"

	"gaol/filter/header"
)

// A container runtime splits long lines into several records (see package
// header). Where it does so a client may choose, with a name that is long enough,
// and so what the next record begins with. What goes on in the next record is no
// line's end (see [CutMark]), and what goes on from the one before no line's
// beginning: a record is not looked at if that of the same stream before it was
// partial.

// streams says how records stand to those before them.
type streams struct {
	// known are the streams that have had a record, or whose state is clear since
	// a line that is no record; open are those of them whose last was partial.
	known, open header.Stream
}

// pass takes in the next line, and returns the streams it may be the continuation of:
// those that were open for certain, and those that nothing is known of yet. Both
// are none for a line that is no record.
func (s *streams) pass(line string) (continues, unknown header.Stream) {
	if !header.MayBeRecord(line) && !header.BeginsRecord(line) {
		s.known, s.open = header.AllStreams, header.NoStream
		return 0, 0
	}
	stream, partial, ok := header.Piece(line)
	if !ok {
		// A record whose end was cut off may have been of any stream, and partial.
		s.known, s.open = header.AllStreams, header.NoStream
		if header.BeginsRecord(line) {
			s.open = header.AllStreams
		}
		return 0, 0
	}
	continues, unknown = s.open&stream, stream&^s.known
	s.known |= stream
	s.open &^= stream
	if partial {
		s.open |= stream
	}
	return continues, unknown
}

// pass takes in the next line, and says whether it goes on from the one before it.
func (m *Matcher) pass(line *Line) bool {
	if !line.Time.IsZero() {
		return false
	}
	s := streams{known: header.AllStreams, open: m.open}
	continues, _ := s.pass(line.Text)
	m.open = s.open
	return continues != 0
}

// Passed tells the matcher that the block has been looked through, so that it knows
// what goes on in the next.
func (m *Matcher) Passed(block string) { m.open = openBehind(block, m.open) }

// Resume tells the matcher that another one, of whatever filter, has looked through
// what came before, so that it knows what goes on from there.
func (m *Matcher) Resume(before *Matcher) { m.open = before.open }

// behind is what s is behind lines of which only now is known what stood before
// them.
func (s streams) behind(before header.Stream) header.Stream {
	return s.open | before&^s.known
}

// continued says whether the last line of text continues the one of its stream before
// it. open are the streams that are open where text begins. Lines that are no
// records are told apart at once, and of the others no more are looked at than there are
// up to the last of the same stream: so those between are looked at once for each
// stream.
func continued(text, line string, open header.Stream) bool {
	stream, _, ok := header.Piece(line)
	if !ok {
		return false
	}
	for text != "" {
		var before string
		text, before = cutLine(text)
		other, partial, ok := header.Piece(before)
		switch {
		case !ok:
			return header.BeginsRecord(before)
		case other == stream:
			return partial
		}
	}
	return open&stream != 0
}

// openBehind returns the streams that are open behind text, where open are where it
// begins.
func openBehind(text string, open header.Stream) header.Stream {
	var s streams
	for text != "" && s.known != header.AllStreams {
		var last string
		text, last = cutLine(text)
		stream, partial, ok := header.Piece(last)
		if !ok {
			if header.BeginsRecord(last) {
				s.open |= header.AllStreams &^ s.known
			}
			s.known = header.AllStreams
			break
		}
		if partial {
			s.open |= stream &^ s.known
		}
		s.known |= stream
	}
	return s.behind(open)
}

// cutLine cuts the last line off text, as a source hands it over.
func cutLine(text string) (before, last string) {
	text = strings.TrimSuffix(text, "\n")
	start := strings.LastIndexByte(text, '\n') + 1
	last = strings.TrimLeft(strings.TrimSuffix(text[start:], "\r"), "\x00")
	return text[:start], last[:min(len(last), MaxLine)]
}
