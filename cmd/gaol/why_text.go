package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"gaol/cmd/internal/control"
	"gaol/config"
)

// whyView writes the story of an address for people to read. Lines of logs, and whatever
// else a stranger may have chosen, go through printable.
type whyView struct {
	now   time.Time
	paint painter
	// width is that of the terminal, 0 for none, where lines are as long as they are.
	width int
	out   strings.Builder
}

func whyText(w control.Why, now time.Time, p painter, width int) string {
	v := whyView{now: now, paint: p, width: width}
	v.out.WriteString(v.paint.in(bold, printable(w.Address)) + "\n")
	if !w.Running {
		v.out.WriteString(v.paint.in(yellow, "gaol is not running: this is what its store and the configuration say.") + "\n")
	}
	if !w.Known {
		v.out.WriteString("Nobody has heard of it: no failure, no ban and no rule.\n")
	}
	if w.Ignored != "" {
		v.section("Ignored")
		v.line(printable(w.Ignored))
	}
	v.listed(w.Listed)
	v.bans(w.Bans)
	v.jails(w.Jails)
	v.kernel(w)
	v.history(w)
	v.list("Problems", w.Problems)
	if w.Advice != "" {
		v.section("What next")
		v.line(printable(w.Advice))
	}
	return v.out.String()
}

// listed tells of the blocklists that have the address.
func (v *whyView) listed(lists []control.WhyListed) {
	if len(lists) == 0 {
		return
	}
	v.section("Listed")
	for _, l := range lists {
		text := l.Entry + " on " + l.Source + ": "
		if !l.Enforced {
			text += "not "
		}
		text += "refused by " + l.Jail
		v.line(printable(text))
	}
}

func (v *whyView) section(title string) { v.out.WriteString("\n" + v.paint.in(bold, title) + "\n") }

func (v *whyView) line(text string) { v.out.WriteString("  " + text + "\n") }

func (v *whyView) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	v.section(title)
	for _, line := range lines {
		v.line(printable(line))
	}
}

func (v *whyView) table(t *table) {
	var b strings.Builder
	t.write(&b, v.paint)
	for line := range strings.Lines(b.String()) {
		v.out.WriteString("  " + line)
	}
}

func (v *whyView) bans(bans []control.Ban) {
	if len(bans) == 0 {
		return
	}
	v.section("Banned")
	var t table
	t.head("ADDRESS", "JAIL", "ENDS", "BAN", "BY")
	for _, b := range bans {
		t.row(cell{target(b.Prefix, b.ID), bold}, cell{printable(b.Jail), plain}, cell{humanUntil(b.End, v.now), plain},
			enforcement(b), cell{printable(b.By), plain})
	}
	v.table(&t)
}

// jails tells of those that have something against the address; of all others only that
// they have nothing.
func (v *whyView) jails(jails []control.WhyJail) {
	var t table
	t.head("JAIL", "FAILURES", "STATE")
	nothing := 0
	for _, j := range jails {
		if j.Hosts == 0 && !j.Banned && j.Ignored == "" {
			nothing++
			continue
		}
		t.row(cell{printable(j.Name), bold}, cell{v.counts(j), plain}, v.state(j))
	}
	if len(t.rows) == 1 {
		return
	}
	v.section("Counted")
	v.table(&t)
	if nothing > 0 {
		v.line(plural(nothing, "other jail has", "other jails have") + " nothing against it.")
	}
}

func (v *whyView) counts(j control.WhyJail) string {
	if j.Needed == 0 {
		return "not counted"
	}
	text := fmt.Sprintf("%d of %d within %s", j.Failures, j.Needed, config.FormatDuration(seconds(j.FindTimeSeconds)))
	if j.Hosts > 1 {
		text += fmt.Sprintf(" (%s, of %d hosts)", printable(j.Host), j.Hosts)
	}
	if j.Until != nil {
		text += ", the first lapses " + humanUntil(j.Until, v.now)
	}
	if j.TrustedUntil != nil {
		text += ", trusted for " + humanDuration(j.TrustedUntil.Sub(v.now)) + " as it was let in"
	}
	return text
}

func (v *whyView) state(j control.WhyJail) cell {
	switch {
	case j.Banned:
		text := "banned"
		if j.Ended > 0 {
			text += ", " + plural(j.Ended, "open connection ended", "open connections ended")
		}
		if j.SinceEnforced > 0 {
			text += ", " + plural(j.SinceEnforced, "failure", "failures") + " since"
		}
		return cell{text, red}
	case j.Ignored != "":
		return cell{printable(j.Ignored), plain}
	default:
		return cell{"free", plain}
	}
}

func (v *whyView) kernel(w control.Why) {
	if !w.Running {
		return
	}
	if len(w.Kernel) == 0 {
		if len(w.Bans) > 0 {
			v.section("Firewall")
			v.line("none is asked to hold it")
		}
		return
	}
	v.section("Firewall")
	var t table
	for _, k := range w.Kernel {
		t.row(cell{printable(k.Jail), bold}, cell{printable(cmp.Or(k.Set, k.Action)), plain}, v.held(k))
	}
	v.table(&t)
}

func (v *whyView) held(k control.WhyKernel) cell {
	switch {
	case k.Problem != "":
		return cell{"not known: " + printable(k.Problem), yellow}
	case !k.Holds:
		return cell{"does not hold it", plain}
	}
	text := "holds " + target(k.Member, "")
	if k.LeftSeconds == nil {
		text += " for ever"
	} else {
		text += " for " + humanDuration(seconds(*k.LeftSeconds))
	}
	if k.Packets > 0 || k.Dropping != nil {
		text += fmt.Sprintf(", %s refused", pluralCount(int64(k.Packets), "packet", "packets"))
	}
	switch {
	case k.Dropping == nil:
		text += "; not known whether more come"
	case *k.Dropping:
		text += fmt.Sprintf(", %s of them in the last %.1f s", humanCount(int64(k.PacketsLately)), k.LatelySeconds)
	default:
		text += fmt.Sprintf(", none in the last %.1f s", k.LatelySeconds)
	}
	return cell{text, plain}
}

func (v *whyView) history(w control.Why) {
	if len(w.History) == 0 {
		return
	}
	v.section("History")
	if w.HistoryCut {
		v.line(v.paint.in(dim, "older parts are left out"))
	}
	for _, e := range w.History {
		v.event(e, w.Address)
	}
}

func (v *whyView) event(e control.WhyEvent, asked string) {
	text := fmt.Sprintf("%s  %-7s  %s", e.Time.Local().Format("2006-01-02 15:04:05"), printable(e.What), printable(e.Jail))
	if who := target(e.Prefix, e.ID); who != asked {
		text += " " + who
	}
	switch e.What {
	case "ban":
		until := "for ever"
		if e.End != nil {
			until = "until " + e.End.Local().Format("2006-01-02 15:04:05")
		}
		text += fmt.Sprintf(" #%d %s, by %s", e.Count, until, printable(e.By))
		if e.Failures > 0 {
			text += ", for " + plural(e.Failures, "failure", "failures")
		}
	case "unban":
		text += ", by " + printable(e.By)
	}
	if e.User != "" {
		text += ", tried " + printable(e.User)
	}
	v.line(text)
	if e.What == "ban" {
		v.evidence(e.Evidence)
	} else if e.Line != "" {
		v.evidence([]control.WhyLine{{Line: e.Line, Pattern: e.Pattern}})
	}
}

// evidence lists lines, and under the last of those that one pattern matched, that.
func (v *whyView) evidence(lines []control.WhyLine) {
	for i, l := range lines {
		for part := range strings.SplitSeq(l.Line, "\n") {
			v.line("  " + v.fit(printable(part)))
		}
		if l.Pattern != "" && (i+1 == len(lines) || lines[i+1].Pattern != l.Pattern) {
			v.line("    " + v.paint.in(dim, v.fit("matched by "+printable(l.Pattern))))
		}
	}
}

// fit shortens text to what is left of a terminal's line.
func (v *whyView) fit(text string) string {
	if v.width == 0 {
		return text
	}
	return shorten(text, max(v.width-6, 40))
}
