package header

import "strings"

// parseTagged reads "HOST TAG[PID]: MESSAGE" at text[i:]. Without needHost the
// host may be missing, as with journalctl --no-hostname and in lines that a
// process writes to the syslog socket itself.
func parseTagged(text string, i int, needHost bool) (Header, bool) {
	end := field(text, i)
	if !needHost && (end < 0 || text[end-1] == ':') {
		return parseTag(text, i, Header{})
	}
	if end < 0 {
		return Header{}, false
	}
	h := Header{Host: text[i:end]}
	i = end + 1
	if tagged, ok := parseTag(text, i, h); ok {
		return tagged, true
	}
	if end = field(text, i); end >= 0 && priorityName(text[i:end]) {
		return parseTag(text, end+1, h)
	}
	return Header{}, false
}

// parseTag reads "TAG[PID]: MESSAGE" at text[i:].
func parseTag(text string, i int, h Header) (Header, bool) {
	k := i
	for k < len(text) && tagChar(text[k]) {
		k++
	}
	if k == i || k == len(text) {
		return Header{}, false
	}
	h.Daemon = text[i:k]
	if text[k] == '[' {
		end := pidEnd(text, k+1)
		if end < 0 {
			return Header{}, false
		}
		h.PID = text[k+1 : end]
		k = end + 1
	}
	// Syslog writes a blank behind the colon. Without one this is no tag but
	// text: an address, a time.
	if k >= len(text) || text[k] != ':' || k+1 < len(text) && text[k+1] != ' ' {
		return Header{}, false
	}
	h.Message = min(k+2, len(text))
	if h.Daemon == "kernel" {
		h.Message = skipUptime(text, h.Message)
	}
	return h, true
}

// tagChar says whether a tag may hold c. It ends at the first other one.
func tagChar(c byte) bool {
	return c > ' ' && c != 0x7f && c != ':' && c != '[' && c != ']'
}

// pidEnd returns the index of the bracket that ends the process id at text[i:],
// or -1.
func pidEnd(text string, i int) int {
	k := i
	for k < len(text) && tagChar(text[k]) {
		k++
	}
	if k == i || k == len(text) || text[k] != ']' {
		return -1
	}
	return k
}

// skipUptime skips the seconds since boot that the kernel puts before a message:
// "[   12.345678] ".
func skipUptime(text string, i int) int {
	k := i
	if k == len(text) || text[k] != '[' {
		return i
	}
	for k++; k < len(text) && text[k] == ' '; k++ {
	}
	seconds := k
	for k < len(text) && digit(text[k]) {
		k++
	}
	if k == seconds || k == len(text) || text[k] != '.' {
		return i
	}
	point := k
	for k++; k < len(text) && digit(text[k]); k++ {
	}
	if k == point+1 || k == len(text) || text[k] != ']' {
		return i
	}
	if k++; k < len(text) && text[k] == ' ' {
		k++
	}
	return k
}

// priorityName says whether word is a facility and a level, "auth.info", which
// BusyBox's syslogd writes between host and tag.
func priorityName(word string) bool {
	facility, level, ok := strings.Cut(word, ".")
	if !ok {
		return false
	}
	switch level {
	case "emerg", "alert", "crit", "err", "warn", "warning", "notice", "info", "debug":
	default:
		return false
	}
	switch facility {
	case "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7":
		return true
	}
	return false
}
