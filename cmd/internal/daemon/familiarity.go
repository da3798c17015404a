package daemon

import (
	"fmt"
	"time"

	"gaol/filter"
	"gaol/filter/header"
)

const (
	// A log is strange that has grown by so many lines over so long, and the filter knew none of those it
	// looked at. Services that are upgraded change what they write, and programs that write logs
	// for them in what form; a quiet night is no change.
	strangeLines = 100
	strangeAfter = time.Hour
	// assured is how long a log is taken for understood after a line that was: to look at lines costs
	// more than to see that they are no failures.
	assured = time.Minute
	// looks is how many lines of a batch are looked at. A batch that is larger is of a busy log.
	looks = 20
)

// familiarity says whether a filter still understands a log: failures, or what a healthy log
// contains, must come by now and then while it grows.
type familiarity struct {
	// watchful is false for a filter that does not know what a healthy log contains.
	watchful bool
	// known is when a line was last known, zero: never.
	known time.Time
	// strange lines have been looked at since, the first and the last of them read at since and until.
	strange      int
	since, until time.Time
}

// see looks at some of the lines that were read, of which one was a failure or a success if matched.
func (f *familiarity) see(m *filter.Matcher, lines []filter.Line, matched bool) {
	if !f.watchful {
		return
	}
	now := lines[len(lines)-1].Read
	if matched {
		f.knows(now)
		return
	}
	if !f.known.IsZero() && now.Sub(f.known) < assured {
		return
	}
	for i := 0; i < len(lines); i += 1 + len(lines)/looks {
		switch sight := m.Sight(lines[i]); {
		case sight == filter.Known:
			f.knows(now)
			return
		case sight == filter.Strange && !f.ofAnotherContainer(lines[i]):
			f.wonder(now)
		}
	}
}

// ofAnotherContainer says that a line may be of another container than the service's: a pattern for
// the logs of all of them leads to those as well. Which are the service's, failures and what is known of it tell.
func (f *familiarity) ofAnotherContainer(line filter.Line) bool {
	if !f.known.IsZero() {
		return false
	}
	_, record := header.ParseRecord(line.Text)
	return record
}

func (f *familiarity) knows(now time.Time) { *f = familiarity{watchful: true, known: now} }

func (f *familiarity) wonder(now time.Time) {
	if f.strange == 0 {
		f.since = now
	}
	f.strange++
	f.until = now
}

// problem says for how long the log has been strange; "": it is not.
func (f *familiarity) problem() string {
	if f.strange < strangeLines || f.until.Sub(f.since) < strangeAfter {
		return ""
	}
	return fmt.Sprintf("since %s it grows, and has neither failures nor any other line that the filter knows: its format may have changed, or it is another program's",
		f.since.Format("2006-01-02 15:04"))
}

// strangeProblems has the logs that the jail's filter does not understand any more.
func strangeProblems(c *cell) map[string]string {
	texts := map[string]string{}
	for source, t := range c.sources() {
		text := t.strangeness()
		if text == "" {
			continue
		}
		texts[source] = source + ": " + text
		if c.conf.FilterName != "" { // else it has no name to try it by
			texts[source] += fmt.Sprintf(": look at it with %q", "gaol regex --missed "+source+" "+filterText(c.conf))
		}
	}
	return texts
}
