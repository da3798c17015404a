package daemon

import (
	"context"
	"net"
	"net/netip"
	"time"

	"gaol/filter"
)

const (
	// resolverQueue bounds the failures that wait for a look-up; more are
	// dropped, since a flood of names must neither fill memory nor the name server.
	resolverQueue = 256
	resolverWait  = 5 * time.Second
	// resolverKeep is how long an answer, also a failed one, is used again.
	resolverKeep  = 5 * time.Minute
	resolverNames = 1024
)

// resolver looks up host names that a jail counts (usedns), one at a time, off the path.
type resolver struct {
	queue   chan unresolved
	deliver func(c *cell, f filter.Failure, addrs []netip.Addr)
	report  func(c *cell, text string)
	now     func() time.Time
	known   map[string]answer
}

type unresolved struct {
	cell    *cell
	failure filter.Failure
}

type answer struct {
	addrs []netip.Addr
	until time.Time
}

// ask queues a failure; it never blocks.
func (r *resolver) ask(c *cell, f filter.Failure) {
	select {
	case r.queue <- unresolved{c, f}:
	default:
		r.report(c, "more host names than can be looked up: some failures are not counted; log addresses instead of names")
	}
}

// Run looks names up until ctx ends.
func (r *resolver) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case u := <-r.queue:
			r.deliver(u.cell, u.failure, r.lookup(ctx, u.failure.Host))
			if len(r.queue) == 0 {
				r.report(u.cell, "")
			}
		}
	}
}

func (r *resolver) lookup(ctx context.Context, name string) []netip.Addr {
	if a, ok := r.known[name]; ok && r.now().Before(a.until) {
		return a.addrs
	}
	ctx, cancel := context.WithTimeout(ctx, resolverWait)
	defer cancel()
	// A name that can't be resolved accuses nobody.
	addrs, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if len(r.known) >= resolverNames {
		clear(r.known)
	}
	r.known[name] = answer{addrs, r.now().Add(resolverKeep)}
	return addrs
}
