package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"gaol/action"
	"gaol/action/notice"
)

const (
	// chunk is how many items go with a request. Cloudflare names no bound.
	chunk = 1000
	// splits is how often a round may try again with half of a batch that was not taken.
	splits = 24
	// While another operation of the account is under way, a round is tried again soon, some times.
	busyFirst = 250 * time.Millisecond
	busyTries = 5
)

// round brings the list to what is wanted. If another operation is in the way, it begins anew after that, with what it
// has left: an operation of a run that crashed, too, ends some time.
func (l *List) round(ctx context.Context) error {
	if l.id == "" {
		if err := l.find(ctx); err != nil {
			return err
		}
	}
	pause := busyFirst
	for try := 1; ; try++ {
		err := l.bringAbout(ctx)
		if !isBusy(err) || try == busyTries {
			return err
		}
		if err := action.Pause(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// bringAbout is one try of a round.
func (l *List) bringAbout(ctx context.Context) error {
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

// isBusy says that another operation of the account is under way: 429 as for too many requests, but without a time to wait
// ("Lists API: Rate limiting for Lists API requests").
func isBusy(err error) bool {
	f, _ := errors.AsType[*notice.Failure](err)
	return f != nil && f.Status == http.StatusTooManyRequests && f.After == 0
}

// fullWords are in what Cloudflare says of a batch for which there is no room; the API's pages give no code for it.
var fullWords = regexp.MustCompile(`(?i)limit|quota|maximum|exceed|too many|capacity`)

func isFull(err error) bool { return fullWords.MatchString(err.Error()) }
