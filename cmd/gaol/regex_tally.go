package main

import (
	"fmt"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	"gaol/filter"
)

const (
	// maxShown missed lines are shown when all are not asked for; with more
	// of them, none is.
	maxShown = 20
	// maxExplained missed lines are asked why; that costs far more than matching.
	maxExplained = 20
	// maxDated is how much of a log's beginning, in bytes, has the dates of its missed
	// lines looked for, though they decide nothing: a log of a few lines shows
	// the form of each. In a large one it would cost more than all the
	// matching, and say nothing new.
	maxDated = 1 << 20
)

// regexReport is the document of "gaol regex --json".
type regexReport struct {
	Lines   int64 `json:"lines"`
	Ignored int64 `json:"ignored"`
	Matched int64 `json:"matched"`
	Missed  int64 `json:"missed"`
	// Succeeded are lines of successful logins; they and Successregex are left out unless asked for.
	Succeeded    int64         `json:"succeeded,omitzero"`
	Seconds      float64       `json:"seconds"`
	Failregex    []patternHits `json:"failregex"`
	Successregex []patternHits `json:"successregex,omitzero"`
	Ignoreregex  []patternHits `json:"ignoreregex"`
	Dates        []dateHits    `json:"dates"`
	// Failures and MissedLines are nil, and left out, unless asked for.
	Failures    []failureEntry `json:"failures,omitzero"`
	MissedLines []missedEntry  `json:"missed_lines,omitzero"`
	// Filter is nil, and left out, unless the filter was written for fail2ban.
	Filter *importedFilter `json:"filter,omitzero"`
	// Problems says what of a filter for fail2ban was not taken over, which of its patterns go back in the text, and
	// which took too many steps; nil, and left out, for none.
	Problems []string `json:"problems,omitzero"`
}

// patternHits says how many lines a pattern matched.
type patternHits struct {
	Pattern string `json:"pattern"`
	Hits    int64  `json:"hits"`
	// Weight is for how many failures each hit counts; left out where that is one.
	Weight int `json:"weight,omitzero"`
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
	// Weight is for how many failures it counts; left out where that is one.
	Weight int `json:"weight,omitzero"`
}

// missedEntry is one missed line; Line counts from 1.
type missedEntry struct {
	Line int64  `json:"line"`
	Text string `json:"text"`
	line filter.Line
	// split: it goes on from the record before it.
	split bool
}

// tally adds up what the filter makes of a log, block by block in their order.
type tally struct {
	filter *filter.Filter
	wants  wants
	// shown is how many missed lines may have to be shown: with room for those that a
	// match over several lines may yet claim.
	shown int
	portion
	// reasons say why the first of the missed lines were missed.
	reasons []filter.Reason
	// explainer is asked for them, and sees nothing but these lines.
	explainer *filter.Matcher
	// enough is set when no more missed lines are kept, for those who look through
	// what comes next.
	enough *atomic.Bool
}

// wants says what is listed beside the counts.
type wants struct{ failures, missed bool }

func newTally(f *filter.Filter, w wants) *tally {
	return &tally{
		filter:    f,
		wants:     w,
		shown:     maxShown + f.Spec().MaxLines,
		portion:   newPortion(f),
		explainer: f.NewMatcher(),
		enough:    new(atomic.Bool),
	}
}

// merge adds what was found in the next block.
func (t *tally) merge(p *portion) {
	for _, f := range p.failures {
		f.Line += t.lines
		t.failures = append(t.failures, f)
	}
	for _, text := range p.claimed {
		if i := lastMissed(t.missed, text); i >= 0 {
			t.missed = slices.Delete(t.missed, i, i+1)
			if i < len(t.reasons) {
				t.reasons = slices.Delete(t.reasons, i, i+1)
			}
		}
	}
	for _, m := range p.missed {
		if t.wants.missed || len(t.missed) <= t.shown {
			m.Line += t.lines
			t.missed = append(t.missed, m)
			t.explain(m)
		}
	}
	if !t.wants.missed && len(t.missed) > t.shown {
		t.enough.Store(true)
	}
	t.lines += p.lines
	t.ignored += p.ignored
	t.matched += p.matched
	t.succeeded += p.succeeded
	t.undated += p.undated
	for i, n := range p.failregex {
		t.failregex[i] += n
	}
	for i, n := range p.successregex {
		t.successregex[i] += n
	}
	for i, n := range p.ignoreregex {
		t.ignoreregex[i] += n
	}
	for _, d := range p.dates {
		t.addDates(d.Template, d.Hits)
	}
	t.addRunaways(p.runaways)
}

// explain keeps the reason why the line was missed, if it is one of the first.
func (t *tally) explain(m missedEntry) {
	switch {
	case len(t.reasons) == maxExplained:
	case m.split:
		t.reasons = append(t.reasons, filter.Reason{Text: "it goes on from the record before it, as the line was too long for one", At: -1})
	default:
		if t.filter.OverLines() {
			t.explainer.Match(m.line) // what comes next may be about this line as well
		}
		t.reasons = append(t.reasons, t.explainer.Explain(m.line))
	}
}

// report sums up.
func (t *tally) report(took time.Duration) regexReport {
	r := regexReport{
		Lines:       t.lines,
		Ignored:     t.ignored,
		Matched:     t.matched,
		Missed:      t.lines - t.ignored - t.matched - t.succeeded,
		Succeeded:   t.succeeded,
		Seconds:     took.Round(time.Microsecond).Seconds(),
		Failregex:   hitsOf(t.filter.Failregex(), t.failregex, t.filter.Weight),
		Ignoreregex: hitsOf(t.filter.Ignoreregex(), t.ignoreregex, light),
		Dates:       emptyNotNull(slices.Clone(t.dates)),
	}
	if success := t.filter.Successregex(); len(success) > 0 {
		r.Successregex = hitsOf(success, t.successregex, light)
	}
	slices.SortStableFunc(r.Dates, func(a, b dateHits) int { return int(b.Hits - a.Hits) })
	for _, runaway := range t.runaways {
		r.Problems = append(r.Problems, fmt.Sprintf("%s (%d times)", runaway, runaway.Times))
	}
	if t.wants.failures {
		r.Failures = emptyNotNull(t.failures)
	}
	if t.wants.missed {
		r.MissedLines = emptyNotNull(t.missed)
	}
	return r
}

// imported adds what is to be said of a filter for fail2ban, nil for another one.
func (r *regexReport) imported(f *importedFilter) {
	if f == nil {
		return
	}
	r.Filter = f
	r.Problems = slices.Concat(f.warnings, r.Problems)
}

func hitsOf(patterns []string, counts []int64, weight func(pattern int) int) []patternHits {
	hits := make([]patternHits, len(patterns))
	for i, pattern := range patterns {
		hits[i] = patternHits{pattern, counts[i], moreThanOne(weight(i))}
	}
	return hits
}

// light is the weight of patterns that have none.
func light(int) int { return 1 }

// moreThanOne is a weight worth telling, 0 for one that is not.
func moreThanOne(weight int) int {
	if weight > 1 {
		return weight
	}
	return 0
}

// quoted is a part of a reason that differs from line to line.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// likelyReason is the reason for which most of the explained lines were missed,
// whatever was quoted of each, and which of them was the first; -1 if none is known. One
// that says nothing counts only if there is no other.
func (t *tally) likelyReason() (filter.Reason, int) {
	counts := make(map[string]int)
	best, most := -1, 0
	for _, reason := range t.reasons {
		counts[quoted.ReplaceAllString(reason.Text, "")]++
	}
	for i, reason := range t.reasons {
		n := counts[quoted.ReplaceAllString(reason.Text, "")]
		if reason.Vague {
			n = 0
		}
		if best < 0 || n > most {
			best, most = i, n
		}
	}
	if best < 0 {
		return filter.Reason{}, -1
	}
	return t.reasons[best], best
}
