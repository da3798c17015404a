package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gaol/action"
	"gaol/config"
)

// jailReport is what an enabled jail comes to.
type jailReport struct {
	Name string `json:"name"`
	// OK is false for a jail that is left out for a problem.
	OK     bool   `json:"ok"`
	Filter string `json:"filter"`
	Mode   string `json:"mode"`
	// Logs are the paths that are configured, with the files there now.
	Logs []logReport `json:"logs"`
	// Journal says that the journal is read, with these terms.
	Journal      bool     `json:"journal"`
	Journalmatch []string `json:"journalmatch"`
	MaxRetry     int      `json:"maxretry"`
	// FindTime and BanTime are in seconds; BanTime is null for ever.
	FindTime float64  `json:"findtime_seconds"`
	BanTime  *float64 `json:"bantime_seconds"`
	// Ports are empty where the whole host is closed.
	Ports     []string `json:"ports"`
	Protocol  string   `json:"protocol"`
	BanAction string   `json:"banaction"`
	Actions   []string `json:"actions"`
	IgnoreIP  []string `json:"ignoreip"`
	// IgnoreSelf says that this host's own addresses are never banned.
	IgnoreSelf bool `json:"ignoreself"`

	// files says that Logs are read. Where they and the journal hold the same, only one
	// of the two is.
	files bool
	// guessed says that one of Logs is enough.
	guessed           bool
	findTime, banTime string
}

// logReport is a path or a pattern of paths.
type logReport struct {
	Path  string   `json:"path"`
	Found []string `json:"found"`
}

// reportJail reports a jail that would read its files, the journal, or both.
func reportJail(j config.Jail, files, journal bool) jailReport {
	r := jailReport{
		Name:         j.Name,
		OK:           len(j.Problems) == 0,
		Filter:       cmp.Or(j.FilterName, "inline"),
		Mode:         j.Mode,
		Logs:         []logReport{},
		Journal:      journal,
		Journalmatch: emptyNotNull(j.Filter.Journalmatch),
		MaxRetry:     j.MaxRetry,
		FindTime:     j.FindTime.Seconds(),
		Ports:        []string{},
		Protocol:     cmp.Or(j.Rule.Protocol, "tcp"),
		BanAction:    j.BanAction,
		Actions:      []string{},
		IgnoreIP:     emptyNotNull(j.IgnoreIP),
		IgnoreSelf:   j.IgnoreSelf,
		files:        files,
		guessed:      j.Guessed,
		findTime:     config.FormatDuration(j.FindTime),
		banTime:      config.FormatDuration(j.BanTime),
	}
	if j.BanTime != config.Forever {
		seconds := j.BanTime.Seconds()
		r.BanTime = &seconds
	}
	for _, glob := range j.LogPath {
		// The error of a bad pattern is a problem of the configuration already.
		found, _ := filepath.Glob(glob)
		r.Logs = append(r.Logs, logReport{glob, emptyNotNull(found)})
	}
	for _, port := range j.Rule.Ports {
		r.Ports = append(r.Ports, portText(port))
	}
	for _, a := range j.Actions {
		r.Actions = append(r.Actions, a.Name)
	}
	for _, n := range j.Notifiers {
		r.Actions = append(r.Actions, n.Name)
	}
	return r
}

func portText(p action.Port) string {
	if p.First == p.Last {
		return fmt.Sprint(p.First)
	}
	return fmt.Sprintf("%d-%d", p.First, p.Last)
}

// write tells about the jail in a few lines.
func (r jailReport) write(b *strings.Builder, p painter) {
	b.WriteString("jail " + p.in(bold, printable(r.Name)))
	if !r.OK {
		// What it comes to without the fault can't be known.
		b.WriteString(p.in(red, ": left out for its problem") + "\n")
		return
	}
	b.WriteByte('\n')
	var t table
	field := func(name, value string, s style) { t.row(cell{"  " + name, dim}, cell{printable(value), s}) }
	name := r.Filter
	if r.Mode != "" {
		name += "[mode=" + r.Mode + "]"
	}
	field("filter", name, plain)
	r.writeSources(field)
	field("bans", r.rule(), plain)
	field("closes", r.closes(), plain)
	field("through", strings.Join(append([]string{r.BanAction}, r.Actions...), ", "), plain)
	if ignored, all := r.ignored(); ignored != "" {
		s := plain
		if !all {
			s = yellow
		}
		field("never", ignored, s)
	}
	t.write(b, p)
}

func (r jailReport) writeSources(field func(name, value string, s style)) {
	there := slices.ContainsFunc(r.Logs, func(log logReport) bool { return len(log.Found) > 0 })
	for _, log := range r.Logs {
		switch {
		case !r.files || r.guessed && there && len(log.Found) == 0:
		case len(log.Found) > 0:
			field("log", strings.Join(log.Found, ", "), plain)
		default:
			field("log", log.Path+": not there now", yellow)
		}
	}
	if r.Journal {
		field("log", strings.TrimSpace("journal "+strings.Join(r.Journalmatch, " ")), plain)
	}
}

// rule tells when the jail bans and for how long.
func (r jailReport) rule() string {
	length := "for " + r.banTime
	if r.BanTime == nil {
		length = "for ever"
	}
	return fmt.Sprintf("%s, after %s within %s", length, plural(r.MaxRetry, "failure", "failures"), r.findTime)
}

// closes tells what the banned can't reach any more.
func (r jailReport) closes() string {
	if len(r.Ports) == 0 || r.Protocol == "all" {
		return "the whole host"
	}
	return fmt.Sprintf("%s %s", r.Protocol, strings.Join(r.Ports, ", "))
}

// ignored tells who is never banned, and whether all files that say so are there.
func (r jailReport) ignored() (text string, all bool) {
	var ignored []string
	all = true
	for _, entry := range r.IgnoreIP {
		if path, ok := strings.CutPrefix(entry, "file:"); ok && !fileExists(path) {
			entry, all = entry+" (not there now)", false
		}
		ignored = append(ignored, entry)
	}
	if r.IgnoreSelf {
		ignored = append(ignored, "this host itself")
	}
	return strings.Join(ignored, ", "), all
}
