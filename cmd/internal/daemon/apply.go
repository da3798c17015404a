package daemon

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"time"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// transition brings the running jails in line with a configuration: at the
// start, with what the store knows, and at each reload. A jail with a problem stays
// out, or as it was, and says so; all others run.
type transition struct {
	*Daemon
	// state is what the store knew at the start; nil at a reload.
	state *store.State
	reply control.ReloadReply
	// after are steps that wait for the firewall, to be taken in order once the
	// lock is free.
	after []func()
}

// apply makes conf the configuration.
func (d *Daemon) apply(conf *config.Config, state *store.State) control.ReloadReply {
	d.applying.Lock()
	defer d.applying.Unlock()
	t := &transition{Daemon: d, state: state, reply: control.ReloadReply{
		Started: []string{}, Stopped: []string{}, Changed: []string{}, Unchanged: []string{}, Problems: []string{},
	}}
	t.noteProblems(conf.Problems)
	d.mu.Lock()
	d.onStop = conf.OnStop
	d.leftOut = nil
	gone := maps.Clone(d.cells)
	for _, j := range conf.Jails {
		if j.Enabled {
			delete(gone, j.Name)
			t.jailLocked(j)
		}
	}
	for name, c := range gone {
		// While a file can't be read, nobody knows whether it still has the jail.
		if len(conf.Unread) == 0 {
			t.endLocked(c)
			t.reply.Stopped = append(t.reply.Stopped, name)
		}
	}
	d.followLocked()
	d.mu.Unlock()
	for _, step := range t.after {
		step()
	}
	return t.reply
}

// noteProblems shows the problems of the configuration that are not of a single jail.
func (t *transition) noteProblems(problems []config.Problem) {
	texts := map[string]string{}
	for _, p := range problems {
		t.reply.Problems = append(t.reply.Problems, p.Error())
		if p.Jail == "" {
			texts[p.Error()] = p.Error()
		}
	}
	t.problems.replace("", "config", texts)
}

func (t *transition) jailLocked(j config.Jail) {
	running := t.cells[j.Name]
	texts := map[string]string{}
	for _, p := range j.Problems {
		texts[p.Error()] = p.Error()
	}
	var err error
	switch {
	case len(texts) > 0:
	case running == nil:
		if err = t.beginLocked(j); err == nil {
			t.reply.Started = append(t.reply.Started, j.Name)
		}
	case sameJail(running.conf, j):
		t.reply.Unchanged = append(t.reply.Unchanged, j.Name)
	default:
		if err = t.changeLocked(running, j); err == nil {
			t.reply.Changed = append(t.reply.Changed, j.Name)
		}
	}
	if err != nil {
		texts["start"] = err.Error()
		t.reply.Problems = append(t.reply.Problems, fmt.Sprintf("jail %s: %v", j.Name, err))
	}
	if len(texts) > 0 && t.cells[j.Name] == nil {
		t.leftOut = append(t.leftOut, j)
	}
	t.problems.replace(j.Name, "config", texts)
}

// beginLocked starts a jail with the bans and counts that the store has of it.
func (t *transition) beginLocked(j config.Jail) error {
	c := &cell{conf: j, filter: j.Compiled, taps: map[string]*tap{}, enforced: map[string]bool{}, ignore: ignoreFor(j)}
	var err error
	if c.jail, err = jail.New(jailOptions(j, c.ignore)); err != nil {
		return err
	}
	actions, err := actionsFor(j, t.opts.Observe, t.log)
	if err != nil {
		return err
	}
	state := t.state
	if state == nil {
		state = t.remembered(j)
	}
	restored := c.jail.Restore(state.Bans, state.Counted, state.EarlierOf(j.Name, j.Increment.OverallJails), t.opts.Now())
	if len(restored) > 0 {
		t.log.Info("restored bans", "jail", j.Name, "count", len(restored))
	}
	t.cells[j.Name] = c
	t.actLocked(c, actions, restored)
	return nil
}

// remembered is what the store knows of a jail that a reload brings.
func (t *transition) remembered(j config.Jail) *store.State {
	if t.store == nil {
		return &store.State{}
	}
	ctx, cancel := context.WithTimeout(t.bgCtx, syncWait)
	defer cancel()
	state, err := t.store.Load(ctx, t.opts.Now(), func(string) time.Duration { return j.FindTime })
	if err != nil {
		t.problems.set(j.Name, "store", err.Error())
	}
	return &state
}

// actLocked gives a cell its actions, which begin with bans.
func (t *transition) actLocked(c *cell, actions []namedAction, bans []jail.Ban) {
	for _, a := range actions {
		r := t.newRunner(c, a)
		r.Ban(bans)
		c.runners = append(c.runners, r)
		t.after = append(t.after, r.start)
	}
}

// changeLocked gives a running jail another configuration. Counts and bans stay;
// actions start anew, with all bans, only if they have changed.
func (t *transition) changeLocked(c *cell, j config.Jail) error {
	ignore := ignoreFor(j)
	actions, err := actionsFor(j, t.opts.Observe, t.log)
	if err != nil {
		return err
	}
	now := t.opts.Now()
	if err := c.jail.Reconfigure(jailOptions(j, ignore), now); err != nil {
		return err
	}
	before := c.conf
	c.conf, c.ignore = j, ignore
	c.use(j.Compiled)
	t.pardonLocked(c, now)
	if !sameActions(before, j) {
		t.dismissLocked(c)
		t.actLocked(c, actions, c.jail.Banned())
	}
	return nil
}

// sameJail says whether two configurations of a jail say the same. What was made of it is
// new each time.
func sameJail(a, b config.Jail) bool {
	a.Compiled, b.Compiled = nil, nil
	return reflect.DeepEqual(a, b)
}

func sameActions(a, b config.Jail) bool {
	return a.Enforce == b.Enforce && a.BanAction == b.BanAction &&
		reflect.DeepEqual(a.Rule, b.Rule) && reflect.DeepEqual(a.Actions, b.Actions)
}

// endLocked takes a jail away and lifts its bans.
func (t *transition) endLocked(c *cell) {
	t.dismissLocked(c)
	delete(t.cells, c.conf.Name)
	t.problems.drop(c.conf.Name)
}

// dismissLocked ends the actions of a cell and undoes what they did.
func (t *transition) dismissLocked(c *cell) {
	for _, r := range c.runners {
		t.after = append(t.after, func() { r.stop(true) })
	}
	c.runners = nil
	c.forgetEnforced()
}

// followLocked makes the sources read what the running jails want.
func (d *Daemon) followLocked() {
	now := d.opts.Now()
	journal := haveJournal()
	var plans []plan
	for _, c := range d.sortedLocked() {
		p := planFor(c.conf, newestMatch, journal, now)
		c.patterns = p.patterns()
		plans = append(plans, p)
	}
	d.sources.follow(plans)
}

func jailOptions(j config.Jail, ignore *jail.Ignore) jail.Options {
	return jail.Options{
		Name: j.Name, MaxRetry: j.MaxRetry, FindTime: j.FindTime, BanTime: j.BanTime, Increment: j.Increment,
		IPv4Prefix: j.IPv4Prefix, IPv6Prefix: j.IPv6Prefix, MaxHosts: j.MaxHosts, MaxMatches: j.MaxMatches, Ignore: ignore,
	}
}

// ignoreFor makes a jail's list of those it never bans. Its error is not lost: what is
// wrong with a file or name is told by each Refresh, until it is mended.
func ignoreFor(j config.Jail) *jail.Ignore {
	ignore, _ := jail.NewIgnore(j.IgnoreIP, jail.IgnoreOptions{Self: j.IgnoreSelf})
	return ignore
}

// Reload implements [control.Daemon].
func (d *Daemon) Reload(context.Context) (control.ReloadReply, error) {
	if d.bgCtx.Err() != nil {
		return control.ReloadReply{}, refuse(http.StatusServiceUnavailable, "gaol is stopping")
	}
	conf := config.Load(config.Options{File: d.opts.ConfigFile, Stock: d.opts.Stock})
	reply := d.apply(conf, nil)
	d.watchProblems()
	d.log.Info("reloaded", "started", strings.Join(reply.Started, " "), "stopped", strings.Join(reply.Stopped, " "),
		"changed", strings.Join(reply.Changed, " "), "problems", len(reply.Problems))
	return reply, nil
}
