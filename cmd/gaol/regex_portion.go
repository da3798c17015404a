package main

import (
	"slices"
	"strings"
	"sync/atomic"

	"gaol/filter"
	"gaol/jail/source"
)

// portion is what a filter makes of a part of a log. Lines count from where it begins.
type portion struct {
	lines   int64
	ignored int64
	matched int64
	// succeeded are lines by which a successregex has let somebody in.
	succeeded    int64
	failregex    []int64
	successregex []int64
	ignoreregex  []int64
	dates        []dateHits
	// undated is the number of missed lines whose date was not looked for.
	undated  int64
	failures []failureEntry
	// missed are kept to be shown: all of them if asked for, else one more than
	// are shown.
	missed []missedEntry
	// claimed are missed lines of the portions before that a match has used after all.
	claimed []string
	// runaways are the patterns that took too many steps.
	runaways []filter.Runaway
}

func newPortion(f *filter.Filter) portion {
	return portion{
		failregex:    make([]int64, len(f.Failregex())),
		successregex: make([]int64, len(f.Successregex())),
		ignoreregex:  make([]int64, len(f.Ignoreregex())),
	}
}

// addDates counts a date template. A log has one or two of them, mostly the
// one of the line before.
func (p *portion) addDates(template string, hits int64) {
	if template == "" {
		return
	}
	for i := range p.dates {
		if p.dates[i].Template == template {
			p.dates[i].Hits += hits
			return
		}
	}
	p.dates = append(p.dates, dateHits{strings.Clone(template), hits})
}

// addRunaways counts patterns that took too many steps.
func (p *portion) addRunaways(more []filter.Runaway) {
	for _, r := range more {
		i := slices.IndexFunc(p.runaways, func(known filter.Runaway) bool { return known.What == r.What })
		if i < 0 {
			p.runaways = append(p.runaways, r)
			continue
		}
		if p.runaways[i].Times += r.Times; p.runaways[i].Times == 0 {
			p.runaways = slices.Delete(p.runaways, i, i+1)
		}
	}
}

// claim takes lines out of the missed ones, as a match over several lines has used them
// after all.
func (p *portion) claim(lines []string) {
	for _, line := range slices.Backward(lines) {
		if i := lastMissed(p.missed, line); i >= 0 {
			p.missed = slices.Delete(p.missed, i, i+1)
		} else {
			p.claimed = append(p.claimed, line)
		}
	}
}

// lastMissed is the index of the last missed line of this text, -1 for none.
func lastMissed(missed []missedEntry, text string) int {
	for i, m := range slices.Backward(missed) {
		if m.Text == text {
			return i
		}
	}
	return -1
}

// examiner looks through blocks, one after the other. Whatever it makes of a block
// depends on nothing but the block and what its matcher remembers.
type examiner struct {
	filter  *filter.Filter
	matcher *filter.Matcher
	wants   wants
	// shown and enough are the tally's.
	shown  int
	enough *atomic.Bool
}

func newExaminer(t *tally) *examiner {
	e := &examiner{filter: t.filter, matcher: t.filter.NewMatcher(), wants: t.wants, shown: t.shown, enough: t.enough}
	e.matcher.Borrow() // entryOf copies what is kept
	if !e.wants.failures {
		e.matcher.VerdictsOnly()
	}
	return e
}

// Examine returns what the filter makes of the block.
func (e *examiner) Examine(b source.Block) *portion {
	p := newPortion(e.filter)
	ran := e.matcher.Runaways()
	for next := 0; next < len(b.Text); {
		at := e.filter.Candidate(b.Text, next)
		if at < 0 {
			at = len(b.Text)
		}
		e.pass(&p, b, next, at)
		if at == len(b.Text) {
			break
		}
		var line filter.Line
		line, next = b.Line(at)
		p.lines++
		e.add(&p, line, e.matcher.MatchCandidate(line, b.Text[:at]), dated(b, at))
	}
	e.matcher.Passed(b.Text)
	p.addRunaways(e.matcher.Runaways())
	for _, r := range ran {
		r.Times = -r.Times
		p.addRunaways([]filter.Runaway{r})
	}
	return &p
}

// dated says whether the date of the missed line that begins there is looked for.
func dated(b source.Block, at int) bool { return b.Start+int64(at) < maxDated }

// keeps says whether the next missed line is kept, to be shown.
func (e *examiner) keeps(p *portion) bool {
	return e.wants.missed || len(p.missed) <= e.shown && !e.enough.Load()
}

// pass goes over lines that cannot match. Where nothing is wanted of them but
// their number, they are only counted.
func (e *examiner) pass(p *portion, b source.Block, at, end int) {
	for at < end && (dated(b, at) || e.keeps(p)) {
		var line filter.Line
		dates := dated(b, at)
		line, at = b.Line(at)
		p.lines++
		e.add(p, line, filter.Result{}, dates)
	}
	if at == end {
		return
	}
	n := int64(strings.Count(b.Text[at:end], "\n"))
	if b.Text[end-1] != '\n' {
		n++ // the log's last, without its end
	}
	p.lines += n
	p.undated += n
}

// add counts what the filter makes of the next line.
func (e *examiner) add(p *portion, line filter.Line, result filter.Result, dates bool) {
	if result.Verdict == filter.Missed && result.Date == "" {
		if dates {
			result.Date, _ = e.matcher.Date(line)
		} else {
			p.undated++
		}
	}
	p.addDates(result.Date, 1)
	p.claim(result.Earlier)
	lines := int64(1 + len(result.Earlier))
	switch result.Verdict {
	case filter.Matched:
		p.matched += lines
		p.failregex[result.Pattern]++
		if e.wants.failures && result.Failure != nil {
			p.failures = append(p.failures, entryOf(result.Failure, line, p.lines))
		}
	case filter.Succeeded:
		p.succeeded++
		p.successregex[result.Pattern]++
	case filter.Ignored:
		p.ignored += lines
		p.ignoreregex[result.Pattern]++
	default:
		if e.keeps(p) {
			line.Text = strings.Clone(line.Text)
			p.missed = append(p.missed, missedEntry{p.lines, line.Text, line, result.Split})
		}
	}
}

// entryOf is what is kept of a failure. A line without a date counts as now, as in
// the daemon.
func entryOf(f *filter.Failure, line filter.Line, number int64) failureEntry {
	at := f.Time
	if at.IsZero() {
		at = line.Read
	}
	return failureEntry{
		Line:   number,
		Time:   at.UTC(),
		Host:   strings.Clone(f.Host),
		ID:     strings.Clone(f.ID),
		User:   strings.Clone(f.User),
		Regex:  f.Pattern,
		Weight: moreThanOne(f.Weight),
	}
}
