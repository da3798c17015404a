// Package established ends the connections that banned addresses have open when they are banned: the host's
// own sockets, and connections that it passes on, such as those of containers.
//
// A firewall rule refuses what a client sends from then on, and no more: the server's socket stays open until
// its own time limit, what the server still has to say goes out, and a rule in front of gaol's that accepts
// what belongs to an established connection lets all of it go on. So
//
//   - TCP sockets of this host are destroyed as by "ss -K" (sock_diag(7), SOCK_DESTROY): the server's read
//     fails with ECONNABORTED, and the client is sent a reset;
//   - of connections that it passes on, what the client sends is made to belong to none that the kernel keeps track of
//     (conntrack), so that it meets the rules, wherever they stand. That is all that can be done for a
//     container, whose sockets are in a network namespace of its own, or for a host behind this one.
//
// An [Ender] looks through the kernel's tables once for all bans of a moment, and holds up nobody who bans.
// It knows what the jail's rule closes, and leaves everything else alone, and the connections of gaol itself. What was begun on this side is none of a banned
// client's, and ends only where the rule refuses the answers.
package established

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"gaol/action"
	"gaol/action/flows"
	"gaol/jail"
)

// Report is what came of one look at the connections.
type Report struct {
	// Jails are those whose bans were looked for; never empty.
	Jails []string
	// Ended has the prefixes that had connections, in no order.
	Ended []Ended
	// Walks is how many times the kernel was made to walk through one of its tables, and Took how long the look has taken.
	Walks int
	Took  time.Duration
	// Err is what could not be done, nil if all could. What else there was to do has been done.
	Err error
}

// Ended says how many connections of a prefix have ended because of its ban in a jail.
type Ended struct {
	Jail   string
	Prefix netip.Prefix
	Count  int
}

const (
	// lookWait bounds a look; a table of a million connections takes one or two seconds, where there is nothing else to do.
	lookWait = 2 * time.Minute
	// After a look comes a pause of so many times what it took, restLongest at most: a botnet whose hosts are banned one
	// by one costs a fifth of a processor, with 100,000 connections a third, and is cut off within a second or two.
	restFactor  = 4
	restLongest = time.Second
)

// Ender ends connections. Use New.
type Ender struct {
	told func(Report)
	wake chan struct{} // one place: there is something to do

	mu      sync.Mutex // guards all below
	waiting *targets
}

// New makes an Ender that tells told of each look, from Run's goroutine, which waits for it.
func New(told func(Report)) *Ender {
	return &Ender{told: told, wake: make(chan struct{}, 1), waiting: newTargets()}
}

// End has the connections of bans ended that rule closes. It never blocks; what it keeps until the next look is
// a prefix and a rule for each ban.
func (e *Ender) End(rule action.Rule, bans []jail.Ban) {
	e.mu.Lock()
	for _, b := range bans {
		if p, ok := action.Normal(b.Prefix); ok && b.ID == "" {
			e.waiting.add(p, rule)
		}
	}
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// take returns what waits for a look, nil: nothing.
func (e *Ender) take() *targets {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting.empty() {
		return nil
	}
	t := e.waiting
	e.waiting = newTargets()
	return t
}

// Run does what End is told, until ctx is done; then it returns nil.
func (e *Ender) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.wake:
		}
		t := e.take()
		if t == nil {
			continue
		}
		began := time.Now()
		var tables flows.Tables
		jails := t.jails()
		t.leaveOut(flows.Through)
		err := look(ctx, &tables, t)
		if ctx.Err() != nil {
			return nil
		}
		took := time.Since(began)
		e.told(Report{Jails: jails, Ended: t.ended(), Walks: tables.Walks, Took: took, Err: err})
		rest := time.NewTimer(min(restFactor*took, restLongest))
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
	}
}
