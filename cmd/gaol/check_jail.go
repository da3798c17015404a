package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gaol/action"
	"gaol/cmd/internal/daemon"
	"gaol/config"
	"gaol/filter"
)

// jailReport is what an enabled jail comes to.
type jailReport struct {
	Name string `json:"name"`
	// OK is false for a jail that is left out for a problem.
	OK     bool   `json:"ok"`
	Filter string `json:"filter"`
	Mode   string `json:"mode"`
	// Requires is what the service must have switched on; left out where the filter does not say.
	Requires string `json:"requires,omitempty"`
	// Params are the values of the filter's parameters; left out for none.
	Params filter.Params `json:"params,omitempty"`
	// Logs are the paths that are configured, with the files there now.
	Logs []logReport `json:"logs"`
	// Journal says that the journal is read, with these terms.
	Journal      bool     `json:"journal"`
	Journalmatch []string `json:"journalmatch"`
	// Bans says that the bans of other jails are counted. Then there are no logs and no filter.
	Bans bool `json:"bans"`
	// Blocklist are lists that are refused. Then there are no logs and no filter either.
	Blocklist []string `json:"blocklist,omitempty"`
	MaxRetry  int      `json:"maxretry"`
	// Weights are the patterns whose failures count for more than one; left out for none.
	Weights []weightReport `json:"weights,omitempty"`
	// FindTime and BanTime are in seconds; BanTime is null for ever.
	FindTime float64  `json:"findtime_seconds"`
	BanTime  *float64 `json:"bantime_seconds"`
	// Escalate is when networks are banned; null: never.
	Escalate *escalateReport `json:"escalate"`
	// TrustTime, in seconds, and TrustRetry are left out where nobody is trusted.
	TrustTime  float64 `json:"trusttime_seconds,omitzero"`
	TrustRetry int     `json:"trustretry,omitzero"`
	// Shadow says that bans reach nobody; left out where they do.
	Shadow bool `json:"shadow,omitzero"`
	// Ports are empty where the whole host is closed.
	Ports    []string `json:"ports"`
	Protocol string   `json:"protocol"`
	// BlockType is what becomes of packets, and Interface what they come in through; empty: whatever it is.
	BlockType string   `json:"blocktype"`
	Interface []string `json:"interface"`
	// Established is what becomes of connections that are open at a ban: "end" or "keep".
	Established string `json:"established"`
	BanAction   string `json:"banaction"`
	// Notes are what the firewall leaves out, such as ports; left out for none.
	Notes    []string `json:"notes,omitempty"`
	Actions  []string `json:"actions"`
	IgnoreIP []string `json:"ignoreip"`
	// IgnoreSelf says that this host's own addresses are never banned.
	IgnoreSelf bool `json:"ignoreself"`
	// IgnoreCommand is the program that is asked who else isn't.
	IgnoreCommand []string `json:"ignorecommand"`
	// Trusted are the proxies, which are never banned either.
	Trusted []string `json:"trusted"`

	// files says that Logs are read. Where they and the journal hold the same, only one
	// of the two is.
	files bool
	// guessed says that one of Logs is enough.
	guessed                      bool
	findTime, banTime, trustTime string
}

// escalateReport is when networks are banned for the hosts in them.
type escalateReport struct {
	Hosts      int     `json:"hosts"`
	FindTime   float64 `json:"findtime_seconds"`
	IPv4Prefix int     `json:"ipv4prefix"`
	IPv6Prefix int     `json:"ipv6prefix"`
	findTime   string
}

// weightReport is a pattern or a rule for JSON with its weight.
type weightReport struct {
	Pattern string `json:"pattern"`
	Weight  int    `json:"weight"`
}

// weightsOf are the patterns of a jail's filter that weigh more than one.
func weightsOf(j config.Jail) []weightReport {
	var weights []weightReport
	if j.Compiled == nil {
		return nil
	}
	for i, pattern := range j.Compiled.Failregex() {
		if weight := j.Compiled.Weight(i); weight > 1 {
			weights = append(weights, weightReport{pattern, weight})
		}
	}
	return weights
}

// logReport is a path or a pattern of paths.
type logReport struct {
	Path  string   `json:"path"`
	Found []string `json:"found"`
	// Strange are those of Found whose last lines the filter does not know; left out for none.
	Strange []string `json:"strange,omitempty"`
}

// reportJail reports a jail that would read its files, the journal, or both, now.
func reportJail(j config.Jail, files, journal bool, now time.Time) jailReport {
	r := jailReport{
		Name:          j.Name,
		OK:            len(j.Problems) == 0,
		Filter:        cmp.Or(j.FilterName, "inline"),
		Mode:          j.Mode,
		Requires:      j.Filter.Requires,
		Params:        j.Params,
		Logs:          []logReport{},
		Journal:       journal,
		Journalmatch:  emptyNotNull(j.Filter.Journalmatch),
		Bans:          j.Bans,
		MaxRetry:      j.MaxRetry,
		Weights:       weightsOf(j),
		FindTime:      j.FindTime.Seconds(),
		Ports:         []string{},
		Protocol:      cmp.Or(j.Rule.Protocol, "tcp"),
		BlockType:     j.Rule.Block.String(),
		Interface:     emptyNotNull(j.Rule.Interfaces),
		Established:   "keep",
		BanAction:     j.BanAction,
		Notes:         daemon.Notes(j),
		Actions:       []string{},
		IgnoreIP:      withoutPasswords(j.IgnoreIP),
		IgnoreSelf:    j.IgnoreSelf,
		Shadow:        !j.Enforce,
		IgnoreCommand: emptyNotNull(j.IgnoreCommand),
		Trusted:       withoutPasswords(j.Trusted),
		files:         files,
		guessed:       j.Guessed,
		findTime:      config.FormatDuration(j.FindTime),
		banTime:       config.FormatDuration(j.BanTime),
	}
	if j.EndEstablished {
		r.Established = "end"
	}
	for _, src := range j.Blocklist {
		r.Blocklist = append(r.Blocklist, src.Text)
	}
	r.Blocklist = withoutPasswords(r.Blocklist)
	if j.Bans || len(j.Blocklist) > 0 {
		r.Filter = ""
	}
	if j.BanTime != config.Forever {
		seconds := j.BanTime.Seconds()
		r.BanTime = &seconds
	}
	if esc := j.Escalate; esc.Enabled {
		r.Escalate = &escalateReport{esc.Hosts, esc.FindTime.Seconds(), esc.IPv4Prefix, esc.IPv6Prefix, config.FormatDuration(esc.FindTime)}
	}
	for _, glob := range j.LogPath {
		// The error of a bad pattern is a problem of the configuration already.
		found, _ := filepath.Glob(glob)
		log := logReport{Path: glob, Found: emptyNotNull(found)}
		for _, path := range found {
			if isStrange(path, j.Compiled, now) {
				log.Strange = append(log.Strange, path)
			}
		}
		r.Logs = append(r.Logs, log)
	}
	if j.Compiled != nil && j.Compiled.Trusts() {
		r.TrustTime, r.TrustRetry, r.trustTime = j.TrustTime.Seconds(), j.TrustRetry, config.FormatDuration(j.TrustTime)
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
	switch {
	case len(r.Blocklist) > 0:
		field("refuses", strings.Join(r.Blocklist, ", "), plain)
	case r.Bans:
		field("counts", "bans by other jails", plain)
	default:
		r.writeFilter(field)
		r.writeSources(field)
	}
	if len(r.Blocklist) == 0 {
		field("bans", r.rule(), plain)
	}
	for _, w := range r.Weights {
		field("weight", fmt.Sprintf("%d: %s", w.Weight, w.Pattern), plain)
	}
	if e := r.Escalate; e != nil {
		field("networks", fmt.Sprintf("a /%d (IPv6: /%d), after bans of %d hosts of it within %s", e.IPv4Prefix, e.IPv6Prefix, e.Hosts, e.findTime), plain)
	}
	if r.TrustTime > 0 {
		field("trust", fmt.Sprintf("%d failures for %s after a login", r.MaxRetry+r.TrustRetry, r.trustTime), plain)
	}
	field("closes", r.closes(), plain)
	if !r.Shadow && r.BanAction != "none" && len(r.Blocklist) == 0 {
		field("open", r.open(), plain)
	}
	if r.Shadow {
		field("through", "nothing: it counts and decides alone (enforce = false)", yellow)
	} else {
		field("through", strings.Join(append([]string{r.BanAction}, r.Actions...), ", "), plain)
	}
	for _, note := range r.Notes {
		field("note", note, yellow)
	}
	exempt := func(name, text string, all bool) {
		s := plain
		if !all {
			s = yellow
		}
		if text != "" {
			field(name, text, s)
		}
	}
	ignored, all := r.ignored()
	exempt("never", ignored, all)
	exempt("asks", strings.Join(r.IgnoreCommand, " "), true)
	proxies, all := present(r.Trusted)
	exempt("trusts", strings.Join(proxies, ", "), all)
	t.write(b, p)
}

func (r jailReport) writeFilter(field func(name, value string, s style)) {
	name := r.Filter
	if r.Mode != "" {
		name += "[mode=" + r.Mode + "]"
	}
	field("filter", name, plain)
	if r.Requires != "" {
		field("needs", r.Requires, plain)
	}
	for _, param := range slices.Sorted(maps.Keys(r.Params)) {
		field("param", param+" = "+valueText(r.Params[param]), plain)
	}
}

// maxValuesShown bounds how much of a long list is shown.
const maxValuesShown = 8

// valueText writes the value of a parameter, a list with "or" between its members.
func valueText(value []any) string {
	var texts []string
	for i, v := range value {
		if i == maxValuesShown && len(value) > maxValuesShown+1 {
			texts = append(texts, fmt.Sprintf("%d more, which --json lists", len(value)-i))
			break
		}
		texts = append(texts, fmt.Sprint(v))
	}
	return strings.Join(texts, " or ")
}

func (r jailReport) writeSources(field func(name, value string, s style)) {
	there := slices.ContainsFunc(r.Logs, func(log logReport) bool { return len(log.Found) > 0 })
	var sought []string
	for _, log := range r.Logs {
		switch {
		case !r.files || r.guessed && there && len(log.Found) == 0:
		case r.guessed && len(log.Found) == 0:
			sought = append(sought, log.Path)
		case len(log.Found) > 0:
			field("log", strings.Join(log.Found, ", "), plain)
		default:
			field("log", log.Path+": not there now", yellow)
		}
		if r.files && len(log.Strange) > 0 {
			field("strange", strings.Join(log.Strange, ", ")+": the filter knows none of its last lines: is the format another one?", yellow)
		}
	}
	if len(sought) > 0 {
		field("log", "none there now; looked for "+strings.Join(sought, ", "), yellow)
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
	count := plural(r.MaxRetry, "failure", "failures")
	if r.Bans {
		count = plural(r.MaxRetry, "ban", "bans")
	}
	return fmt.Sprintf("%s, after %s within %s", length, count, r.findTime)
}

// closes tells what the banned can't reach any more, and how they are kept from it.
func (r jailReport) closes() string {
	closed := "the whole host"
	if len(r.Ports) > 0 && r.Protocol != "all" {
		closed = fmt.Sprintf("%s %s", r.Protocol, strings.Join(r.Ports, ", "))
	}
	if r.Shadow || r.BanAction == "none" {
		return closed
	}
	closed += ", by " + r.BlockType
	if len(r.Interface) > 0 {
		closed += ", for what comes in through " + strings.Join(r.Interface, ", ")
	}
	return closed
}

// open tells what becomes of the connections that are open at a ban.
func (r jailReport) open() string {
	if r.Established == "end" {
		return `connections end at the ban (established = "end")`
	}
	return `connections are kept, and what the banned send is refused (established = "keep")`
}

// ignored tells who is never banned, and whether all files and programs that say so are there.
func (r jailReport) ignored() (text string, all bool) {
	ignored, all := present(r.IgnoreIP)
	if r.IgnoreSelf {
		ignored = append(ignored, "this host itself")
	}
	return strings.Join(ignored, ", "), all
}

// withoutPasswords are entries as they may be shown to others.
func withoutPasswords(entries []string) []string {
	shown := make([]string, len(entries))
	for i, entry := range entries {
		shown[i] = entry
		if u, err := url.Parse(entry); err == nil && u.User != nil {
			shown[i] = u.Redacted()
		}
	}
	return shown
}

// present tells of each entry whether the file or program that it names is there.
func present(entries []string) (told []string, all bool) {
	all = true
	for _, entry := range entries {
		path, isPath := strings.CutPrefix(entry, "file:")
		if line, ok := strings.CutPrefix(entry, "command:"); ok {
			path, isPath = strings.Fields(line)[0], true
		}
		if isPath && !fileExists(path) {
			entry, all = entry+" (not there now)", false
		}
		told = append(told, entry)
	}
	return told, all
}
