// Package cloudflare keeps banned addresses on a list at Cloudflare, for hosts behind it.
//
// Such a host's firewall sees Cloudflare's addresses only. A rule of the account's own refuses what is on a
// list of IP addresses, and gaol keeps that list by the Lists API
// (https://developers.cloudflare.com/waf/tools/lists/lists-api/). A [List] is shared by all jails of this host, a [Set] is
// the action of one of them.
//
// Items bear a comment that says which host and jail they are of, and until when. gaol takes out only what is marked
// so: what it put there itself, and what another host has left behind for an hour after its end. An address is
// on a list once. If another host or somebody by hand has put it there already, it stays as it is, and is put there again at the
// next look once that is gone; so hosts that share a list may let an address in up to five minutes too early.
// The list knows no times: Unban has to be called at a ban's end.
package cloudflare

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Set is the action that keeps the bans of one jail on a list. Use [List.Set].
//
// A ban or unban returns once the list is as it says, which may take Cloudflare some seconds. After Start, all bans in force
// have to come with the first Ban: what that does not name is over.
type Set struct {
	list *List
	jail string
	// cut says that the last change has not come to its end: what the jail wants may not be known yet.
	cut atomic.Bool
}

var (
	_ action.Action  = (*Set)(nil)
	_ action.Checker = (*Set)(nil)
	_ action.Holder  = (*Set)(nil)
)

// Set makes the action of a jail, whose name has no blanks.
func (l *List) Set(jail string) *Set { return &Set{list: l, jail: jail} }

// Start implements action.Action: it looks for the list. What an earlier run left on it stays until the bans in
// force are told or, if there are none, until Check.
func (s *Set) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.cut.Store(false)
	s.list.change(s.jail, func(w *wishes) bool {
		w.loading, w.lost = true, 0
		return false
	})
	return s.list.open(ctx)
}

// Ban implements action.Action. Networks that are too wide for a list are refused by a FailedError, and so is what
// Cloudflare does not take. If the list is full, what is on it stays, and the error says how many bans are left out; they get
// in with the next change or look for which there is room.
func (s *Set) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var wide []jail.Ban
	upTo := s.list.change(s.jail, func(w *wishes) (changed bool) {
		changed = w.load()
		for _, b := range bans {
			prefix, ok := action.Normal(b.Prefix)
			if b.ID != "" || !ok || b.Over(now) {
				continue
			}
			if !fits(prefix) {
				wide = append(wide, b)
				continue
			}
			end, there := w.ends[prefix]
			changed = changed || !there || !end.Equal(b.End) || s.list.refused[prefix] != nil
			w.ends[prefix] = b.End
			delete(s.list.refused, prefix) // it is tried again
		}
		return changed
	})
	if err := s.serve(ctx, upTo, false); err != nil {
		return err
	}
	if err := s.list.leftOut(s.jail); err != nil {
		return err
	}
	return s.list.failed(bans, wide)
}

// Unban implements action.Action.
func (s *Set) Unban(ctx context.Context, bans []jail.Ban) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	upTo := s.list.change(s.jail, func(w *wishes) (changed bool) {
		for _, b := range bans {
			prefix, ok := action.Normal(b.Prefix)
			if _, there := w.ends[prefix]; ok && b.ID == "" && there {
				delete(w.ends, prefix)
				changed = true
			}
		}
		return changed
	})
	return s.serve(ctx, upTo, false)
}

// Stop implements action.Action: it takes out all that is the jail's, of an earlier run as well.
func (s *Set) Stop(ctx context.Context) error {
	upTo := s.list.change(s.jail, func(w *wishes) bool {
		clear(w.ends)
		w.loading = false
		return true
	})
	return s.serve(ctx, upTo, true)
}

// Check implements action.Checker. Every few minutes it compares the list with what should be on it, and puts back
// what somebody else has taken out before it tells of it.
func (s *Set) Check(ctx context.Context) error {
	if !s.cut.Load() {
		upTo := s.list.change(s.jail, (*wishes).load)
		if err := s.serve(ctx, upTo, false); err != nil {
			return err
		}
	}
	if err := s.list.look(ctx); err != nil {
		return err
	}
	lost := 0
	s.list.change(s.jail, func(w *wishes) bool {
		lost, w.lost = w.lost, 0
		return false
	})
	if lost > 0 {
		return fmt.Errorf("items are gone from the list %s at Cloudflare, %d of this jail: %w", s.list.opts.List, lost, action.ErrLost)
	}
	return nil
}

// Holds implements action.Holder, as the list was when it was last read or changed.
func (s *Set) Holds(_ context.Context, prefix netip.Prefix) (action.Held, error) {
	l := s.list
	held := action.Held{Set: "list " + l.opts.List + " at Cloudflare"}
	prefix, ok := action.Normal(prefix)
	if !ok {
		return held, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.jails[s.jail]
	if w == nil {
		return held, nil
	}
	held.AddEnding(prefix, l.opts.Now(), func(member netip.Prefix) (until time.Time, ok bool) {
		until, ok = w.ends[member]
		return until, ok && !w.loading && l.seen[member]
	})
	return held, nil
}

// serve has the list brought to what was wanted after that many changes.
func (s *Set) serve(ctx context.Context, upTo uint64, hurry bool) error {
	err := s.list.serve(ctx, upTo, hurry)
	s.cut.Store(err != nil)
	return err
}

// load begins with what is in force, if that is to be told now.
func (w *wishes) load() (changed bool) {
	if !w.loading {
		return false
	}
	w.loading = false
	clear(w.ends)
	return true
}

// leftOut is why not all bans of a jail are on the list, nil if they are. Those that were refused one by one don't count.
func (l *List) leftOut(jail string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for prefix := range l.jails[jail].ends {
		if !l.seen[prefix] && l.refused[prefix] == nil {
			n++
		}
	}
	switch {
	case n == 0:
		return nil
	case l.short == nil: // somebody else's round has just begun
		return fmt.Errorf("bans are not on the list %s at Cloudflare yet, %d of this jail", l.opts.List, n)
	}
	return fmt.Errorf("bans are left out of the list %s at Cloudflare, %d of this jail: %w", l.opts.List, n, l.short)
}

// failed are those of bans that were refused one by one, and those that are too wide.
func (l *List) failed(bans, wide []jail.Ban) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &action.FailedError{Bans: wide, Err: fmt.Errorf("lists at Cloudflare take networks from /%d (IPv4) and /%d (IPv6) on", widest4, widest6)}
	for _, b := range bans {
		prefix, ok := action.Normal(b.Prefix)
		if !ok || b.ID != "" {
			continue
		}
		if err := l.refused[prefix]; err != nil {
			f.Bans, f.Err = append(f.Bans, b), err
		}
	}
	if len(f.Bans) == 0 {
		return nil
	}
	return f
}
