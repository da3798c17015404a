package source

import (
	"strings"

	"gaol/filter"
)

// enoughToCut is how much of a line of more than maxLine bytes must be there for appendLines
// to see that it is: of a carriage return at the end nobody knows whether the line's end follows.
func enoughToCut(maxLine int) int { return maxLine + 2 }

// appendLines cuts block into lines and appends them to dst, each a copy of
// like with its text. A block ends behind a line end, or with a last line
// that has none. It returns how many lines were longer than maxLine and cut, which they
// show (see [filter.CutMark]).
func appendLines(dst []filter.Line, block string, like filter.Line, maxLine int) (lines []filter.Line, cut int) {
	if dst == nil {
		dst = make([]filter.Line, 0, strings.Count(block, "\n")+1)
	}
	for len(block) > 0 {
		end := strings.IndexByte(block, '\n')
		text := block
		if end < 0 {
			block = ""
		} else {
			text, block = block[:end], block[end+1:]
		}
		long := false
		if like.Text, long = lineOf(text, maxLine); long {
			cut++
		}
		dst = append(dst, like)
	}
	return dst, cut
}

// lineOf is the line of text, which has no line feed, and whether it was longer than maxLine.
func lineOf(text string, maxLine int) (line string, cut bool) {
	if len(text) > 0 && (text[len(text)-1] == '\r' || text[0] == 0) {
		text = trimLine(text)
	}
	if len(text) > maxLine {
		return text[:maxLine] + filter.CutMark, true
	}
	return text, false
}

// trimLine takes off one carriage return behind a line and the NUL bytes
// before it: a writer that does not open its log with O_APPEND leaves a hole
// in front of its next line when the log is truncated.
func trimLine(text string) string {
	return strings.TrimLeft(strings.TrimSuffix(text, "\r"), "\x00")
}
