package cloudflare

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// abandoned is for how long a ban of another host must have been over until this one takes it out: that host
// does not run any more.
const abandoned = time.Hour

// plan is what a round has to do.
type plan struct {
	gone []item
	add  []addition
	// more is how many there is no room for.
	more int
}

// addition is an item to add.
type addition struct {
	prefix netip.Prefix
	mark   mark
}

// see takes note of what is on the list, and says what to do about it and for how many of the changes that is enough.
func (l *List) see(items []item) (todo plan, upTo uint64) {
	now := l.opts.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	wanted := l.wantedLocked()
	there := make(map[netip.Prefix]bool, len(items))
	for _, it := range items {
		prefix, ok := parseItem(it.IP)
		if !ok {
			continue
		}
		there[prefix] = true
		m, marked := parseMark(it.Comment)
		w, want := wanted[prefix]
		switch {
		case !marked || !l.mayChangeLocked(m, now) || want && it.Comment == w.String():
		case want:
			todo.add = append(todo.add, addition{prefix, w}) // it gets the new comment
		default:
			todo.gone = append(todo.gone, it)
		}
	}
	for _, w := range l.jails {
		for prefix := range w.ends {
			if l.seen[prefix] && !there[prefix] {
				w.lost++
			}
		}
	}
	l.seen, l.looked = there, now
	todo.fill(l.missingLocked(wanted), l.opts.Limit-len(items)+len(todo.gone))
	return todo, l.asked
}

// mayChangeLocked says whether an item with this mark is this host's to change: it knows all that the jail wants, or the
// ban is over, in which case there may be nobody else who does.
func (l *List) mayChangeLocked(m mark, now time.Time) bool {
	if m.host != l.opts.Host {
		return m.overBy(abandoned, now)
	}
	w := l.jails[m.jail]
	return w != nil && !w.loading || m.overBy(0, now)
}

// wantedLocked is what all jails want, with the mark of the one that wants it for longest.
func (l *List) wantedLocked() map[netip.Prefix]mark {
	wanted := map[netip.Prefix]mark{}
	for jail, w := range l.jails {
		for prefix, end := range w.ends {
			m := mark{host: l.opts.Host, jail: jail, end: end}
			if before, dup := wanted[prefix]; !dup || cmp.Or(laterFirst(m.end, before.end), cmp.Compare(m.jail, before.jail)) < 0 {
				wanted[prefix] = m
			}
		}
	}
	return wanted
}

// missingLocked is what is wanted and neither there nor refused.
func (l *List) missingLocked(wanted map[netip.Prefix]mark) []addition {
	for prefix := range l.refused {
		if _, want := wanted[prefix]; !want {
			delete(l.refused, prefix)
		}
	}
	var missing []addition
	for prefix, m := range wanted {
		if !l.seen[prefix] && l.refused[prefix] == nil {
			missing = append(missing, addition{prefix, m})
		}
	}
	return missing
}

// fill adds what is missing, as much as there is room for: the bans that stay longest.
func (p *plan) fill(missing []addition, room int) {
	slices.SortFunc(missing, func(a, b addition) int {
		return cmp.Or(laterFirst(a.mark.end, b.mark.end), a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	n := min(len(missing), max(0, room))
	p.add, p.more = append(p.add, missing[:n]...), len(missing)-n
}

// laterFirst orders the ends of bans.
func laterFirst(a, b time.Time) int {
	switch {
	case a.Equal(b):
		return 0
	case a.IsZero():
		return -1
	case b.IsZero():
		return 1
	}
	return b.Compare(a)
}
