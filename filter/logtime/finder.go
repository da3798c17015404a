package logtime

import "time"

// Options say which dates a [Finder] looks for.
type Options struct {
	// Location is the zone of dates that name none. Nil: time.Local.
	Location *time.Location
	// Patterns are forms of dates in strptime codes and RE2 syntax, most
	// preferred first (see [New]). None: the usual forms.
	Patterns []string
}

// Found is a date in a line.
type Found struct {
	// Time is the moment the date names, in Options.Location.
	Time time.Time
	// Start and End delimit what is to be cut from the line, text[Start:End].
	Start, End int
	// Template names the form in strptime codes, as "%Y-%m-%d %H:%M:%S,%f" or
	// EPOCH; for a date found by one of Options.Patterns it is that pattern.
	Template string
}

// Finder finds dates. It remembers what fitted last, which makes it fast and
// settles which of day and month stands first where that is open. Use one for
// each stream of lines, and not from several goroutines at once.
type Finder struct {
	anchored []template // tied to the line's start
	inside   []template
	clock    clock
	names    names
	date     date // what the templates read into
	best     date
}

// template finds dates of one form, or of several.
type template interface {
	// find reads the date that this template prefers into d, of which nothing
	// can be said if it reports false.
	find(s string, d *date) bool
	// name is what [Found] calls the date's form.
	name(d *date, n *names) string
	// anchored says that dates are found only where the line begins.
	anchored() bool
}

// New makes a Finder.
//
// A pattern is text with codes: %Y %y %m %d %b %B %a %A %j %H %k %I %l %p %M %S
// %f %z %Z %U %W %w, %% for a percent sign, and %Ex before Y y m d H k l M S z
// Z for the strict sort, with all its digits. Everything else is RE2 syntax.
// Where a pattern neither begins with ^ nor ends with $, \b or \s, its match
// must not begin or end inside a word; ** at an end or {UNB} in front lift
// that. {^LN-BEG} in front ties it to the line's start, behind at most two
// characters that belong to no word. {DATE} inside stands for each usual form,
// {EPOCH} for seconds since 1970, {LEPOCH} also for milli-, micro- and
// nanoseconds. A pattern with its own capturing group has the first group cut
// out of the line, any other all that it matched.
//
// The words EPOCH, LEPOCH and TAI64N are patterns too, with ^ or {^LN-BEG} in
// front if wanted. {DEFAULT} alone or beside others adds the usual forms,
// {^LN-BEG} alone those at the line's start; with {NONE} alone no line has a
// date.
//
// An error is a [*PatternError].
func New(opts Options) (*Finder, error) {
	f := &Finder{clock: clock{location: opts.Location}}
	if f.clock.location == nil {
		f.clock.location = time.Local
	}
	if len(opts.Patterns) == 0 {
		f.add(&usualAtStart{}, &usualInside{})
	}
	for _, pattern := range opts.Patterns {
		templates, err := compile(pattern)
		if err != nil {
			return nil, err
		}
		f.add(templates...)
	}
	return f, nil
}

func (f *Finder) add(templates ...template) {
	for _, t := range templates {
		if t.anchored() {
			f.anchored = append(f.anchored, t)
		} else {
			f.inside = append(f.inside, t)
		}
	}
}

// Find finds the date of text. now serves only to guess what the date leaves
// out, its year or its day. It reports false for a line without a date.
func (f *Finder) Find(text string, now time.Time) (Found, bool) {
	t := f.atStart(text)
	if t == nil {
		t = f.within(text)
	}
	if t == nil || f.date.have&haveDoubt != 0 {
		return Found{}, false
	}
	when, ok := f.clock.time(&f.date, now)
	if !ok {
		return Found{}, false
	}
	return Found{Time: when, Start: f.date.start, End: f.date.end, Template: t.name(&f.date, &f.names)}, true
}

// atStart leaves the date at the line's start in f.date. It returns the template
// that found it, the first that does, or nil.
func (f *Finder) atStart(text string) template {
	for _, t := range f.anchored {
		if t.find(text, &f.date) {
			return t
		}
	}
	return nil
}

// within leaves the leftmost date in f.date.
func (f *Finder) within(text string) template {
	if len(f.inside) == 1 { // as usual: nothing to copy
		if f.inside[0].find(text, &f.date) {
			return f.inside[0]
		}
		return nil
	}
	var best template
	for _, t := range f.inside {
		if t.find(text, &f.date) && (best == nil || f.date.start < f.best.start) {
			best = t
			f.best = f.date
		}
	}
	f.date = f.best
	return best
}
