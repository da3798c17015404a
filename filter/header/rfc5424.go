package header

import "strings"

// bom may begin the message of RFC 5424 (section 6.4).
const bom = "\xef\xbb\xbf"

// parseRFC5424 reads "HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]" at
// text[i:] (RFC 5424 section 6).
func parseRFC5424(text string, i int) (Header, bool) {
	var words [4]string
	for n := range words {
		end := field(text, i)
		if end < 0 {
			return Header{}, false
		}
		words[n] = unlessNil(text[i:end])
		i = end + 1
	}
	i = structuredDataEnd(text, i)
	if i < 0 || i < len(text) && text[i] != ' ' {
		return Header{}, false
	}
	if i < len(text) {
		i++
		if strings.HasPrefix(text[i:], bom) {
			i += len(bom)
		}
	}
	return Header{Host: words[0], Daemon: words[1], PID: words[2], Message: i}, true
}

// unlessNil returns "" for RFC 5424's NILVALUE.
func unlessNil(word string) string {
	if word == "-" {
		return ""
	}
	return word
}

// structuredDataEnd returns the end of the structured data at text[i:], which
// is "-" or elements in square brackets. It returns -1 if it is neither.
func structuredDataEnd(text string, i int) int {
	if strings.HasPrefix(text[i:], "-") {
		return i + 1
	}
	start := i
	for i < len(text) && text[i] == '[' {
		if i = elementEnd(text, i+1); i < 0 {
			return -1
		}
	}
	if i == start {
		return -1
	}
	return i
}

// elementEnd returns the end of the element that opened before text[i:]. In the
// values' quotes, a bracket or a quote counts only without a backslash before
// it (RFC 5424 section 6.3.3).
func elementEnd(text string, i int) int {
	quoted := false
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			return i + 1
		}
	}
	return -1
}
