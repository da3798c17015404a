package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gaol/filter"
)

// regexText writes a report for people, in the blocks and the order they know
// from fail2ban-regex.
type regexText struct {
	opts  regexOptions
	paint painter
	out   strings.Builder
}

func (x *regexText) write(r regexReport, t *tally, tried triedFilter, log *logInput) string {
	x.title("Running tests")
	x.uses(tried, log)
	x.out.WriteByte('\n')
	x.title("Results")
	x.patterns("Failregex", r.Failregex)
	if x.opts.success {
		x.patterns("Successregex", r.Successregex)
	}
	x.patterns("Ignoreregex", r.Ignoreregex)
	x.dates(r.Dates, t.undated)
	fmt.Fprintf(&x.out, "Lines: %d lines, %d ignored, %d matched, %d missed", r.Lines, r.Ignored, r.Matched, r.Missed)
	if x.opts.success {
		fmt.Fprintf(&x.out, ", %d successful", r.Succeeded)
	}
	x.out.WriteByte('\n')
	fmt.Fprintf(&x.out, "[processed in %.2f sec]\n", r.Seconds)
	x.failures(r.Failures)
	x.missed(r.Missed, t)
	x.problems(r.Problems)
	x.advice(r, t, log)
	return x.out.String()
}

func (x *regexText) title(text string) {
	fmt.Fprintf(&x.out, "\n%s\n%s\n\n", x.paint.in(bold, text), strings.Repeat("=", len(text)))
}

// uses says what is tried on what.
func (x *regexText) uses(tried triedFilter, log *logInput) {
	use := func(what, value string) { fmt.Fprintf(&x.out, "Use %16s : %s\n", what, printable(value)) }
	switch {
	case tried.imported != nil:
		use("filter file", tried.name)
		if tried.imported.shown != "" {
			use("filter options", tried.imported.shown)
		}
	case tried.name != "":
		use("filter", tried.name)
	default:
		use("failregex line", tried.spec.Failregex[0])
	}
	if tried.ignoreregex {
		use("ignoreregex line", tried.spec.Ignoreregex[0])
	}
	if tried.spec.MaxLines > 1 {
		use("maxlines", fmt.Sprint(tried.spec.MaxLines))
	}
	if x.opts.timezone != "" {
		use("timezone", x.opts.timezone)
	}
	if x.opts.now != "" {
		use("now", x.opts.now)
	}
	if log.line != "" {
		use(log.kind, shorten(printable(log.line), 100))
	} else {
		use(log.kind, log.title)
	}
}

func (x *regexText) patterns(what string, patterns []patternHits) {
	var total int64
	for _, p := range patterns {
		total += p.Hits
	}
	fmt.Fprintf(&x.out, "%s: %s total\n", what, x.paint.in(colourOf(total), fmt.Sprint(total)))
	var rows []string
	for i, p := range patterns {
		if p.Hits > 0 || x.opts.verbose {
			rows = append(rows, fmt.Sprintf("%d) [%d] %s%s", i+1, p.Hits, printable(p.Pattern), weightText(p.Weight)))
		}
	}
	x.block("#) [# of hits] regular expression", rows)
	x.out.WriteByte('\n')
}

// weightText tells of a weight, if it is one that is worth telling.
func weightText(weight int) string {
	if weight == 0 {
		return ""
	}
	return fmt.Sprintf(" (weight %d)", weight)
}

// colourOf sets hits apart from none.
func colourOf(hits int64) style {
	if hits > 0 {
		return green
	}
	return yellow
}

func (x *regexText) dates(dates []dateHits, undated int64) {
	x.out.WriteString("Date template hits:\n")
	rows := make([]string, len(dates))
	for i, d := range dates {
		rows[i] = fmt.Sprintf("[%d] %s", d.Hits, printable(d.Template))
	}
	if undated > 0 {
		rows = append(rows, fmt.Sprintf("not looked for in %d more lines, which cannot match", undated))
	}
	x.block("[# of hits] date format", rows)
	x.out.WriteByte('\n')
}

// block draws a list; none if it is empty.
func (x *regexText) block(head string, rows []string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(&x.out, "|- %s\n", head)
	for _, row := range rows {
		fmt.Fprintf(&x.out, "| %s\n", row)
	}
	x.out.WriteString("`-\n")
}

func (x *regexText) failures(failures []failureEntry) {
	if failures == nil {
		return
	}
	rows := make([]string, len(failures))
	for i, f := range failures {
		who := f.Host
		if f.ID != "" {
			who = f.ID
		}
		rows[i] = fmt.Sprintf("%d: %s %s", f.Line, f.Time.Format(time.RFC3339Nano), printable(who))
		if f.User != "" {
			rows[i] += " user " + printable(f.User)
		}
		rows[i] += weightText(f.Weight)
	}
	x.out.WriteByte('\n')
	x.block("Failure(s):", rows)
}

// missed lists the missed lines with the reason of each, unless there are too many.
func (x *regexText) missed(total int64, t *tally) {
	if total == 0 {
		return
	}
	x.out.WriteByte('\n')
	if total > maxShown && !x.opts.missed {
		fmt.Fprintf(&x.out, "Missed line(s): too many to print. Use --missed to print all %d lines\n", total)
		return
	}
	var rows []string
	for i, line := range t.missed {
		rows = append(rows, printable(line.Text))
		if i < len(t.reasons) {
			rows = append(rows, x.why(line.Text, t.reasons[i])...)
		}
	}
	x.block("Missed line(s):", rows)
}

func (x *regexText) problems(problems []string) {
	for _, problem := range problems {
		fmt.Fprintf(&x.out, "\n%s %s.\n", x.paint.in(yellow, "Warning:"), printable(problem))
	}
}

// why says why a line was missed, with a caret under the place if it is about one.
func (x *regexText) why(line string, reason filter.Reason) []string {
	var rows []string
	if reason.At >= 0 && reason.At <= len(line) {
		rows = append(rows, strings.Repeat(" ", utf8.RuneCountInString(printable(line[:reason.At])))+x.paint.in(yellow, "^"))
	}
	return append(rows, x.paint.in(dim, "  why: "+printable(reason.Text)))
}

// advice says what to look at when nothing at all matched.
func (x *regexText) advice(r regexReport, t *tally, log *logInput) {
	if r.Matched > 0 {
		return
	}
	var reason filter.Reason
	example := -1
	switch {
	case r.Lines == 0:
		reason.Text = log.title + " holds no line"
	case r.Ignored == r.Lines:
		reason.Text = "ignoreregex matches every line"
	default:
		reason, example = t.likelyReason()
	}
	if reason.Text != "" {
		fmt.Fprintf(&x.out, "\n%s The most likely reason: %s.\n", x.paint.in(yellow, "Nothing matched."), strings.TrimSuffix(printable(reason.Text), "."))
	}
	// Where the missed lines are not listed, one shows it.
	if example >= 0 && r.Missed > maxShown && !x.opts.missed {
		line := t.missed[example]
		x.block(fmt.Sprintf("Line %d:", line.Line), append([]string{printable(line.Text)}, x.why(line.Text, reason)...))
	}
	if log.line != "" && !strings.ContainsAny(log.line, " \t") {
		x.out.WriteString("There is no file of that name; it was read as a log line.\n")
	}
}
