package daemon

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gaol/action"
	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/blocklist"
)

// listTick is how often is looked whether a list or who must not be refused has changed.
const listTick = time.Second

// listing is what a jail with lists does: it keeps up with each of them, and keeps what they say in force. It
// has nothing to do with the engine's lock: half a million networks are moved beside it.
type listing struct {
	daemon *Daemon
	name   string // the jail's
	lists  []*blocklist.List
	// runner keeps the lists in force; nil: nobody does, as the jail or the daemon only observes.
	runner *action.ListRunner
	ctx    context.Context // of run
	cancel context.CancelFunc
	done   chan struct{}

	mu sync.Mutex
	// ignore is who must not be refused; spared is how many entries hold some of those.
	ignore *jail.Ignore
	spared int
	// wanted is what is to be in force.
	wanted action.Refusals
}

// newListing makes what a jail with lists needs, nil for any other.
func (d *Daemon) newListing(j config.Jail, ignore *jail.Ignore) (*listing, error) {
	if len(j.Blocklist) == 0 {
		return nil, nil
	}
	l := &listing{daemon: d, name: j.Name, ignore: ignore, done: make(chan struct{})}
	opts := blocklist.Options{Limits: j.BlocklistLimits, Every: j.BlocklistRefresh}
	if d.store != nil {
		opts.Kept = keptLists(d.storePath)
	}
	for _, src := range j.Blocklist {
		list, err := blocklist.NewList(src, opts)
		if err != nil {
			return nil, err
		}
		l.lists = append(l.lists, list)
	}
	if j.Enforce && !d.opts.Observe {
		firewall, name, err := blockerFor(j, d.log)
		if err != nil {
			return nil, err
		}
		l.runner = action.NewListRunner(action.ListRunnerOptions{Name: name, Jail: j.Name, Blocker: firewall, Logger: d.log})
	}
	l.ctx, l.cancel = context.WithCancel(d.bgCtx)
	return l, nil
}

// keptLists is the folder beside the store.
func keptLists(store string) string { return store + ".blocklists" }

// start begins to keep up with the lists.
func (l *listing) start() {
	go func() {
		defer close(l.done)
		l.recall()
		var all sync.WaitGroup
		if l.runner != nil {
			all.Go(func() { _ = l.runner.Run(l.ctx) }) // which returns nil
		}
		for _, list := range l.lists {
			all.Go(func() { l.follow(list) })
		}
		l.combine()
		all.Wait()
	}()
}

// recall reads what is known of all lists from an earlier run, before any of them is put into the firewall: what that holds of the
// others is not to go meanwhile. The jails don't wait for it.
func (l *listing) recall() {
	var all sync.WaitGroup
	for _, list := range l.lists {
		all.Go(func() {
			if err := list.Recall(); err != nil {
				l.daemon.log.Warn("a kept blocklist can't be read", "jail", l.name, "err", err)
			}
		})
	}
	all.Wait()
}

// follow keeps up with one list.
func (l *listing) follow(list *blocklist.List) {
	ticker := time.NewTicker(listTick)
	defer ticker.Stop()
	for {
		if list.Refresh(l.ctx, l.daemon.opts.Now()) {
			s := list.Status()
			l.daemon.log.Info("blocklist read", "jail", l.name, "source", s.Source, "count", s.Networks)
		}
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// combine has the runner enforce what the lists say, without those who must not be refused, whenever one of
// both has changed.
func (l *listing) combine() {
	ticker := time.NewTicker(listTick / 4)
	defer ticker.Stop()
	var seen [][]netip.Prefix
	var state jail.IgnoreState
	for first := true; ; first = false {
		now := make([][]netip.Prefix, len(l.lists))
		known := false
		for i, list := range l.lists {
			now[i] = list.Prefixes()
			known = known || list.Status().Known
		}
		l.mu.Lock()
		ignore := l.ignore
		l.mu.Unlock()
		if s := ignore.State(); known && (first || s != state || !slices.EqualFunc(now, seen, sameSlice)) {
			l.put(now, ignore)
			seen, state = now, s
		} else if !known {
			first = true
		}
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// sameSlice says whether a and b are the same place in memory: lists are replaced, never changed.
func sameSlice(a, b []netip.Prefix) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (l *listing) put(lists [][]netip.Prefix, ignore *jail.Ignore) {
	entries := lists[0]
	if len(lists) > 1 {
		entries = blocklist.Merge(slices.Concat(lists...))
	}
	var wanted action.Refusals
	var spared int
	wanted.Prefixes, wanted.Spared, spared = blocklist.Outside(entries, ignore)
	l.mu.Lock()
	l.wanted, l.spared = wanted, spared
	l.mu.Unlock()
	if l.runner != nil {
		l.runner.Set(wanted)
	}
}

// heed makes ignore say who must not be refused.
func (l *listing) heed(ignore *jail.Ignore) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ignore = ignore
}

// stop ends it, and with flush takes the lists out of the firewall.
func (l *listing) stop(flush bool) {
	l.cancel()
	<-l.done
	if l.runner == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), stopWait)
	defer cancel()
	if err := l.runner.Stop(ctx, flush); err != nil {
		l.daemon.log.Error("stopping a list", "jail", l.name, "err", err)
	}
}

// problems are those of the lists and of the firewall.
func (l *listing) problems() map[string]string {
	texts := map[string]string{}
	for i, list := range l.lists {
		if s := list.Status(); s.Problem != "" {
			texts[strconv.Itoa(i)] = s.Problem
		}
	}
	if l.runner != nil {
		if s := l.runner.Status(); s.Problem != "" {
			texts["firewall"] = "blocklist in " + s.Name + ": " + s.Problem
		}
	}
	return texts
}

// describe is what status shows.
func (l *listing) describe() *control.Blocklist {
	l.mu.Lock()
	described := &control.Blocklist{Networks: len(l.wanted.Prefixes), Spared: l.spared, Lists: []control.ListStatus{}}
	l.mu.Unlock()
	if l.runner != nil {
		s := l.runner.Status()
		described.Enforced, described.Healthy, described.Restored, described.Notes = s.Held, s.Healthy, s.Lost, s.Notes
		if refused, ok := l.runner.Refused(); ok {
			described.Packets, described.Bytes = &refused.Packets, &refused.Bytes
		}
	}
	for _, list := range l.lists {
		s := list.Status()
		described.Lists = append(described.Lists, control.ListStatus{
			Source: s.Source, Entries: s.Entries, Networks: s.Networks, Wide: s.Wide, Reserved: s.Reserved, Faults: s.Faults, Fault: s.Fault,
			Updated: timeOrNil(s.Updated), Problem: s.Problem,
		})
	}
	return described
}

// about is what the lists have of p.
func (l *listing) about(p netip.Prefix) []control.WhyListed {
	l.mu.Lock()
	_, inForce := blocklist.Find(l.wanted.Prefixes, p)
	_, isSpared := blocklist.Find(l.wanted.Spared, p)
	l.mu.Unlock()
	inForce = inForce && !isSpared && l.runner != nil && l.runner.Status().Healthy
	var found []control.WhyListed
	for _, list := range l.lists {
		if entry, ok := blocklist.Find(list.Prefixes(), p); ok {
			found = append(found, control.WhyListed{Jail: l.name, Source: list.Status().Source, Entry: entry.String(), Enforced: inForce})
		}
	}
	return found
}

// stillListed are those of targets that lists refuse, whoever unbans them.
func (d *Daemon) stillListed(targets []target) (listed []control.Listed) {
	for _, l := range d.listings() {
		for _, t := range targets {
			if t.id != "" {
				continue
			}
			for _, found := range l.about(t.prefix) {
				if found.Enforced {
					listed = append(listed, control.Listed{Prefix: t.prefix.String(), Jail: l.name, Source: found.Source, Entry: found.Entry})
				}
			}
		}
	}
	return listed
}

// sameLists says whether the lists of two configurations, and what refuses them, are the same.
func sameLists(a, b config.Jail) bool {
	return slices.Equal(a.Blocklist, b.Blocklist) && a.BlocklistRefresh == b.BlocklistRefresh && a.BlocklistLimits == b.BlocklistLimits && sameFirewall(a, b)
}

// tidyLists removes what is kept of lists that are in no jail any more.
func (d *Daemon) tidyLists(jails []config.Jail) {
	if d.store == nil {
		return
	}
	used := map[string]bool{}
	for _, j := range jails {
		for _, src := range j.Blocklist {
			used[blocklist.KeptName(src)] = true
		}
	}
	files, _ := filepath.Glob(filepath.Join(keptLists(d.storePath), "*.list*"))
	for _, file := range files {
		// A list in use may be writing its file anew right now, under that name.
		if !used[strings.TrimSuffix(filepath.Base(file), blocklist.NewKept)] {
			_ = os.Remove(file) // it is in nobody's way
		}
	}
}
