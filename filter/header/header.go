// Package header reads what precedes the message in syslog and journal lines.
package header

import "strings"

// Header is what precedes the message of a line. All of it are substrings of the line.
type Header struct {
	// Host is the machine that wrote the line, "" where the form has none.
	Host string
	// Daemon is the syslog tag or journal identifier, without the process id.
	Daemon string
	// PID is the process id as it was written, "" where there is none.
	PID string
	// Message is the offset of the message in the line.
	Message int
}

// Parse reads the header of text. dateStart and dateEnd are the span in which
// package logtime found the date; both 0: the line has none, as text from the
// journal, "HOST IDENT[PID]: MESSAGE". It reports false for a line that has no header.
func Parse(text string, dateStart, dateEnd int) (Header, bool) {
	rest := text[dateEnd:]
	if dateEnd > 0 {
		rest = strings.TrimPrefix(rest, " ")
	}
	host, rest, ok := strings.Cut(rest, " ")
	if !ok || host == "" || dateStart != 0 {
		return Header{}, false
	}
	tag, message, ok := strings.Cut(rest, ": ")
	if !ok || tag == "" || strings.ContainsAny(tag, " ") {
		return Header{}, false
	}
	name, pid, _ := strings.Cut(strings.TrimSuffix(tag, "]"), "[")
	return Header{Host: host, Daemon: name, PID: pid, Message: len(text) - len(message)}, true
}
