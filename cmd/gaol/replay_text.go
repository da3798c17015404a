package main

import (
	"fmt"
	"strings"
	"time"

	"gaol/cmd/internal/replay"
	"gaol/config"
	"gaol/jail"
)

// replayView writes a result for people to read.
type replayView struct {
	paint   painter
	against string
	out     strings.Builder
}

const replayTime = "2006-01-02 15:04:05"

func (v *replayView) text(r *replay.Result, difference []replay.Difference, took time.Duration) string {
	v.head(r, took)
	v.bans(r.Bans)
	if v.against != "" {
		v.difference(difference)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&v.out, "\n%s %s.\n", v.paint.in(yellow, "Note:"), printable(note))
	}
	return v.out.String()
}

func (v *replayView) head(r *replay.Result, took time.Duration) {
	v.out.WriteString(pluralCount(r.Lines, "line", "lines"))
	if !r.From.IsZero() {
		fmt.Fprintf(&v.out, " from %s to %s", r.From.Local().Format(replayTime), r.To.Local().Format(replayTime))
	}
	v.out.WriteString(", " + pluralCount(r.Failures, "failure", "failures"))
	if r.Ignored > 0 {
		fmt.Fprintf(&v.out, " (%s ignored)", humanCount(r.Ignored))
	}
	targets := map[string]bool{}
	for _, b := range r.Bans {
		targets[b.Target()] = true
	}
	fmt.Fprintf(&v.out, ", %s of %s\n", pluralCount(int64(len(r.Bans)), "ban", "bans"), pluralCount(int64(len(targets)), "address", "addresses"))
	fmt.Fprintf(&v.out, "[processed in %.2f sec]\n\n", took.Seconds())
}

func (v *replayView) bans(bans []jail.Ban) {
	if len(bans) == 0 {
		v.out.WriteString("Nobody would have been banned.\n")
		return
	}
	var t table
	t.head("ADDRESS", "JAIL", "BANNED", "FOR", "BAN", "WHY")
	for _, b := range bans {
		t.row(cell{printable(b.Target()), bold}, cell{printable(b.Jail), plain}, cell{b.Start.Local().Format(replayTime), plain},
			cell{lengthText(&b), plain}, cell{fmt.Sprintf("#%d", b.Count), plain}, cell{causeText(&b), plain})
	}
	t.write(&v.out, v.paint)
}

// causeText tells what led to a ban.
func causeText(b *jail.Ban) string {
	if b.By == "escalation" {
		return plural(b.Failures, "banned host", "banned hosts")
	}
	return plural(b.Failures, "failure", "failures")
}

func lengthText(b *jail.Ban) string {
	if b.Forever() {
		return "ever"
	}
	return config.FormatDuration(b.End.Sub(b.Start))
}

func (v *replayView) difference(list []replay.Difference) {
	fmt.Fprintf(&v.out, "\n%s\n", v.paint.in(bold, "Against "+printable(v.against)))
	if len(list) == 0 {
		v.out.WriteString("Every ban is the same.\n")
		return
	}
	var t table
	t.head("CHANGE", "ADDRESS", "JAIL", "HERE", "THERE")
	for _, d := range list {
		one := d.Here
		if one == nil {
			one = d.There
		}
		t.row(cell{d.Change, changeStyle(d.Change)}, cell{printable(one.Target()), bold}, cell{printable(one.Jail), plain},
			cell{sideText(d.Here), plain}, cell{sideText(d.There), plain})
	}
	t.write(&v.out, v.paint)
}

func changeStyle(change string) style {
	switch change {
	case replay.New, replay.Earlier, replay.Longer:
		return red
	default:
		return green
	}
}

// sideText tells one of two bans.
func sideText(b *jail.Ban) string {
	if b == nil {
		return "none"
	}
	return b.Start.Local().Format(replayTime) + " for " + lengthText(b)
}
