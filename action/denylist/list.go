package denylist

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"gaol/action"
	"gaol/jail"
)

// List is an action that keeps the bans of one jail among Lists. Use [Lists.For]. It never fails, and what it holds ends
// with its bans.
type List struct {
	lists *Lists
	jail  string
}

var (
	_ action.Action  = (*List)(nil)
	_ action.Checker = (*List)(nil)
	_ action.Holder  = (*List)(nil)
	_ action.Prober  = (*List)(nil)
)

// For is the action of a jail. A jail has one list, whoever keeps it.
func (l *Lists) For(jail string) *List { return &List{lists: l, jail: jail} }

// Start implements action.Action: the jail's list is there, and empty.
func (l *List) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.lists.put(l.jail)
	return nil
}

var errNotStarted = errors.New("the list of the jail is not there: it has to be started")

// Ban implements action.Action.
func (l *List) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	here := l.lists.now()
	return l.change(ctx, bans, func(m *members, entries []entry) {
		kept := entries[:0]
		for _, e := range entries {
			if !runs(e.end, now) {
				continue
			}
			if !e.end.IsZero() {
				e.end = here.Add(e.end.Sub(now)) // which a step of the clock does not move
			}
			kept = append(kept, e)
		}
		m.add(kept)
	})
}

// Unban implements action.Action.
func (l *List) Unban(ctx context.Context, bans []jail.Ban) error {
	return l.change(ctx, bans, (*members).remove)
}

func (l *List) change(ctx context.Context, bans []jail.Ban, do func(*members, []entry)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m := l.lists.of(l.jail)
	if m == nil {
		return errNotStarted
	}
	entries := make([]entry, 0, len(bans))
	for _, b := range bans {
		if prefix, ok := action.Normal(b.Prefix); ok && b.ID == "" {
			entries = append(entries, entry{prefix, b.End})
		}
	}
	do(m, entries)
	l.lists.version.Add(1)
	return nil
}

// Stop implements action.Action.
func (l *List) Stop(context.Context) error {
	l.lists.drop(l.jail)
	return nil
}

// Check implements action.Checker.
func (l *List) Check(context.Context) error {
	if l.lists.of(l.jail) == nil {
		return errNotStarted
	}
	return nil
}

// Holds implements action.Holder.
func (l *List) Holds(_ context.Context, prefix netip.Prefix) (action.Held, error) {
	held := action.Held{Set: "denylist " + l.jail}
	m, now := l.lists.of(l.jail), l.lists.now()
	prefix, ok := action.Normal(prefix)
	if m == nil || !ok {
		return held, nil
	}
	held.AddEnding(prefix, now, func(member netip.Prefix) (until time.Time, ok bool) {
		until, ok = m.end(member)
		return until, ok && runs(until, now)
	})
	return held, nil
}

// Missing implements action.Prober.
func (l *List) Missing(_ context.Context, prefixes []netip.Prefix) (missing []netip.Prefix, err error) {
	m, now := l.lists.of(l.jail), l.lists.now()
	for _, p := range prefixes {
		normal, _ := action.Normal(p)
		if m == nil {
			missing = append(missing, p)
		} else if end, ok := m.end(normal); !ok || !runs(end, now) {
			missing = append(missing, p)
		}
	}
	return missing, nil
}
