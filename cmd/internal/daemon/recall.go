package daemon

import (
	"context"
	"errors"
	"fmt"
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
	if t.state == nil {
		t.state = t.remembered(ctx)
	}
	for i := range t.wishes {
		if w := &t.wishes[i]; began[w.Name] != nil {
			t.restore(w)
		}
	}
	now := t.opts.Now()
	failures := t.recount(ctx, began, findtimes, now)
	if failures > 0 {
		t.log.Info("restored counted failures", "count", failures, "took", t.opts.Now().Sub(now))
	}
}

func (t *transition) restore(w *wish) {
	now := t.opts.Now()
	w.restored = w.cell.restore(t.state, now)
	if len(w.restored) > 0 {
		t.log.Info("restored bans", "jail", w.Name, "count", len(w.restored), "took", t.opts.Now().Sub(now))
	}
}

// restore takes up what the store knows of a jail besides counted failures, and returns the bans that are in force.
func (c *cell) restore(st *store.State, now time.Time) (running []jail.Ban) {
	running = c.jail.Restore(st.Bans, st.Earlier[c.name], now)
	if c.conf.Increment.OverallJails { // it takes a look at the bans of all jails
		c.jail.RestoreOthers(st.OthersOf(c.name), now)
	}
	c.jail.RestoreTrust(st.Trusted, now)
	return running
}

// remembered is what the store knows besides counted failures, for jails that a reload brings.
func (t *transition) remembered(ctx context.Context) *store.State {
	if t.store == nil {
		return &store.State{}
	}
	// One that was taken away a moment ago may be on its way into the store.
	waiting, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	state, err := store.State{}, t.writer.flush(waiting)
	if err == nil {
		state, err = t.store.Load(ctx, t.opts.Now())
	}
	t.noteRecall("reload", "starting jails without their stored bans", err)
	return &state
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
func (t *transition) recallNetworks(ctx context.Context, running map[string]*cell, reload bool) {
	if t.store == nil {
		return
	}
	for i := range t.wishes {
		w := &t.wishes[i]
		runs := running[w.Name]
		if len(w.Problems) > 0 || !w.Escalate.Enabled || runs != nil && !otherNetworks(runs.conf.Escalate, w.Escalate) {
			continue
		}
		recent, err := t.recent(ctx, w.Jail, reload)
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

func (t *transition) recent(ctx context.Context, j config.Jail, reload bool) (list []jail.Recent, err error) {
	ctx, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	if reload {
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
