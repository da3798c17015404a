package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// ignoreWait bounds how long a start or reload waits for the host names of ignoreip.
const ignoreWait = 5 * time.Second

// wish is a jail as the configuration wants it.
type wish struct {
	config.Jail
	// ignore is who it never bans, looked up already.
	ignore *jail.Ignore
}

// transition brings the running jails in line with a configuration: at the
// start, with what the store knows, and at each reload. A jail with a problem stays
// out, or as it was, and says so; all others run.
type transition struct {
	*Daemon
	wishes []wish
	// state is what the store knows of the jails that begin.
	state *store.State
	reply control.ReloadReply
	// after are steps that wait for actions, in order for each jail, to be taken once the
	// lock is free.
	after map[string][]func()
}

// apply makes conf the configuration. state is what the store knew at the start; nil at a
// reload. The caller holds applying.
func (d *Daemon) apply(ctx context.Context, conf *config.Config, state *store.State) control.ReloadReply {
	t := &transition{Daemon: d, state: state, after: map[string][]func(){}, reply: control.ReloadReply{
		Started: []string{}, Stopped: []string{}, Changed: []string{}, Unchanged: []string{}, Problems: []string{},
	}}
	t.noteProblems(conf.Problems)
	if state == nil && len(conf.Unread) > 0 {
		// Nobody knows what the file says now, such as who must not be banned.
		t.leaveAll()
		return t.reply
	}
	t.prepare(ctx, conf)
	t.change(conf)
	t.follow()
	t.settle()
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

// leaveAll changes nothing.
func (t *transition) leaveAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reply.Unchanged = append(t.reply.Unchanged, slices.Sorted(maps.Keys(t.cells))...)
}

// prepare does what must wait for the disk and for name servers, while the jails go on as
// they are. Who is never banned is known before the first line is read.
func (t *transition) prepare(ctx context.Context, conf *config.Config) {
	t.mu.Lock()
	cells := maps.Clone(t.cells)
	t.mu.Unlock()
	findtimes := map[string]time.Duration{}
	var fresh []*jail.Ignore
	for _, j := range conf.Jails {
		if !j.Enabled {
			continue
		}
		w := wish{Jail: j}
		running := cells[j.Name]
		// conf and ignore change in apply alone, which runs once at a time.
		if running != nil && slices.Equal(running.conf.IgnoreIP, j.IgnoreIP) && running.conf.IgnoreSelf == j.IgnoreSelf {
			w.ignore = running.ignore
		} else {
			w.ignore = t.ignoreFor(j)
			fresh = append(fresh, w.ignore)
		}
		if running == nil && len(j.Problems) == 0 {
			findtimes[j.Name] = j.FindTime
		}
		t.wishes = append(t.wishes, w)
	}
	t.lookUp(ctx, fresh)
	if t.state == nil {
		t.state = t.remembered(ctx, findtimes)
	}
}

// lookUp refreshes ignore lists, all at a time. What is wrong with them is told by later ones.
func (t *transition) lookUp(ctx context.Context, lists []*jail.Ignore) {
	ctx, cancel := context.WithTimeout(ctx, ignoreWait)
	defer cancel()
	now := t.opts.Now()
	var all sync.WaitGroup
	for _, list := range lists {
		all.Go(func() { list.Refresh(ctx, now) })
	}
	all.Wait()
}

// ignoreFor makes a jail's list of those it never bans. Its error is not lost: what is
// wrong with a file or name is told by each Refresh, until it is mended.
func (d *Daemon) ignoreFor(j config.Jail) *jail.Ignore {
	ignore, _ := jail.NewIgnore(j.IgnoreIP, jail.IgnoreOptions{Self: j.IgnoreSelf, Lookup: d.opts.Lookup})
	return ignore
}

// remembered is what the store knows of jails that a reload brings.
func (t *transition) remembered(ctx context.Context, findtimes map[string]time.Duration) *store.State {
	if t.store == nil || len(findtimes) == 0 {
		return &store.State{}
	}
	ctx, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	// One that was taken away a moment ago may be on its way into the store.
	state, err := store.State{}, t.writer.flush(ctx)
	if err == nil {
		state, err = t.store.Load(ctx, t.opts.Now(), func(name string) time.Duration { return findtimes[name] })
	}
	text := ""
	if err != nil {
		text = fmt.Sprintf("starting jails without their stored bans: %v", err)
	}
	t.problems.set("", "store:reload", text)
	if errors.Is(err, store.ErrBegunAnew) {
		t.writer.add(t.inForce())
	}
	return &state
}

// change makes the running jails those that are wished for.
func (t *transition) change(conf *config.Config) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onStop, t.purgeAge = conf.OnStop, conf.Store.PurgeAge
	gone := maps.Clone(t.cells)
	leftOut := t.leftOut
	t.leftOut = nil
	for _, w := range t.wishes {
		delete(gone, w.Name)
		t.jailLocked(w)
	}
	for _, j := range leftOut {
		if !t.isWished(j.Name) {
			t.problems.drop(j.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		t.endLocked(gone[name])
		t.reply.Stopped = append(t.reply.Stopped, name)
	}
	t.retireLocked()
}

func (t *transition) isWished(name string) bool {
	return slices.ContainsFunc(t.wishes, func(w wish) bool { return w.Name == name })
}

func (t *transition) jailLocked(w wish) {
	running := t.cells[w.Name]
	texts := map[string]string{}
	for _, p := range w.Problems {
		texts[p.Error()] = p.Error()
	}
	var err error
	switch {
	case len(texts) > 0:
	case running == nil:
		if err = t.beginLocked(w); err == nil {
			t.reply.Started = append(t.reply.Started, w.Name)
		}
	case sameJail(running.conf, w.Jail):
		t.reply.Unchanged = append(t.reply.Unchanged, w.Name)
	default:
		if err = t.changeLocked(running, w); err == nil {
			t.reply.Changed = append(t.reply.Changed, w.Name)
		}
	}
	if err != nil {
		texts["start"] = err.Error()
		t.reply.Problems = append(t.reply.Problems, fmt.Sprintf("jail %s: %v", w.Name, err))
	}
	if len(texts) > 0 && t.cells[w.Name] == nil {
		t.leftOut = append(t.leftOut, w.Jail)
	}
	t.problems.replace(w.Name, "config", texts)
}

// beginLocked starts a jail with the bans and counts that the store has of it.
func (t *transition) beginLocked(w wish) error {
	c, err := newCell(w.Jail, w.ignore)
	if err != nil {
		return err
	}
	actions, err := actionsFor(w.Jail, t.opts.Observe, t.log)
	if err != nil {
		return err
	}
	if err := t.postLocked(c, w.Jail); err != nil {
		return err
	}
	began := t.opts.Now()
	restored := c.jail.Restore(t.state.Bans, t.state.Counted, t.state.EarlierOf(w.Name, w.Increment.OverallJails), began)
	if len(restored) > 0 {
		t.log.Info("restored bans", "jail", w.Name, "count", len(restored), "took", t.opts.Now().Sub(began))
	}
	t.cells[w.Name] = c
	t.actLocked(c, actions, restored)
	return nil
}

// actLocked gives a cell its actions, which begin with bans.
func (t *transition) actLocked(c *cell, actions []namedAction, bans []jail.Ban) {
	for _, a := range actions {
		r := t.newRunner(c, a)
		c.runners = append(c.runners, r)
		if a.firewall {
			c.firewall = r
		}
		t.after[c.name] = append(t.after[c.name], r.start)
	}
	c.enforceLocked(bans)
}

// changeLocked gives a running jail another configuration. Counts and bans stay;
// actions start anew, with all bans, only if they have changed.
func (t *transition) changeLocked(c *cell, w wish) error {
	actions, err := actionsFor(w.Jail, t.opts.Observe, t.log)
	if err != nil {
		return err
	}
	now := t.opts.Now()
	if err := c.jail.Reconfigure(jailOptions(w.Jail, w.ignore), now); err != nil {
		return err
	}
	if err := t.postLocked(c, w.Jail); err != nil {
		return err
	}
	before := c.conf
	c.conf, c.ignore = w.Jail, w.ignore
	if !sameFilter(before, w.Jail) {
		c.use(w.Compiled)
	}
	t.pardonLocked(c, now)
	if !sameActions(before, w.Jail) {
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

// sameFilter says whether what the filter remembers of sessions can be kept.
func sameFilter(a, b config.Jail) bool {
	return a.Mode == b.Mode && a.UseDNS == b.UseDNS && reflect.DeepEqual(a.Filter, b.Filter) && reflect.DeepEqual(a.Timezone, b.Timezone)
}

func sameActions(a, b config.Jail) bool {
	return a.Enforce == b.Enforce && a.BanAction == b.BanAction &&
		reflect.DeepEqual(a.Rule, b.Rule) && reflect.DeepEqual(a.Actions, b.Actions)
}

// endLocked takes a jail away and lifts its bans in the kernel; the store keeps them.
func (t *transition) endLocked(c *cell) {
	t.dismissLocked(c)
	delete(t.cells, c.name)
	t.problems.drop(c.name)
}

// dismissLocked ends the actions of a cell and undoes what they did.
func (t *transition) dismissLocked(c *cell) {
	for _, r := range c.runners {
		t.after[c.name] = append(t.after[c.name], func() { r.stop(true) })
	}
	c.runners, c.firewall = nil, nil
	clear(c.imposed)
}

// follow makes the sources read what the running jails want.
func (t *transition) follow() {
	now, journal := t.opts.Now(), haveJournal()
	t.mu.Lock()
	cells := t.sortedLocked()
	t.mu.Unlock()
	plans := make([]plan, len(cells))
	for i, c := range cells {
		plans[i] = planFor(c.conf, newestMatch, journal, now)
	}
	t.mu.Lock()
	for i, c := range cells {
		c.patterns = plans[i].patterns()
	}
	t.mu.Unlock()
	t.problems.replace("", "follow", t.sources.follow(plans))
}

// settle ends and starts actions: of one jail in order, of all jails at the same time, so that
// none waits for another's that hangs.
func (t *transition) settle() {
	var all sync.WaitGroup
	for _, steps := range t.after {
		all.Go(func() {
			for _, step := range steps {
				step()
			}
		})
	}
	all.Wait()
}

func jailOptions(j config.Jail, ignore *jail.Ignore) jail.Options {
	return jail.Options{
		Name: j.Name, MaxRetry: j.MaxRetry, FindTime: j.FindTime, BanTime: j.BanTime, Increment: j.Increment,
		IPv4Prefix: j.IPv4Prefix, IPv6Prefix: j.IPv6Prefix, MaxHosts: j.MaxHosts, MaxMatches: j.MaxMatches, Ignore: ignore,
	}
}

// Reload implements [control.Daemon].
func (d *Daemon) Reload(context.Context) (control.ReloadReply, error) {
	d.applying.Lock()
	defer d.applying.Unlock()
	if d.isStopping() {
		return control.ReloadReply{}, errStopping
	}
	// Read behind the lock: of two reloads, the later one has the later configuration. Not
	// the request's context: who asked may leave, the change is made whole.
	conf := config.Load(config.Options{File: d.opts.ConfigFile, Stock: d.opts.Stock})
	reply := d.apply(d.bgCtx, conf, nil)
	reply.Problems = append(reply.Problems, d.noteFixed(conf)...)
	d.watchProblems()
	d.log.Info("reloaded", "started", strings.Join(reply.Started, " "), "stopped", strings.Join(reply.Stopped, " "),
		"changed", strings.Join(reply.Changed, " "), "problems", len(reply.Problems))
	return reply, nil
}

// noteFixed shows which settings have changed that only a start reads.
func (d *Daemon) noteFixed(conf *config.Config) []string {
	var list []string
	if len(conf.Unread) == 0 {
		if conf.Web != d.web {
			list = append(list, fmt.Sprintf("[web] listen is now %q, still served is %q: restart gaol", conf.Web, d.web))
		}
		if conf.Store.Path != d.storePath {
			list = append(list, fmt.Sprintf("[store] path is now %q, still used is %q: restart gaol", conf.Store.Path, d.storePath))
		}
	}
	d.problems.set("", "restart", strings.Join(list, "; "))
	return list
}

// errStopping refuses what would change a daemon that is ending.
var errStopping = refuse(http.StatusServiceUnavailable, "gaol is stopping")
