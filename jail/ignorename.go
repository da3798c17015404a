package jail

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// nameAge is how long an answer holds; fail2ban's.
	nameAge = 5 * time.Minute
	// nameRetry is how long a failed look-up waits for its next try.
	nameRetry   = time.Minute
	nameTimeout = 5 * time.Second
	// nameLookups run at a time.
	nameLookups = 8
)

// ignoreName is a host name in ignoreip.
type ignoreName struct {
	name  string
	addrs []netip.Addr
	// next is when to look it up again; zero: at once.
	next time.Time
	// changed says that the last answer was another one than that before.
	changed bool
	// err is why there was no answer the last time; it is told until there is one.
	err error
}

// refreshNames looks up the names that are due. An answer that cannot be had leaves the last one in
// place: who depends on it must not be locked out by a name server's fault.
func (ig *Ignore) refreshNames(ctx context.Context, now time.Time) []error {
	errs := make([]error, len(ig.names))
	slots := make(chan struct{}, nameLookups)
	var all sync.WaitGroup
	for i, n := range ig.names {
		if now.Before(n.next) {
			errs[i] = n.err
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			n.err = n.refresh(ctx, now, ig.opts.Lookup)
			errs[i] = n.err
		})
	}
	all.Wait()
	for _, n := range ig.names {
		ig.changed = ig.changed || n.changed
		n.changed = false
	}
	return withoutNil(errs)
}

func (n *ignoreName) refresh(ctx context.Context, now time.Time, lookup func(context.Context, string) ([]netip.Addr, error)) error {
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	addrs, err := lookup(ctx, n.name)
	if err != nil {
		n.next = now.Add(nameRetry)
		return fmt.Errorf("looking up %q for ignoreip: %w: its last known addresses (%d) stay ignored", n.name, err, len(n.addrs))
	}
	n.next = now.Add(nameAge)
	for i, a := range addrs {
		addrs[i] = a.Unmap().WithZone("")
	}
	slices.SortFunc(addrs, netip.Addr.Compare) // name servers rotate their answers
	n.changed = !slices.Equal(n.addrs, addrs)
	n.addrs = addrs
	return nil
}

func withoutNil(errs []error) []error {
	var kept []error
	for _, err := range errs {
		if err != nil {
			kept = append(kept, err)
		}
	}
	return kept
}
