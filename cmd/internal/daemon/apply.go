package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// ignoreWait bounds how long a start or reload waits for the names, programs and lists on the web that ignoreip has.
const ignoreWait = 5 * time.Second

// wish is a jail as the configuration wants it.
type wish struct {
	config.Jail
	// ignore is who it never bans, looked up already.
	ignore *jail.Ignore
	// cell is the jail, with what the store knows of it, if it does not run yet; err is why there
	// is none.
	cell     *cell
	restored []jail.Ban
	// listing is what its lists need, if they are others than before or it does not run yet.
	listing *listing
	err     error
	// recent are the latest bans of one that runs, where they are to count for their networks from now on.
	recent []jail.Recent
}

// transition brings the running jails in line with a configuration: at the
// start, with what the store knows, and at each reload. A jail with a problem stays
// out, or as it was, and says so; all others run.
type transition struct {
	*Daemon
	wishes []wish
	// start says that it is no reload.
	start bool
	// forgot says that the store was begun anew, and must be told what is in force.
	forgot bool
	reply  control.ReloadReply
	// emerged are bans that were shadows until now.
	emerged []jail.Ban
	// after are steps that wait for actions, in order for each jail, to be taken once the
	// lock is free.
	after map[string][]func()
}

// apply makes conf the configuration, at the start or at a reload. The caller holds applying.
func (d *Daemon) apply(ctx context.Context, conf *config.Config, start bool) control.ReloadReply {
	t := &transition{Daemon: d, start: start, after: map[string][]func(){}, reply: control.ReloadReply{
		Started: []string{}, Stopped: []string{}, Changed: []string{}, Unchanged: []string{}, Problems: []string{},
	}}
	t.noteProblems(conf.Problems)
	if !start && len(conf.Unread) > 0 {
		// Nobody knows what the file says now, such as who must not be banned.
		t.leaveAll()
		return t.reply
	}
	t.prepare(ctx, conf)
	t.markLists(conf.Jails)
	t.change(conf)
	t.follow()
	t.settle()
	t.serveWeb(conf)
	t.tidyLists(conf.Jails)
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

// serveWeb has [web] as it is configured; what is wrong there leaves a listener as it is.
func (t *transition) serveWeb(conf *config.Config) {
	wrong := slices.ContainsFunc(conf.Problems, func(p config.Problem) bool { return p.Table == "web" })
	if !wrong || t.start {
		t.web.use(conf.Web)
	}
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
	// conf and ignore change in apply alone, which runs once at a time.
	lists := t.newIgnoreLists(cells)
	for _, j := range conf.Jails {
		if !j.Enabled {
			continue
		}
		t.wishes = append(t.wishes, wish{Jail: j, ignore: lists.of(j)})
	}
	t.lookUp(ctx, lists.fresh)
	t.recall(ctx, cells)
	t.recallNetworks(ctx, cells)
	t.makeListings(cells)
}

// makeListings makes what jails need whose lists are others than before.
func (t *transition) makeListings(cells map[string]*cell) {
	for i := range t.wishes {
		w := &t.wishes[i]
		if c := cells[w.Name]; len(w.Problems) > 0 || w.err != nil || c != nil && sameLists(c.conf, w.Jail) {
			continue
		}
		w.listing, w.err = t.newListing(w.Jail, w.ignore)
	}
}

// lookUp asks for those who are ignored, all at a time, where nothing is known of some of them. What is wrong with
// that is told by later times.
func (t *transition) lookUp(ctx context.Context, lists []*jail.Ignore) {
	ctx, cancel := context.WithTimeout(ctx, ignoreWait)
	defer cancel()
	now := t.opts.Now()
	var all sync.WaitGroup
	for _, list := range lists {
		if list.Waits() {
			all.Go(func() { list.RefreshAnswers(ctx, now) })
		}
	}
	all.Wait()
}

// change makes the running jails those that are wished for.
func (t *transition) change(conf *config.Config) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onStop, t.purgeAge = conf.OnStop, conf.Store.PurgeAge
	t.operators.SetKeep(conf.Operators)
	gone := maps.Clone(t.cells)
	leftOut := t.leftOut
	t.leftOut = nil
	for _, w := range t.wishes {
		delete(gone, w.Name)
		t.jailLocked(w)
	}
	t.tellEmergedLocked()
	for _, j := range leftOut {
		if !t.isWished(j.Name) {
			t.problems.drop(j.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		t.endLocked(gone[name])
		t.reply.Stopped = append(t.reply.Stopped, name)
	}
	if t.forgot {
		t.writer.add(t.inForceLocked())
	}
	t.clouds.keep(t.cells)
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
		} else if w.cell != nil {
			t.exchangeLocked(w.cell, nil, nil) // its firewall may be at work already
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
	if w.err != nil {
		return w.err
	}
	actions, err := t.actionsLocked(w.Jail)
	if err != nil {
		return err
	}
	if err := t.postLocked(w.cell, w.Jail); err != nil {
		return err
	}
	t.cells[w.Name] = w.cell
	t.emergeLocked(w.cell, w.restored)
	t.exchangeLocked(w.cell, actions, w.restored)
	t.listLocked(w.cell, w.listing, false)
	return nil
}

// listLocked gives a cell other lists, or none. With handOver what refuses them takes over what it finds in the firewall.
func (t *transition) listLocked(c *cell, l *listing, handOver bool) {
	if before := c.listing; before != nil {
		t.after[c.name] = append(t.after[c.name], func() { before.stop(!handOver) })
	}
	if c.listing = l; l != nil {
		t.after[c.name] = append(t.after[c.name], l.start)
	}
}

// emergeLocked takes note of bans that were those of a shadow jail until now, if it is none any more.
func (t *transition) emergeLocked(c *cell, bans []jail.Ban) {
	for _, b := range bans {
		if b.Shadow && c.conf.Enforce {
			b.Shadow = false
			t.emerged = append(t.emerged, b)
		}
	}
}

// tellEmergedLocked tells the store and the other jails, which all run by now, of bans that have become
// real: from now on they lock somebody out, and count as earlier bans everywhere.
func (t *transition) tellEmergedLocked() {
	for _, b := range t.emerged {
		t.noteLocked(b)
	}
	if len(t.emerged) > 0 {
		t.writer.add(store.Changes{Bans: t.emerged})
	}
}

// changeLocked gives a running jail another configuration. Counts and bans stay;
// an action starts anew, with all bans, only if it has changed.
func (t *transition) changeLocked(c *cell, w wish) error {
	if w.err != nil {
		return w.err
	}
	actions, err := t.actionsLocked(w.Jail)
	if err != nil {
		return err
	}
	now := t.opts.Now()
	inquiry := c.inquiry
	if !slices.Equal(c.conf.IgnoreCommand, w.IgnoreCommand) || c.conf.IgnoreRefresh != w.IgnoreRefresh {
		inquiry = newInquiry(w.Jail, t.inquire)
	}
	var shadows []jail.Ban
	if !c.conf.Enforce {
		shadows = c.jail.Banned()
	}
	if err := c.jail.Reconfigure(jailOptions(w.Jail, w.ignore, inquiry), now); err != nil {
		return err
	}
	c.jail.RestoreNetworks(w.recent, now)
	if c.inquiry != inquiry {
		c.inquiry = inquiry
		t.problems.set(c.name, "inquiry", "")
	}
	if err := t.postLocked(c, w.Jail); err != nil {
		return err
	}
	before := c.conf
	c.conf = w.Jail
	c.heed(w.ignore)
	// One that counts bans from now on has none; no more lines come.
	if w.Compiled != nil && !sameFilter(before, w.Jail) {
		c.use(w.Compiled)
	}
	t.emergeLocked(c, shadows)
	t.pardonLocked(c, now)
	if !sameLists(before, w.Jail) {
		t.listLocked(c, w.listing, sameBlocker(before, w))
	}
	t.exchangeLocked(c, actions, c.jail.Banned())
	if endsMore(before, w.Jail) {
		t.after[c.name] = append(t.after[c.name], func() { t.endHeld(c) })
	}
	return nil
}

// endLocked takes a jail away and lifts its bans in the kernel; the store keeps them.
func (t *transition) endLocked(c *cell) {
	t.exchangeLocked(c, nil, nil)
	t.listLocked(c, nil, false)
	delete(t.cells, c.name)
	t.problems.drop(c.name)
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

func jailOptions(j config.Jail, ignore *jail.Ignore, inquiry *inquiry) jail.Options {
	opts := jail.Options{
		Name: j.Name, MaxRetry: j.MaxRetry, FindTime: j.FindTime, TrustTime: j.TrustTime, TrustRetry: j.TrustRetry,
		BanTime: j.BanTime, Increment: j.Increment, Escalate: j.Escalate,
		IPv4Prefix: j.IPv4Prefix, IPv6Prefix: j.IPv6Prefix, MaxHosts: j.MaxHosts, MaxMatches: j.MaxMatches, Ignore: ignore, Shadow: !j.Enforce,
	}
	if inquiry != nil {
		opts.Judge = inquiry.judge
	}
	return opts
}
