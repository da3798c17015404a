package header

import "strings"

// Header is what precedes the message. Its texts are substrings of the line.
type Header struct {
	// Host is the machine that wrote the line, "" where the line names none.
	Host string
	// Daemon is the syslog tag, the journal's identifier or the APP-NAME of RFC
	// 5424, as it was written but without the process id: "sshd",
	// "postfix/smtpd", "sshd(pam_unix)". It is "" only for RFC 5424's "-".
	Daemon string
	// PID is the process id as it was written, "" where there is none.
	PID string
	// Message is the offset of the message in the line, len(text) if it is
	// empty.
	Message int
}

// Parse reads the header of text. dateStart and dateEnd delimit the date that
// package logtime found, text[dateStart:dateEnd]; both 0 say that there is none,
// as in what the journal gives. It reports false for a line without a header:
// then all of it is message. It does not allocate.
func Parse(text string, dateStart, dateEnd int) (Header, bool) {
	if dateStart < 0 || dateEnd < dateStart || dateEnd > len(text) {
		return Header{}, false
	}
	at, version := skipPriority(text)
	if dateEnd == 0 {
		// RFC 5424 has "-" for an unknown time.
		if version && strings.HasPrefix(text[at:], "- ") {
			return parseRFC5424(text, at+len("- "))
		}
		return parseTagged(text, 0, true)
	}
	if dateStart != 0 && dateStart != at || dateEnd >= len(text) || text[dateEnd] != ' ' {
		return Header{}, false
	}
	if version && dateStart == at {
		return parseRFC5424(text, dateEnd+1)
	}
	return parseTagged(text, dateEnd+1, false)
}

// skipPriority returns where the date stands in a line that begins with "<34>",
// and whether RFC 5424's "1 " follows that. It returns 0 for other lines.
func skipPriority(text string) (at int, version bool) {
	if !strings.HasPrefix(text, "<") {
		return 0, false
	}
	at = 1
	for at < len(text) && at <= 3 && digit(text[at]) {
		at++
	}
	if at == 1 || at == len(text) || text[at] != '>' {
		return 0, false
	}
	at++
	if strings.HasPrefix(text[at:], "1 ") {
		return at + 2, true
	}
	return at, false
}

// field returns the end of the word at text[i:], -1 if a blank does not follow.
// The words of a header are not empty and hold no control characters.
func field(text string, i int) int {
	for k := i; k < len(text); k++ {
		switch c := text[k]; {
		case c == ' ' && k > i:
			return k
		case c <= ' ' || c == 0x7f:
			return -1
		}
	}
	return -1
}

func digit(c byte) bool { return c-'0' <= 9 }
