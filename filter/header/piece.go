package header

import "strings"

// Piece says of which stream a record is and whether its line goes on in the next one, as
// [ParseRecord] does, but by its form alone: whether text and date are sound is not
// looked at. It is for the many records of which nothing else is asked.
func Piece(line string) (stream Stream, partial, ok bool) {
	switch {
	case !MayBeRecord(line):
		return NoStream, false, false
	case BeginsRecord(line):
		return jsonPiece(line[len(jsonStart):])
	}
	_, rest, _ := strings.Cut(line, " ")
	return criPiece(rest)
}

func criPiece(rest string) (stream Stream, partial, ok bool) {
	const name = "stdout " // as long as the other one
	if len(rest) <= len(name) || rest[:3] != "std" {
		return NoStream, false, false
	}
	stream, tag := streamOf(rest[:len(name)-1]), rest[len(name)]
	if len(rest) > len(name)+1 && rest[len(name)+1] != ' ' && rest[len(name)+1] != ':' {
		return NoStream, false, false
	}
	return stream, tag == 'P', stream != NoStream && rest[len(name)-1] == ' ' && (tag == 'P' || tag == 'F')
}

// jsonPiece is given what follows the quote that opens the text.
func jsonPiece(rest string) (stream Stream, partial, ok bool) {
	const between = `","stream":"`
	end := 0
	for {
		n := strings.IndexByte(rest[end:], '"')
		if n < 0 {
			return NoStream, false, false
		}
		end += n
		if backslashes(rest[:end])%2 == 0 {
			break
		}
		end++
	}
	if !strings.HasPrefix(rest[end:], between) || !strings.HasSuffix(rest, `"}`) {
		return NoStream, false, false
	}
	name, _, _ := strings.Cut(rest[end+len(between):], `"`)
	_, whole := cutEscape(rest[:end], 'n', '\n')
	stream = streamOf(name)
	return stream, !whole, stream != NoStream
}
