package daemon

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail/source"
)

// Status implements [control.Daemon].
func (d *Daemon) Status(ctx context.Context, name string) (control.Status, error) {
	d.recount(ctx, name)
	read := d.sources.status()
	d.problems.replace("", "asked", d.web.misuse.Problems())
	d.mu.Lock()
	defer d.mu.Unlock()
	status := control.Status{
		Version: d.opts.Version, Started: d.started, Observe: d.opts.Observe,
		Jails: []control.JailStatus{}, Problems: d.problems.list(""), Operators: d.listOperators(), Web: d.web.status(),
	}
	cells, err := d.chooseLocked(name)
	if err != nil && !d.leftOutLocked(name) {
		return control.Status{}, err
	}
	for _, c := range cells {
		status.Jails = append(status.Jails, d.describeLocked(c, read))
	}
	for _, j := range d.leftOut {
		if name == "" || name == j.Name {
			status.Jails = append(status.Jails, control.JailStatus{
				Name: j.Name, Filter: j.FilterName, Sources: []control.SourceStatus{}, Actions: []control.ActionStatus{},
				Problems: d.problems.list(j.Name),
			})
		}
	}
	return status, nil
}

const (
	// statusWait is how long a status waits for actions to count what they have refused; after that it tells what was known before.
	statusWait = 250 * time.Millisecond
	// countingAtOnce bounds the programs that run for that.
	countingAtOnce = 4
)

// recount asks the actions of a jail, "" for all, what they have refused.
func (d *Daemon) recount(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, statusWait)
	defer cancel()
	d.mu.Lock()
	var counters []interface{ Recount(context.Context) }
	for _, c := range d.sortedLocked() {
		if name != "" && name != c.name {
			continue
		}
		for _, r := range c.runners {
			counters = append(counters, r)
		}
		if c.listing != nil && c.listing.runner != nil {
			counters = append(counters, c.listing.runner)
		}
	}
	d.mu.Unlock()
	var all errgroup.Group
	all.SetLimit(countingAtOnce)
	for _, r := range counters {
		if ctx.Err() != nil {
			break // the others' turn is next time, as these are known then
		}
		all.Go(func() error { r.Recount(ctx); return nil })
	}
	_ = all.Wait()
}

func (d *Daemon) leftOutLocked(name string) bool {
	for _, j := range d.leftOut {
		if j.Name == name {
			return true
		}
	}
	return false
}

func (d *Daemon) describeLocked(c *cell, read []source.Status) control.JailStatus {
	counts := c.jail.Counts()
	described := control.JailStatus{
		Name: c.name, Enabled: true, Filter: filterText(c.conf), Shadow: !c.conf.Enforce, Trusted: counts.Trusted, Ended: c.ended,
		Failures: control.Tally{Current: counts.FailuresCurrent, Total: counts.FailuresTotal},
		Banned:   control.Tally{Current: counts.BannedCurrent, Total: counts.BannedTotal},
		Sources:  []control.SourceStatus{}, Actions: []control.ActionStatus{}, Problems: d.problems.list(c.name),
	}
	described.Leaks = c.leaks.describe()
	described.Hosts = control.HostsStatus{Current: counts.Hosts, Limit: c.conf.MaxHosts, Forgotten: counts.EvictedHosts}
	if c.conf.Bans {
		described.Sources = append(described.Sources, control.SourceStatus{
			Path: bansName, Lines: c.heard.bans, Matched: c.heard.bans, LastLine: timeOrNil(c.heard.last),
		})
	}
	if c.listing != nil {
		described.Blocklist = c.listing.describe()
	}
	taps := c.sources()
	for _, s := range read {
		if !c.reads(s.Patterns) || isAbsent(s) {
			continue
		}
		name := s.Path
		if strings.HasPrefix(name, journalKey) {
			name = journalName
		}
		figures := control.SourceStatus{Path: name, LagSeconds: s.Lag.Seconds()}
		if t := taps[name]; t != nil {
			lines, matched, last := t.figures()
			figures.Lines, figures.Matched, figures.LastLine = lines, matched, timeOrNil(last)
		}
		described.Sources = append(described.Sources, figures)
	}
	for _, r := range c.runners {
		a := actionStatus(r.Status())
		if refused, ok := r.Refused(); ok {
			a.Packets, a.Bytes = &refused.Packets, &refused.Bytes
		}
		described.Actions = append(described.Actions, a)
	}
	for _, p := range c.posts {
		s := p.queue.Status()
		described.Actions = append(described.Actions, control.ActionStatus{
			Name: s.Name, Healthy: s.Healthy, Problem: s.Problem, Waiting: s.Waiting, Sent: s.Sent, Lost: s.Lost,
		})
	}
	return described
}

// isAbsent says that there is no file behind a pattern.
func isAbsent(s source.Status) bool {
	return slices.Contains(s.Patterns, s.Path) && s.Problem != "" && s.LastRead.IsZero() && !strings.HasPrefix(s.Path, journalKey)
}

func filterText(j config.Jail) string {
	switch {
	case j.Bans || len(j.Blocklist) > 0:
		return ""
	case j.FilterName == "":
		return "inline"
	case j.Mode == "":
		return j.FilterName
	default:
		return j.FilterName + "[mode=" + j.Mode + "]"
	}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// slowStart is how long an action may take to start before that is a problem: fifty jails that
// start at once wait for each other's iptables.
const slowStart = 10 * time.Second

// watchProblems brings what sources, patterns and actions complain of into the problems of their jails.
func (d *Daemon) watchProblems() {
	read := d.sources.status()
	d.problems.replace("", "asked", d.web.misuse.Problems())
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, c := range d.cells {
		d.problems.replace(name, "source", sourceProblems(c, read))
		d.problems.replace(name, "pattern", patternProblems(c))
		d.problems.replace(name, "strange", strangeProblems(c))
		d.problems.set(name, "hosts", c.crowdProblemLocked())
		d.problems.set(name, "leak", c.leaks.problem())
		d.problems.replace(name, "accused", c.accused.texts)
		d.problems.replace(name, "proxy", c.proxies.problems(d.opts.Now()))
		d.problems.replace(name, "losses", lossProblems(c, d.opts.Now()))
		if c.listing != nil {
			d.problems.replace(name, "blocklist", c.listing.problems())
		} else {
			d.problems.replace(name, "blocklist", nil)
		}
		texts := map[string]string{}
		for i, r := range c.runners {
			s := r.Status()
			if s.Healthy || s.Problem == "" || s.Starting && d.opts.Now().Sub(s.Since) < slowStart {
				continue
			}
			// Several actions of a jail may have the same name.
			texts[strconv.Itoa(i)] = "action " + s.Name + ": " + s.Problem
		}
		for i, p := range c.posts {
			if s := p.queue.Status(); !s.Healthy {
				texts["post "+strconv.Itoa(i)] = "action " + s.Name + ": " + s.Problem
			}
		}
		d.problems.mirror(name, "action", texts)
	}
}

// crowdProblemLocked says that more hosts fail than the jail may track; "": they don't, or not any more.
func (c *cell) crowdProblemLocked() string {
	counts := c.jail.Counts()
	switch {
	case counts.EvictedHosts > c.evicted:
		c.evicted, c.crowded = counts.EvictedHosts, true
	case counts.Hosts < c.conf.MaxHosts/10*9:
		// Not sooner: a table that is just full is so again with the next host.
		c.crowded = false
	}
	if !c.crowded {
		return ""
	}
	return fmt.Sprintf("more hosts fail than maxhosts allows for, which is %d: those that failed once are forgotten first: raise maxhosts if there is memory, some 100 bytes for each",
		c.conf.MaxHosts)
}

// patternProblems has the patterns that took too many steps, each once for all sources.
func patternProblems(c *cell) map[string]string {
	texts := map[string]string{}
	for _, t := range c.sources() {
		for _, r := range t.runaways() {
			texts[r.What] = r.String()
		}
	}
	return texts
}

// forgetSources drops what is known of logs that are gone and have been silent since before.
func (d *Daemon) forgetSources(before time.Time) {
	live := map[string]bool{journalName: true}
	for _, s := range d.sources.status() {
		live[s.Path] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.cells {
		for _, gone := range c.forgetSources(live, before) {
			delete(c.dates, gone)
			d.problems.set(c.name, "date:"+gone, "")
		}
	}
}
