package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// recall makes the jails that do not run yet, with the bans and counts that the store has of them.
// Nobody else knows these jails so far, so that lines go on to be counted for all others, however much
// there is to recall.
func (t *transition) recall(ctx context.Context, running map[string]*cell) {
	began := map[string]*cell{}
	findtimes := map[string]time.Duration{}
	for i := range t.wishes {
		w := &t.wishes[i]
		if running[w.Name] != nil || len(w.Problems) > 0 {
			continue
		}
		if w.cell, w.err = newCell(w.Jail, w.ignore, newInquiry(w.Jail, t.inquire)); w.err == nil {
			began[w.Name], findtimes[w.Name] = w.cell, w.FindTime
		}
	}
	if len(began) == 0 {
		return
	}
	now := t.opts.Now()
	for i := range t.wishes {
		if w := &t.wishes[i]; began[w.Name] != nil {
			t.beginFirewall(w)
		}
	}
	t.remember(ctx, began, now)
	failures := t.recount(ctx, began, findtimes, now)
	if failures > 0 {
		t.log.Info("restored counted failures", "count", failures, "took", t.opts.Now().Sub(now))
	}
}

// beginFirewall has what enforces a jail's bans take them while the store is still being read. If there is none, exchangeLocked
// finds that out again, and says so.
func (t *transition) beginFirewall(w *wish) {
	made, err := t.firewallOf(w.Jail)
	if err != nil || made == nil {
		return
	}
	r := t.newRunner(w.cell, *made)
	t.mu.Lock()
	w.cell.runners, w.cell.firewall = []*runner{r}, r
	t.mu.Unlock()
	r.start()
}

// remember gives jails what the store knows of them besides counted failures: the bans in force, as they come, and then the rest.
func (t *transition) remember(ctx context.Context, began map[string]*cell, now time.Time) {
	if t.store == nil {
		return
	}
	if !t.start {
		// One that was taken away a moment ago may be on its way into the store.
		waiting, cancel := context.WithTimeout(ctx, syncWait)
		defer cancel()
		if err := t.writer.flush(waiting); err != nil {
			t.noteRecall("bans", "starting jails without their stored bans", err)
			return
		}
	}
	err := t.store.InForce(ctx, now, func(part []jail.Ban) {
		for i := range t.wishes {
			if w := &t.wishes[i]; began[w.Name] != nil {
				t.restore(w, part, now)
			}
		}
	})
	t.noteRecall("bans", "starting jails without some of their stored bans", err)
	for i := range t.wishes {
		if w := &t.wishes[i]; began[w.Name] != nil && len(w.restored) > 0 {
			slices.Reverse(w.restored) // whoever is told of each hears of the oldest first
			t.log.Info("restored bans", "jail", w.Name, "count", len(w.restored), "took", t.opts.Now().Sub(now))
		}
	}
	past, err := t.store.Past(ctx)
	t.noteRecall("past", "starting jails that do not know of earlier bans", err)
	for _, c := range began {
		c.restorePast(&past, now)
	}
}

// restore puts those of some bans in force that are the jail's.
func (t *transition) restore(w *wish, bans []jail.Ban, now time.Time) {
	running := w.cell.jail.Restore(bans, nil, now)
	w.restored = append(w.restored, running...)
	t.mu.Lock()
	defer t.mu.Unlock()
	w.cell.enforceLocked(running)
}

// restorePast takes up what the store knows of a jail besides bans in force and counted failures.
func (c *cell) restorePast(past *store.State, now time.Time) {
	c.jail.Restore(nil, past.Earlier[c.name], now)
	if c.conf.Increment.OverallJails { // it takes a look at the bans of all jails
		c.jail.RestoreOthers(past.OthersOf(c.name), now)
	}
	c.jail.RestoreTrust(past.Trusted, now)
}

// recount gives jails the failures that were counted before, and says how many they were.
func (t *transition) recount(ctx context.Context, jails map[string]*cell, findtimes map[string]time.Duration, now time.Time) (failures int) {
	if t.store == nil {
		return 0
	}
	err := t.store.Counted(ctx, findtimes, func(c jail.Counted) {
		jails[c.Jail].jail.RestoreFailure(c, now)
		failures++
	})
	t.noteRecall("counts", "starting jails without some of their counted failures", err)
	text := ""
	if damage := t.store.Damaged(); damage != nil {
		text = damage.Error()
	}
	t.problems.set("", "store:damaged", text)
	return failures
}

// recallNetworks gives jails that begin to ban networks the latest bans of their hosts. At a reload some may be on
// their way into the store.
func (t *transition) recallNetworks(ctx context.Context, running map[string]*cell) {
	if t.store == nil {
		return
	}
	for i := range t.wishes {
		w := &t.wishes[i]
		runs := running[w.Name]
		if len(w.Problems) > 0 || !w.Escalate.Enabled || runs != nil && !otherNetworks(runs.conf.Escalate, w.Escalate) {
			continue
		}
		recent, err := t.recent(ctx, w.Jail)
		if err != nil {
			// It counts from now on, so that nothing stays wrong for longer than findtime.
			t.log.Warn("hosts banned before do not count for their networks", "jail", w.Name, "err", err)
		}
		if w.cell != nil {
			w.cell.jail.RestoreNetworks(recent, t.opts.Now())
		} else {
			w.recent = recent
		}
	}
}

// otherNetworks says whether a jail that runs has yet to learn which networks its hosts are in.
func otherNetworks(before, after jail.Escalate) bool {
	return !before.Enabled || before.IPv4Prefix != after.IPv4Prefix || before.IPv6Prefix != after.IPv6Prefix
}

func (t *transition) recent(ctx context.Context, j config.Jail) (list []jail.Recent, err error) {
	ctx, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	if !t.start {
		if err := t.writer.flush(ctx); err != nil {
			return nil, err
		}
	}
	list, err = t.store.Recent(ctx, j.Name, j.Escalate.FindTime)
	t.forgot = t.forgot || errors.Is(err, store.ErrBegunAnew)
	return list, err
}

// noteRecall shows what went wrong, or that nothing did.
func (t *transition) noteRecall(key, doing string, err error) {
	text := ""
	if err != nil {
		text = fmt.Sprintf("%s: %v", doing, err)
	}
	t.problems.set("", "store:"+key, text)
	t.forgot = t.forgot || errors.Is(err, store.ErrBegunAnew)
}
