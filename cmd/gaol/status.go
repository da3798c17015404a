package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
)

type statusOptions struct {
	json bool
}

func newStatusCommand(a *app) *cobra.Command {
	var opts statusOptions
	cmd := &cobra.Command{
		Use:   "status [flags] [JAIL]",
		Short: "Show jails, counts, logs and problems",
		Long: `Shows what the daemon is doing: for each jail how many failures are counted
and how many addresses are banned, now and in brackets since the start, which
logs are read and how far behind they are, and everything that is not as it
should be. With JAIL, that jail alone and in full.`,
		Example: `  gaol status
  gaol status sshd --json`,
		Annotations:       map[string]string{exitStatuses: exitsOfClient("done", "")},
		Args:              argsOf(0, 1, "at most one JAIL"),
		ValidArgsFunction: a.completeJails,
		RunE: func(cmd *cobra.Command, args []string) error {
			jail := ""
			if len(args) == 1 {
				jail = args[0]
			}
			return runStatus(cmd.Context(), a, opts, jail)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

func runStatus(ctx context.Context, a *app, opts statusOptions, jail string) error {
	status, err := a.client().Status(ctx, jail)
	if err != nil {
		return err
	}
	if opts.json {
		return a.printJSON(status)
	}
	view := statusView{now: time.Now(), observe: status.Observe, paint: a.paint(a.stdout)}
	view.head(status)
	if jail == "" {
		view.table(status.Jails)
	} else {
		for _, j := range status.Jails {
			view.jail(j)
		}
	}
	view.operators(status)
	view.web(status)
	view.problems(status)
	return a.printText(view.out.String())
}

// statusView writes a status for people to read.
type statusView struct {
	now     time.Time
	observe bool
	paint   painter
	out     strings.Builder
}

func (v *statusView) head(s control.Status) {
	fmt.Fprintf(&v.out, "gaol %s, up %s", printable(s.Version), humanDuration(v.now.Sub(s.Started)))
	if s.Observe {
		v.out.WriteString(", " + v.paint.in(yellow, "observing only: nobody is locked out"))
	}
	v.out.WriteString("\n\n")
}

func (v *statusView) table(jails []control.JailStatus) {
	if len(jails) == 0 {
		v.out.WriteString("No jail is configured.\n")
		return
	}
	var t table
	t.head("JAIL", "FAILURES", "BANNED", "LOGS")
	for _, j := range jails {
		t.row(
			cell{printable(j.Name), bold},
			cell{tallyText(j.Failures), plain},
			bannedCell(j),
			v.sources(j),
		)
	}
	t.write(&v.out, v.paint)
}

// bannedCell tells how many are banned, and whether that is only what would be.
func bannedCell(j control.JailStatus) cell {
	if j.Shadow {
		return cell{tallyText(j.Banned) + " shadow", yellow}
	}
	return cell{tallyText(j.Banned), plain}
}

// sources tells in few words how a jail's logs are doing.
func (v *statusView) sources(j control.JailStatus) cell {
	if !j.Enabled {
		return cell{"not running", red}
	}
	if b := j.Blocklist; b != nil {
		text := pluralCount(int64(b.Networks), "network on ", "networks on ") + plural(len(b.Lists), "list", "lists")
		if b.Networks != b.Enforced && !j.Shadow && !v.observe {
			return cell{text + ", not in force", red}
		}
		return cell{text, plain}
	}
	if len(j.Sources) == 0 {
		return cell{"none", yellow}
	}
	names, behind := make([]string, len(j.Sources)), 0.0
	for i, s := range j.Sources {
		names[i] = sourceName(s)
		behind = max(behind, s.LagSeconds)
	}
	text := strings.Join(names, ", ")
	if lag := seconds(behind); lag >= time.Second {
		return cell{text + ": " + humanDuration(lag) + " behind", yellow}
	}
	return cell{text, plain}
}

func (v *statusView) jail(j control.JailStatus) {
	var t table
	field := func(name, value string, s style) { t.row(cell{name, dim}, cell{value, s}) }
	field("jail", printable(j.Name), bold)
	if !j.Enabled {
		field("state", "not running", red)
	}
	if j.Shadow {
		field("state", "shadow: counts and decides, and locks nobody out (enforce = false)", yellow)
	}
	if j.Filter != "" {
		field("filter", printable(j.Filter), plain)
	}
	if j.Blocklist == nil {
		field("failures", fmt.Sprintf("%d now, %d since the start", j.Failures.Current, j.Failures.Total), plain)
	}
	field("banned", fmt.Sprintf("%d now, %d since the start", j.Banned.Current, j.Banned.Total), plain)
	if j.Ended > 0 {
		field("ended", plural(j.Ended, "connection that was open at a ban", "connections that were open at a ban")+", since the start", plain)
	}
	if j.Hosts.Forgotten > 0 {
		field("hosts", fmt.Sprintf("%s tracked, %s at most: %s forgotten since the start for want of room",
			humanCount(int64(j.Hosts.Current)), humanCount(int64(j.Hosts.Limit)), humanCount(int64(j.Hosts.Forgotten))), yellow)
	} else if j.Enabled && j.Blocklist == nil {
		field("hosts", fmt.Sprintf("%s tracked, %s at most", humanCount(int64(j.Hosts.Current)), humanCount(int64(j.Hosts.Limit))), plain)
	}
	if j.Trusted > 0 {
		field("trusted", plural(j.Trusted, "host that was let in", "hosts that were let in"), plain)
	}
	if b := j.Blocklist; b != nil {
		v.blocklist(j, *b, field)
	}
	for _, s := range j.Sources {
		name := "log"
		if countsBans(s) {
			name = "counts"
		}
		field(name, v.source(s), plain)
	}
	for _, action := range j.Actions {
		if action.Healthy {
			field("action", printable(action.Name)+refusedText(action.Packets, action.Bytes), plain)
		} else {
			field("action", printable(action.Name)+": "+printable(action.Problem), red)
		}
		for _, note := range action.Notes {
			field("note", printable(note), yellow)
		}
		if action.LastRestored != nil {
			field("changed", v.restored(action), yellow)
		}
	}
	t.write(&v.out, v.paint)
}

// blocklist tells how lists fare.
func (v *statusView) blocklist(j control.JailStatus, b control.Blocklist, field func(name, value string, s style)) {
	networks := pluralCount(int64(b.Networks), "network on lists", "networks on lists")
	switch {
	case j.Shadow || v.observe:
		field("refuses", "none of "+networks, yellow)
	case b.Enforced != b.Networks:
		field("refuses", fmt.Sprintf("%s of %s", humanCount(int64(b.Enforced)), networks), red)
	default:
		field("refuses", networks+refusedText(b.Packets, b.Bytes), plain)
	}
	if b.Spared > 0 {
		field("spares", "addresses that are never refused, in "+pluralCount(int64(b.Spared), "entry", "entries"), plain)
	}
	for _, note := range b.Notes {
		field("note", printable(note), yellow)
	}
	for _, l := range b.Lists {
		text := l.Source + ": " + pluralCount(int64(l.Networks), "network", "networks")
		if l.Updated != nil {
			text += ", read " + humanDuration(v.now.Sub(*l.Updated)) + " ago"
		}
		field("list", printable(text), plain)
	}
}

// restored tells what other programs did to an action's rules and bans.
func (v *statusView) restored(a control.ActionStatus) string {
	text := fmt.Sprintf("%s by another program and put back", plural(a.Restored, "time", "times"))
	if a.ForeignRemoved > 0 {
		text += ", " + plural(a.ForeignRemoved, "foreign address removed", "foreign addresses removed")
	}
	return text + ", last " + humanDuration(v.now.Sub(*a.LastRestored)) + " ago: " + printable(a.Why)
}

// refusedText is what something that counts has refused.
func refusedText(packets, bytes *uint64) string {
	if packets == nil || bytes == nil {
		return ""
	}
	return fmt.Sprintf(": refused %s (%s)", pluralCount(int64(*packets), "packet", "packets"), humanBytes(*bytes))
}

func (v *statusView) source(s control.SourceStatus) string {
	text := fmt.Sprintf("%s: %s lines, %s matched", sourceName(s), humanCount(s.Lines), humanCount(s.Matched))
	if countsBans(s) {
		text = fmt.Sprintf("%s: %s", sourceName(s), humanCount(s.Lines))
	}
	if s.LastLine == nil {
		text += ", none yet"
	} else {
		text += ", the last " + humanDuration(v.now.Sub(*s.LastLine)) + " ago"
	}
	if lag := seconds(s.LagSeconds); lag >= time.Second {
		text += ", " + humanDuration(lag) + " behind"
	}
	return text
}

// countsBans says that a source is the bans of other jails. Paths of logs are absolute.
func countsBans(s control.SourceStatus) bool { return s.Path == "bans" }

func sourceName(s control.SourceStatus) string {
	if countsBans(s) {
		return "bans by other jails"
	}
	return printable(s.Path)
}

// operators tells who uses gaol, and so is not banned.
func (v *statusView) operators(s control.Status) {
	var known []string
	for _, o := range s.Operators {
		known = append(known, printable(o.Address)+" (for "+humanDuration(o.Until.Sub(v.now))+")")
	}
	if len(known) > 0 {
		v.out.WriteString("\nNever banned, as gaol was used from there: " + strings.Join(known, ", ") + "\n")
	}
}

// web tells what proxies have asked.
func (v *statusView) web(s control.Status) {
	if w := s.Web; w != nil && w.Allowed+w.Denied > 0 {
		fmt.Fprintf(&v.out, "\nAsked by proxies at %s: %d let in, %d denied\n", printable(w.Listen), w.Allowed, w.Denied)
	}
}

func (v *statusView) problems(s control.Status) {
	var lines []string
	for _, p := range s.Problems {
		lines = append(lines, printable(p))
	}
	for _, j := range s.Jails {
		for _, p := range j.Problems {
			lines = append(lines, printable(j.Name)+": "+printable(p))
		}
	}
	if len(lines) == 0 {
		return
	}
	v.out.WriteString("\n" + v.paint.in(red, "Problems:") + "\n")
	for _, line := range lines {
		v.out.WriteString("  " + line + "\n")
	}
}

// tallyText is what there is now, and in brackets what there has been.
func tallyText(t control.Tally) string { return fmt.Sprintf("%d (%d)", t.Current, t.Total) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
