package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gaol/filter"
)

// entryFields are what journalctl is asked for; the cursor and the time of
// receipt always come. Their meaning: systemd.journal-fields(7).
const entryFields = "MESSAGE,SYSLOG_IDENTIFIER,_COMM,SYSLOG_PID,_PID,_HOSTNAME,_SOURCE_REALTIME_TIMESTAMP"

// entry is one record of journalctl's JSON output.
type entry struct {
	Cursor     string `json:"__CURSOR"`
	Received   field  `json:"__REALTIME_TIMESTAMP"`
	Written    field  `json:"_SOURCE_REALTIME_TIMESTAMP"`
	Message    field  `json:"MESSAGE"`
	Identifier field  `json:"SYSLOG_IDENTIFIER"`
	Comm       field  `json:"_COMM"`
	SyslogPID  field  `json:"SYSLOG_PID"`
	PID        field  `json:"_PID"`
	Hostname   field  `json:"_HOSTNAME"`
}

// field is the value of a journal field. In JSON it is a string, or an array of
// byte numbers if it is not printable text, or an array of all values if the
// record has several, or null (journal JSON format, systemd.io).
type field string

// UnmarshalJSON takes the first of several values.
func (f *field) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '[' {
		return json.Unmarshal(data, (*string)(f)) // null leaves it empty
	}
	var values []json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	if len(values) == 0 {
		return nil
	}
	if first := values[0]; first[0] == '"' || first[0] == '[' || first[0] == 'n' {
		return f.UnmarshalJSON(first)
	}
	text := make([]byte, 0, len(values))
	for _, v := range values {
		b, err := strconv.ParseUint(string(v), 10, 8)
		if err != nil {
			return fmt.Errorf("byte %q: %w", v, err)
		}
		text = append(text, byte(b))
	}
	*f = field(text)
	return nil
}

// errNoCursor says that a record cannot be one of journalctl's.
var errNoCursor = errors.New("no __CURSOR")

// parseEntry reads one line of journalctl's output.
func parseEntry(data []byte) (entry, error) {
	var e entry
	if err := json.Unmarshal(data, &e); err != nil {
		return entry{}, err
	}
	if e.Cursor == "" {
		return entry{}, errNoCursor
	}
	return e, nil
}

// text is the record as "HOST IDENT[PID]: MESSAGE", at most maxLine bytes of it, and then a mark.
func (e entry) text(maxLine int) (text string, cut bool) {
	var b strings.Builder
	b.WriteString(orDash(string(e.Hostname)))
	b.WriteByte(' ')
	ident := e.Identifier
	if ident == "" {
		ident = e.Comm
	}
	b.WriteString(orDash(string(ident)))
	pid := e.SyslogPID
	if pid == "" {
		pid = e.PID
	}
	if pid != "" {
		b.WriteByte('[')
		b.WriteString(string(pid))
		b.WriteByte(']')
	}
	b.WriteString(": ")
	b.WriteString(string(e.Message))
	text = b.String()
	// No field may begin a new line, whoever chose its text.
	if strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\n", `\n`)
	}
	if len(text) > maxLine {
		return text[:maxLine] + filter.CutMark, true
	}
	return text, false
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// line is the record on its way to the filters.
func (e entry) line(read, started time.Time, maxLine int) (l filter.Line, cut bool) {
	received := e.Received.time()
	l = filter.Line{
		Time:    e.Written.time(),
		Read:    read,
		CatchUp: received.Before(started),
		Source:  journalName,
	}
	if l.Time.IsZero() {
		l.Time = received
	}
	l.Text, cut = e.text(maxLine)
	return l, cut
}

// time reads microseconds since 1970; the zero time if it is something else.
func (f field) time() time.Time {
	us, err := strconv.ParseInt(string(f), 10, 64)
	if err != nil || us <= 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}
