package filter

import (
	"slices"
	"strings"
	"time"
	"unsafe"

	"gaol/filter/header"
	"gaol/filter/logtime"
)

// view is what patterns see of a line: its message, or the line without its
// date.
type view struct {
	text string
	// daemon is false if the line is of none of the filter's daemons; header is
	// what was looked at for that, if hasHeader.
	daemon    bool
	header    header.Header
	hasHeader bool
	// date is zero and dated false for a line without a date of its own.
	date  logtime.Found
	dated bool
	offsets
}

// offsets say where text[i] of a view stands in the line: at i+base, and gap more
// from split on.
type offsets struct {
	base, split, gap int
}

// look makes v, which is empty, the view of line. Its text holds until w is used
// for the next line. Nothing is cut out of a line that is JSON, if the filter has rules for
// such; its date is looked for when it is wanted.
func (f *Filter) look(v *view, line *Line, dates *logtime.Finder, w *work) {
	v.text, v.split, v.daemon = line.Text, len(line.Text), true
	if f.json != nil && len(f.spec.Daemon) == 0 && line.Time.IsZero() && beginsObject(line.Text) {
		return
	}
	if line.Time.IsZero() {
		v.date, v.dated = dates.Find(line.Text, line.Read)
	}
	switch {
	case len(f.spec.Daemon) > 0:
		v.cutHeader(line.Text)
		v.daemon = v.hasHeader && slices.Contains(f.spec.Daemon, v.header.Daemon)
	case !line.Time.IsZero():
		v.cutHeader(line.Text)
	default:
		f.cutOwnDate(v, line.Text, w)
		if f.json != nil {
			v.cutStream()
		}
	}
}

// lookInside makes v, which is empty, the view of a text in a line.
func (f *Filter) lookInside(v *view, text string, now time.Time, dates *logtime.Finder, w *work) {
	v.text, v.split, v.daemon = text, len(text), true
	v.date, v.dated = dates.Find(text, now)
	f.cutOwnDate(v, text, w)
}

// cutStream leaves the object in what a container runtime of Kubernetes writes of a
// line of JSON: behind the date, the name of the stream and "F", as the line is whole
// (https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
func (v *view) cutStream() {
	for _, stream := range [...]string{"stdout F ", "stderr F "} {
		if object, ok := strings.CutPrefix(v.text, stream); ok && v.gap == 0 && v.dated && beginsObject(object) {
			v.text, v.base = object, v.base+len(stream)
			return
		}
	}
}

// cutOwnDate leaves text without the date that was found in it.
func (f *Filter) cutOwnDate(v *view, text string, w *work) {
	if v.dated && (len(f.spec.Datepattern) > 0 || standsApart(text, v.date)) {
		v.cutDate(text, w)
	}
}

// cutHeader leaves the message.
func (v *view) cutHeader(line string) {
	v.header, v.hasHeader = header.Parse(line, v.date.Start, v.date.End)
	if v.hasHeader {
		v.text, v.base = line[v.header.Message:], v.header.Message
	}
}

const blanks = " \t"

// cutDate leaves the line without its date. At the line's start the blanks behind
// the date go as well, so that a pattern can begin with what comes next.
func (v *view) cutDate(line string, w *work) {
	head, tail := line[:v.date.Start], line[v.date.End:]
	if strings.Trim(head, blanks) == "" {
		v.text = strings.TrimLeft(tail, blanks)
		v.base = len(line) - len(v.text)
		return
	}
	w.joined = append(append(w.joined[:0], head...), tail...)
	v.text = unsafe.String(unsafe.SliceData(w.joined), len(w.joined))
	v.split, v.gap = len(head), v.date.End-v.date.Start
}

// standsApart says that no word touches the date. If one does, date and word are
// left as they are, which makes sure that cutting joins no words: whether a line
// can match is decided before anybody knows where its date is (see candidates).
func standsApart(line string, date logtime.Found) bool {
	return (date.Start == 0 || !wordByte(line[date.Start-1])) && (date.End == len(line) || !wordByte(line[date.End]))
}

// inLine is where text[i] stands in the line.
func (o offsets) inLine(i int) int {
	if i >= o.split {
		i += o.gap
	}
	return i + o.base
}

// time is the line's own time, zero if it has none.
func (v *view) time(line *Line) time.Time {
	if !line.Time.IsZero() {
		return line.Time
	}
	return v.date.Time
}
