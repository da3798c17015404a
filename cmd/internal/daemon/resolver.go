package daemon

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
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
	// resolverAddrs is how many addresses of a name are counted: whoever chooses the name
	// chooses the answer.
	resolverAddrs = 16
)

// resolver looks up host names that a jail counts (usedns), one at a time, off the path.
type resolver struct {
	queue   chan unresolved
	lookup  func(ctx context.Context, name string) ([]netip.Addr, error)
	deliver func(c *cell, failures []filter.Failure)
	report  func(jail, text string)
	now     func() time.Time
	known   map[string]answer

	mu sync.Mutex
	// full are the jails of which failures were dropped.
	full map[string]bool
}

type unresolved struct {
	cell    *cell
	failure filter.Failure
}

type answer struct {
	addrs []netip.Addr
	until time.Time
}

func newResolver(opts Options, deliver func(*cell, []filter.Failure), report func(jail, text string)) *resolver {
	r := &resolver{
		queue: make(chan unresolved, resolverQueue), lookup: opts.Lookup, deliver: deliver, report: report, now: opts.Now,
		known: map[string]answer{}, full: map[string]bool{},
	}
	if r.lookup == nil {
		r.lookup = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	return r
}

// ask queues a failure; it never blocks.
func (r *resolver) ask(c *cell, f filter.Failure) {
	select {
	case r.queue <- unresolved{c, f}:
		return
	default:
	}
	r.mu.Lock()
	r.full[c.name] = true
	r.mu.Unlock()
	r.report(c.name, "more host names than can be looked up: some failures are not counted; log addresses instead of names")
}

// Run looks names up until ctx ends.
func (r *resolver) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case u := <-r.queue:
			r.deliver(u.cell, named(u.failure, r.addresses(ctx, u.failure.Host)))
			if len(r.queue) == 0 {
				r.recover()
			}
		}
	}
}

// recover takes back what was said about a full queue.
func (r *resolver) recover() {
	r.mu.Lock()
	jails := slices.Collect(maps.Keys(r.full))
	clear(r.full)
	r.mu.Unlock()
	for _, jail := range jails {
		r.report(jail, "")
	}
}

// addresses are those of a name, from the answers of a while ago or new ones.
func (r *resolver) addresses(ctx context.Context, name string) []netip.Addr {
	if a, ok := r.known[name]; ok && r.now().Before(a.until) {
		return a.addrs
	}
	ctx, cancel := context.WithTimeout(ctx, resolverWait)
	defer cancel()
	// A name that can't be resolved accuses nobody.
	addrs, _ := r.lookup(ctx, name)
	addrs = addrs[:min(len(addrs), resolverAddrs)]
	if len(r.known) >= resolverNames {
		clear(r.known)
	}
	r.known[name] = answer{addrs, r.now().Add(resolverKeep)}
	return addrs
}

// named is a host name's failure as one of each of its addresses.
func named(f filter.Failure, addrs []netip.Addr) []filter.Failure {
	failures := make([]filter.Failure, 0, len(addrs))
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		g := f
		g.Prefix = netip.PrefixFrom(a, a.BitLen())
		failures = append(failures, g)
	}
	return failures
}
