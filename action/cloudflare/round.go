package cloudflare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"gaol/action/notice"
)

const (
	// chunk is how many items go with a request. Cloudflare names no bound.
	chunk = 1000
	// splits is how often a round may try again with half of a batch that was not taken.
	splits = 24
	// abandoned is for how long a ban of another host must have been over until this one takes it out: that host
	// does not run any more.
	abandoned = time.Hour
)

// round brings the list to what is wanted.
func (l *List) round(ctx context.Context) error {
	if l.id == "" {
		if err := l.find(ctx); err != nil {
			return err
		}
	}
	items, err := l.client.items(ctx, l.id)
	if err != nil {
		return err
	}
	todo, upTo := l.see(items)
	// First, as it makes room.
	left := l.remove(ctx, todo.gone)
	if left != nil && !isRefused(left) {
		return left
	}
	t := taking{splits: splits}
	if todo.more > 0 {
		t.short = fmt.Errorf("it has its %d items: let bans be shorter, take out others, or set limit if your plan allows more", l.opts.Limit)
	}
	for part := range slices.Chunk(todo.add, chunk) {
		if err := l.take(ctx, part, &t); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.short = t.short
	if left == nil {
		l.served = upTo
	}
	return left
}

// remove takes items out.
func (l *List) remove(ctx context.Context, gone []item) error {
	for part := range slices.Chunk(gone, chunk) {
		if err := l.client.remove(ctx, l.id, part); err != nil {
			return err
		}
		l.mu.Lock()
		for _, it := range part {
			if prefix, ok := parseItem(it.IP); ok {
				delete(l.seen, prefix)
			}
		}
		l.mu.Unlock()
	}
	return nil
}

// taking is how adding goes in a round.
type taking struct {
	splits int
	// full says that there is room for no more; short is why not all was taken.
	full  bool
	short error
}

// take adds items. Cloudflare takes a batch as a whole or not at all, so that one which is refused is tried again in
// halves: what is good gets in, what is not is found, and so is how much fits.
func (l *List) take(ctx context.Context, part []addition, t *taking) error {
	if t.full {
		return nil
	}
	items := make([]item, len(part))
	for i, a := range part {
		items[i] = item{IP: itemText(a.prefix), Comment: a.mark.String()}
	}
	err := l.client.create(ctx, l.id, items)
	switch {
	case err == nil:
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, a := range part {
			l.seen[a.prefix] = true
		}
		return nil
	case !isRefused(err):
		return err
	case len(part) > 1 && t.splits > 0:
		t.splits--
		half := len(part) / 2
		if err := l.take(ctx, part[:half], t); err != nil {
			return err
		}
		return l.take(ctx, part[half:], t)
	case len(part) > 1 || isFull(err):
		t.full, t.short = isFull(err), err
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[part[0].prefix] = err
	return nil
}

// isRefused says that Cloudflare will not take the same batch later either.
func isRefused(err error) bool {
	f, _ := errors.AsType[*notice.Failure](err)
	return f != nil && f.Refused
}

// fullWords are in what Cloudflare says of a batch for which there is no room; the API's pages give no code for it.
var fullWords = regexp.MustCompile(`(?i)limit|quota|maximum|exceed|too many|capacity`)

func isFull(err error) bool { return fullWords.MatchString(err.Error()) }

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
