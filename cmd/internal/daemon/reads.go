package daemon

import (
	"strings"
	"time"

	"gaol/config"
	"gaol/jail"
	"gaol/jail/source"
)

// Reads says what a jail would read on this host now: its files, the journal, or both.
func Reads(j config.Jail, now time.Time) (files, journal bool) {
	p := planFor(j, newestMatch, haveJournal(), now)
	return len(p.files) > 0, p.journal != nil
}

// IgnoreList says whom the daemon would have a jail never ban. What of it must be asked for is first
// known after a Refresh. What is wrong with an entry is told by that, all others hold.
func IgnoreList(j config.Jail) *jail.Ignore {
	return new(Daemon).newIgnoreLists(nil).of(j)
}

// JailOptions are those by which the daemon has a jail count and ban; ignore says whom never.
func JailOptions(j config.Jail, ignore *jail.Ignore) jail.Options { return jailOptions(j, ignore, nil) }

// sourceProblems returns what is wrong with the sources of a jail, by their paths. Of the
// names that a log has on one system or another, one is enough.
func sourceProblems(c *cell, read []source.Status) map[string]string {
	texts, absent, there := map[string]string{}, []string{}, false
	for _, s := range read {
		if !c.reads(s.Patterns) {
			continue
		}
		if c.conf.Guessed && isAbsent(s) {
			absent = append(absent, s.Path)
			continue
		}
		there = true
		if s.Problem != "" {
			texts[s.Path] = s.Path + ": " + s.Problem
		}
	}
	if len(absent) > 0 && !there {
		texts["none"] = "none of the places of its log is there: " + strings.Join(absent, ", ") + ": set logpath to where it is"
	}
	return texts
}
