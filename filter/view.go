package filter

import (
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
	// what was looked at for that, if hasHeader. foreign says that the line has what looks like another
	// daemon's, of a filter that also takes lines without any.
	daemon    bool
	foreign   bool
	header    header.Header
	hasHeader bool
	// date is zero and dated false for a line without a date of its own.
	date  logtime.Found
	dated bool
	// message is what the line says, all of it if there is no record.
	message string
	offsets
}

// offsets say where text[i] of a view stands in the line: in message at i+base, and gap more
// from split on.
type offsets struct {
	// record is what a container's runtime wrote around message; nil: nothing.
	record           *header.Record
	base, split, gap int
}

// look makes v, which is empty, the view of line. Its text holds until w is used
// for the next line. Nothing is cut out of a line that is JSON, if the filter has rules for
// such; its date is looked for when it is wanted.
func (f *Filter) look(v *view, line *Line, dates *logtime.Finder, w *work) {
	if f.spec.Fail2ban {
		f.lookAsFail2ban(v, line, dates, w)
		return
	}
	v.message, v.daemon = line.Text, true
	if line.Time.IsZero() && header.MayBeRecord(line.Text) {
		v.unwrap(line.Text, w)
	}
	v.text, v.split = v.message, len(v.message)
	if f.json != nil && f.bare && line.Time.IsZero() && beginsObject(v.message) {
		return
	}
	if line.Time.IsZero() {
		v.date, v.dated = dates.Find(v.message, line.Read)
	}
	if f.bare {
		f.lookBare(v, line, dates, w)
		return
	}
	v.cutHeader()
	v.daemon = v.hasHeader && f.daemons.have(v.header.Daemon)
}

// lookBare goes on for a filter whose service also writes lines without a header. Where it has one,
// from the journal, of a container or by one of the filter's daemons, the message behind it is what the service would have written to
// a file: it may bear a date of its own.
func (f *Filter) lookBare(v *view, line *Line, dates *logtime.Finder, w *work) {
	journal := !line.Time.IsZero()
	ownDate, ownDated := v.date, v.dated
	switch {
	case !journal && len(f.daemons) == 0:
	case !journal && len(f.spec.Datepattern) > 0: // which is for the service's own dates
		if v.date, v.dated = f.headerDate(v.message, line.Read, w); v.dated {
			v.cutHeader()
		}
	default:
		v.cutHeader()
	}
	if v.hasHeader && !journal && !f.daemons.have(v.header.Daemon) && !isContainer(v.header.Daemon) {
		v.hasHeader, v.foreign = false, true
		v.text, v.base = v.message, 0
	}
	switch {
	case !v.hasHeader:
		v.date, v.dated = ownDate, ownDated
	case f.json == nil || !beginsObject(v.text):
		ownDate, ownDated = dates.Find(v.text, line.Read)
	default:
		return
	}
	if ownDated {
		f.cutDate(v, ownDate, w)
	}
}

// headerDate finds the date of a header, which is in one of the usual forms.
func (f *Filter) headerDate(message string, now time.Time, w *work) (logtime.Found, bool) {
	if w.usual == nil {
		w.usual = newFinder(logtime.Options{Location: f.dates.Location})
	}
	return w.usual.Find(message, now)
}

// lookInside makes v, which is empty, the view of a text in a line.
func (f *Filter) lookInside(v *view, text string, now time.Time, dates *logtime.Finder, w *work) {
	v.message, v.text, v.split, v.daemon = text, text, len(text), true
	if v.date, v.dated = dates.Find(text, now); v.dated {
		f.cutDate(v, v.date, w)
	}
}

// cutDate leaves the text without a date that was found in it, if that is to be cut out. A day of one digit may have a
// blank before it, which stays.
func (f *Filter) cutDate(v *view, date logtime.Found, w *work) {
	for date.Start < date.End && strings.IndexByte(blanks, v.text[date.Start]) >= 0 {
		date.Start++
	}
	if f.cuts(v.text, date) {
		v.cut(date, w)
	}
}

// cuts says whether a date that was found in text is to be cut out of it.
func (f *Filter) cuts(text string, date logtime.Found) bool {
	return f.spec.Fail2ban && len(f.spec.Datepattern) > 0 || standsApart(text, date)
}

// asText is buf as text, which holds until buf is written to.
func asText(buf []byte) string { return unsafe.String(unsafe.SliceData(buf), len(buf)) }

// unwrap leaves what the container wrote, if a container did.
func (v *view) unwrap(line string, w *work) {
	var ok bool
	if w.record, ok = header.ParseRecord(line); !ok {
		return
	}
	v.record = &w.record
	if v.record.Plain() && !v.record.Partial {
		v.message = v.record.Text
		return
	}
	w.output = v.record.AppendText(w.output[:0])
	if v.record.Partial {
		w.output = append(w.output, CutMark...)
	}
	v.message = asText(w.output)
}

// cutHeader leaves the message.
func (v *view) cutHeader() {
	v.header, v.hasHeader = header.Parse(v.message, v.date.Start, v.date.End)
	if v.hasHeader {
		v.text, v.base = v.message[v.header.Message:], v.header.Message
	}
}

const blanks = " \t"

// cut leaves the text without a date in it. At the text's start the blanks behind
// the date go as well, so that a pattern can begin with what comes next.
func (v *view) cut(date logtime.Found, w *work) {
	head, tail := v.text[:date.Start], v.text[date.End:]
	if strings.Trim(head, blanks) == "" {
		v.base += len(v.text) - len(strings.TrimLeft(tail, blanks))
		v.text = strings.TrimLeft(tail, blanks)
		return
	}
	w.joined = append(append(w.joined[:0], head...), tail...)
	v.text = asText(w.joined)
	v.split, v.gap = len(head), date.End-date.Start
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
	i += o.base
	if o.record != nil {
		return o.record.Place(i)
	}
	return i
}

// time is the line's own time, zero if it has none.
func (v *view) time(line *Line) time.Time {
	if !line.Time.IsZero() {
		return line.Time
	}
	if v.record != nil {
		return v.record.Time
	}
	return v.date.Time
}

// template names the form of that time.
func (v *view) template() string {
	if v.record != nil {
		return header.RecordDate
	}
	return v.date.Template
}
