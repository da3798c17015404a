package header

import (
	"strings"
	"time"
	"unicode/utf8"

	"gaol/filter/jsonline"
)

// Record is what a container runtime wrote into its log: a line of the
// container's output, or a piece of one, in an envelope of its own.
type Record struct {
	// Time is when the runtime read the output.
	Time   time.Time
	Stream Stream
	// Partial says that the line goes on in the next record of the same stream.
	Partial bool
	// Text is the output as it stands in the record, without its line end, and At
	// where it stands there.
	Text string
	At   int
	// escaped says that Text is not the output but what JSON made of it.
	escaped bool
}

// Stream is one or several of a container's outputs.
type Stream uint8

const (
	Stdout Stream = 1 << iota
	Stderr
	NoStream   Stream = 0
	AllStreams        = Stdout | Stderr
)

// RecordDate names the dates of records as package logtime would.
const RecordDate = "%Y-%m-%dT%H:%M:%S.%f%z"

// jsonStart is what each record of Docker's begins with.
const jsonStart = `{"log":"`

// ParseRecord reads a line that a container runtime has written; it reports false for
// any other line. It takes time in proportion to the line's length and does not
// allocate. Known are Docker's json-file
// (docs.docker.com, logging drivers)
//
//	{"log":"text\n","stream":"stdout","attrs":{"tag":"x"},"time":"2026-03-10T21:31:23.899999999Z"}
//
// and the form of the Container Runtime Interface, which containerd, CRI-O and Podman
// write (kubelet reads it in kubernetes/cri-client/pkg/logs)
//
//	2026-03-10T21:31:23.899999999Z stdout F text
func ParseRecord(line string) (Record, bool) {
	switch {
	case !MayBeRecord(line):
		return Record{}, false
	case BeginsRecord(line):
		return parseJSON(line)
	}
	return parseCRI(line)
}

// MayBeRecord is false for nearly all lines that are no records, and costs nothing.
func MayBeRecord(line string) bool {
	return len(line) > len("2026-03-10T") && (line[0] == '{' || line[10] == 'T')
}

// BeginsRecord says that the line begins as a record of Docker's does. If it is none, its end
// is missing, and with it what stream it is of and whether it was a whole line.
func BeginsRecord(line string) bool { return strings.HasPrefix(line, jsonStart) }

func parseCRI(line string) (Record, bool) {
	date, rest, _ := strings.Cut(line, " ")
	if !strings.HasPrefix(rest, "std") {
		return Record{}, false // as nearly always
	}
	stream, rest, _ := strings.Cut(rest, " ")
	tags, text, _ := strings.Cut(rest, " ")
	r := Record{Stream: streamOf(stream), Text: text, At: len(line) - len(text)}
	// More tags may follow the first, behind colons.
	switch tag, _, _ := strings.Cut(tags, ":"); {
	case r.Stream == NoStream:
		return Record{}, false
	case tag == "P":
		r.Partial = true
	case tag != "F":
		return Record{}, false
	}
	var ok bool
	r.Time, ok = parseTime(date)
	return r, ok
}

func streamOf(name string) Stream {
	switch name {
	case "stdout":
		return Stdout
	case "stderr":
		return Stderr
	}
	return NoStream
}

func parseTime(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil
}

func parseJSON(line string) (Record, bool) {
	end, isText := jsonline.StringEnd(line, len(jsonStart))
	if end < 0 {
		return Record{}, false
	}
	r := Record{Text: line[len(jsonStart):end], At: len(jsonStart), Partial: true}
	rest, ok := strings.CutPrefix(line[end:], `","stream":"`)
	if !ok {
		return Record{}, false
	}
	stream, rest, _ := strings.Cut(rest, `"`)
	if r.Stream = streamOf(stream); r.Stream == NoStream {
		return Record{}, false
	}
	if attrs, ok := strings.CutPrefix(rest, `,"attrs":{`); ok {
		end := attrsEnd(attrs)
		if end < 0 {
			return Record{}, false
		}
		rest = attrs[end:]
	}
	date, ok := strings.CutPrefix(rest, `,"time":"`)
	if !ok {
		return Record{}, false
	}
	if date, ok = strings.CutSuffix(date, `"}`); !ok {
		return Record{}, false
	}
	if r.Time, ok = parseTime(date); !ok {
		return Record{}, false
	}
	if text, ok := cutEscape(r.Text, 'n', '\n'); ok {
		r.Partial = false
		r.Text, _ = cutEscape(text, 'r', '\r')
	}
	r.escaped = !isText && (strings.IndexByte(r.Text, '\\') >= 0 || !utf8.ValidString(r.Text))
	return r, true
}

// attrsEnd returns the end of the texts in an object, of which the bracket was
// read, -1 if there is anything else.
func attrsEnd(s string) int {
	if strings.HasPrefix(s, "}") {
		return 1
	}
	for i := 0; i < len(s) && s[i] == '"'; {
		end, _ := jsonline.StringEnd(s, i+1)
		if end < 0 || !strings.HasPrefix(s[end:], `":"`) {
			return -1
		}
		if end, _ = jsonline.StringEnd(s, end+len(`":"`)); end < 0 || end+1 >= len(s) {
			return -1
		}
		if s[end+1] == '}' {
			return end + 2
		}
		if s[end+1] != ',' {
			return -1
		}
		i = end + 2
	}
	return -1
}
