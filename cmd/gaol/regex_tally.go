package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gaol/filter"
	"gaol/jail/source"
)

const (
	// maxShown missed lines are shown when all are not asked for; with more
	// of them, none is.
	maxShown = 20
	// maxExplained missed lines are asked why; that costs far more than matching.
	maxExplained = 20
	// maxDated missed lines are dated, though that decides nothing: a log of a few
	// lines shows the form of each. In a large one it would cost more than all
	// the matching, and say nothing new.
	maxDated = 10_000
)

// regexReport is the document of "gaol regex --json".
type regexReport struct {
	Lines       int64         `json:"lines"`
	Ignored     int64         `json:"ignored"`
	Matched     int64         `json:"matched"`
	Missed      int64         `json:"missed"`
	Seconds     float64       `json:"seconds"`
	Failregex   []patternHits `json:"failregex"`
	Ignoreregex []patternHits `json:"ignoreregex"`
	Dates       []dateHits    `json:"dates"`
	// Failures and MissedLines are nil, and left out, unless asked for.
	Failures    []failureEntry `json:"failures,omitzero"`
	MissedLines []missedEntry  `json:"missed_lines,omitzero"`
	// Problems says which patterns took too many steps; nil, and left out, for none.
	Problems []string `json:"problems,omitzero"`
}

// patternHits says how many lines a pattern matched.
type patternHits struct {
	Pattern string `json:"pattern"`
	Hits    int64  `json:"hits"`
}

// dateHits says how many lines bear a date of one form.
type dateHits struct {
	Template string `json:"template"`
	Hits     int64  `json:"hits"`
}

// failureEntry is one failure; Line counts from 1, Regex is the index of the failregex.
type failureEntry struct {
	Line  int64     `json:"line"`
	Time  time.Time `json:"time"`
	Host  string    `json:"host"`
	ID    string    `json:"id"`
	User  string    `json:"user"`
	Regex int       `json:"regex"`
}

// missedEntry is one missed line; Line counts from 1.
type missedEntry struct {
	Line int64  `json:"line"`
	Text string `json:"text"`
	// reason is why it was missed, "" if that was not asked.
	reason string
}

// tally hands lines to a filter and counts what comes of them.
type tally struct {
	filter      *filter.Filter
	matcher     *filter.Matcher
	keep        struct{ failures, missed bool }
	lines       int64
	ignored     int64
	matched     int64
	failregex   []int64
	ignoreregex []int64
	dates       []dateHits
	// undated is the number of missed lines whose date was not looked for.
	undated  int64
	failures []failureEntry
	// missed are kept to be shown: all of them if asked for, else one more than
	// shown, which has room for those that a match over several lines may yet claim.
	// explained is how many of them were asked why they were missed.
	missed    []missedEntry
	shown     int
	explained int
}

func newTally(f *filter.Filter, failures, missed bool) *tally {
	t := &tally{
		filter:      f,
		matcher:     f.NewMatcher(),
		failregex:   make([]int64, len(f.Failregex())),
		ignoreregex: make([]int64, len(f.Ignoreregex())),
		shown:       maxShown + f.Spec().MaxLines,
	}
	t.matcher.Borrow() // entry copies what is kept
	t.keep.failures, t.keep.missed = failures, missed
	return t
}

// addBlock hands over the next lines. Where nothing is wanted of missed lines but
// their number, those that cannot match are only counted.
func (t *tally) addBlock(b source.Block) {
	for next := 0; next < len(b.Text); {
		match := t.matcher.Match
		if t.countsOnly() {
			at := t.filter.Candidate(b.Text, next)
			if at < 0 {
				t.skip(b.Text[next:])
				return
			}
			t.skip(b.Text[next:at])
			next = at
			match = t.matcher.MatchCandidate
		}
		var line filter.Line
		line, next = b.Line(next)
		t.lines++
		t.add(line, match(line))
	}
}

// countsOnly says that nothing is wanted of a line that cannot match.
func (t *tally) countsOnly() bool {
	return t.missedSoFar() >= maxDated && !t.wantsMissed()
}

// skip counts lines that cannot match.
func (t *tally) skip(lines string) {
	n := int64(strings.Count(lines, "\n"))
	if lines != "" && lines[len(lines)-1] != '\n' {
		n++ // the log's last, without its end
	}
	t.lines += n
	t.undated += n
}

func (t *tally) missedSoFar() int64 { return t.lines - t.ignored - t.matched }

// wantsMissed says that the next missed line is kept, to be shown.
func (t *tally) wantsMissed() bool { return t.keep.missed || len(t.missed) <= t.shown }

// add counts what the filter makes of the next line.
func (t *tally) add(line filter.Line, result filter.Result) {
	if result.Verdict == filter.Missed && result.Date == "" {
		result.Date = t.date(line)
	}
	t.addDate(result.Date)
	t.claim(result.Earlier)
	lines := int64(1 + len(result.Earlier))
	switch result.Verdict {
	case filter.Matched:
		t.matched += lines
		t.failregex[result.Pattern]++
		if t.keep.failures && result.Failure != nil {
			t.failures = append(t.failures, t.entry(result.Failure, line))
		}
	case filter.Ignored:
		t.ignored += lines
		if result.Pattern >= 0 && result.Pattern < len(t.ignoreregex) {
			t.ignoreregex[result.Pattern]++
		}
	default:
		t.addMissed(line)
	}
}

// date returns the template of a line that the matcher has put aside without looking
// for a date.
func (t *tally) date(line filter.Line) string {
	if t.missedSoFar() > maxDated {
		t.undated++
		return ""
	}
	template, _ := t.matcher.Date(line)
	return template
}

// addDate counts a date template. A log has one or two of them, mostly the
// one of the line before.
func (t *tally) addDate(template string) {
	if template == "" {
		return
	}
	for i := range t.dates {
		if t.dates[i].Template == template {
			t.dates[i].Hits++
			return
		}
	}
	t.dates = append(t.dates, dateHits{strings.Clone(template), 1})
}

// entry is what is kept of a failure. A line without a date counts as now, as in
// the daemon.
func (t *tally) entry(f *filter.Failure, line filter.Line) failureEntry {
	at := f.Time
	if at.IsZero() {
		at = line.Read
	}
	return failureEntry{
		Line:  t.lines,
		Time:  at.UTC(),
		Host:  strings.Clone(f.Host),
		ID:    strings.Clone(f.ID),
		User:  strings.Clone(f.User),
		Regex: f.Pattern,
	}
}

func (t *tally) addMissed(line filter.Line) {
	if !t.wantsMissed() {
		return
	}
	missed := missedEntry{Line: t.lines, Text: strings.Clone(line.Text)}
	if t.explained < maxExplained {
		missed.reason = t.matcher.Explain(line)
		t.explained++
	}
	t.missed = append(t.missed, missed)
}

// claim takes lines out of the missed ones, as a match over several lines has used them
// after all.
func (t *tally) claim(lines []string) {
	for _, line := range slices.Backward(lines) {
		for i, missed := range slices.Backward(t.missed) {
			if missed.Text == line {
				t.missed = slices.Delete(t.missed, i, i+1)
				break
			}
		}
	}
}

// report sums up.
func (t *tally) report(took time.Duration) regexReport {
	r := regexReport{
		Lines:       t.lines,
		Ignored:     t.ignored,
		Matched:     t.matched,
		Missed:      t.missedSoFar(),
		Seconds:     took.Round(time.Microsecond).Seconds(),
		Failregex:   hitsOf(t.filter.Failregex(), t.failregex),
		Ignoreregex: hitsOf(t.filter.Ignoreregex(), t.ignoreregex),
		Dates:       emptyNotNull(slices.Clone(t.dates)),
	}
	slices.SortStableFunc(r.Dates, func(a, b dateHits) int { return int(b.Hits - a.Hits) })
	for _, runaway := range t.matcher.Runaways() {
		r.Problems = append(r.Problems, fmt.Sprintf("%s (%d times)", runaway, runaway.Times))
	}
	if t.keep.failures {
		r.Failures = emptyNotNull(t.failures)
	}
	if t.keep.missed {
		r.MissedLines = emptyNotNull(t.missed)
	}
	return r
}

func hitsOf(patterns []string, counts []int64) []patternHits {
	hits := make([]patternHits, len(patterns))
	for i, pattern := range patterns {
		hits[i] = patternHits{pattern, counts[i]}
	}
	return hits
}

// likelyReason is the reason for which most of the explained lines were missed,
// "" if none is known.
func (t *tally) likelyReason() string {
	counts := make(map[string]int)
	best := ""
	for _, missed := range t.missed {
		counts[missed.reason]++
		if missed.reason != "" && counts[missed.reason] > counts[best] {
			best = missed.reason
		}
	}
	return best
}
