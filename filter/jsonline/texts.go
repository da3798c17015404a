package jsonline

// Span is where the inside of a string stands, line[Start:End].
type Span struct{ Start, End int }

// Strings returns the strings of a line that are values, not keys, in their
// order. The line must be one that a [Reader] found to be fine.
func Strings(line string) []Span {
	s := scanner{text: line}
	var all []Span
	for i := 0; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		end, _ := s.str(i)
		if s.at(s.blanks(end)) != ':' {
			all = append(all, Span{i + 1, end - 1})
		}
		i = end - 1
	}
	return all
}
