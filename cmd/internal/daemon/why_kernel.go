package daemon

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"gaol/action"
	"gaol/cmd/internal/control"
)

const (
	// kernelWait is how long a firewall may take to say what it holds.
	kernelWait = 3 * time.Second
	// lately is how long packets are watched, to see whether more come.
	lately = time.Second
	// kernelMembers bounds for how many bans inside of a prefix the kernel is asked.
	kernelMembers = 20
)

// firewall is what enforces the bans of a jail.
type firewall struct {
	jail   string
	runner *runner
}

// askKernel asks all firewalls at the same time what they hold, and those that hold something
// again a while later.
func (q *question) askKernel(ctx context.Context, firewalls []firewall) {
	if q.target.ID != "" {
		return // no firewall holds an id
	}
	var asked []kernelQuestion
	for _, f := range firewalls {
		for _, p := range q.prefixesOf(f.jail) {
			asked = append(asked, kernelQuestion{firewall: f, prefix: p})
		}
	}
	began := time.Now()
	askAll(ctx, asked)
	again := false
	for i := range asked {
		asked[i].first = asked[i].held.Packets
		again = again || asked[i].held.Holds
	}
	if again {
		select {
		case <-ctx.Done():
		case <-time.After(lately):
		}
		askAll(ctx, asked)
	}
	for _, a := range asked {
		q.why.Kernel = append(q.why.Kernel, a.describe(time.Since(began)))
	}
}

// prefixesOf are those for which a jail's firewall is asked: the target, and what is banned inside
// of it.
func (q *question) prefixesOf(jail string) []netip.Prefix {
	prefixes := []netip.Prefix{q.target.Prefix}
	for _, b := range q.why.Bans {
		p, err := netip.ParsePrefix(b.Prefix)
		if err == nil && b.Jail == jail && p.Bits() > q.target.Prefix.Bits() && len(prefixes) <= kernelMembers {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// kernelQuestion is one question to one firewall, and the answer.
type kernelQuestion struct {
	firewall
	prefix netip.Prefix
	held   action.Held
	// first is the number of packets at the first time of asking.
	first uint64
	err   error
	// known says that the action can tell.
	known bool
}

func askAll(ctx context.Context, asked []kernelQuestion) {
	ctx, cancel := context.WithTimeout(ctx, kernelWait)
	defer cancel()
	var all sync.WaitGroup
	for i := range asked {
		all.Go(func() {
			a := &asked[i]
			a.held, a.known, a.err = a.runner.Holds(ctx, a.prefix)
		})
	}
	all.Wait()
}

func (a *kernelQuestion) describe(took time.Duration) control.WhyKernel {
	k := control.WhyKernel{Jail: a.jail, Action: a.runner.Status().Name, Set: a.held.Set, Holds: a.held.Holds}
	switch {
	case a.err != nil:
		k.Problem = a.err.Error()
	case !a.known:
		k.Problem = "it cannot say what it holds"
	case a.held.Holds:
		k.Member = a.held.Member.String()
		if a.held.Left > 0 {
			left := a.held.Left.Seconds()
			k.LeftSeconds = &left
		}
		if a.held.Uncounted {
			break
		}
		k.Packets = a.held.Packets
		// A set that was made anew meanwhile counts from 0 on.
		if a.held.Packets >= a.first {
			k.PacketsLately, k.LatelySeconds = a.held.Packets-a.first, took.Seconds()
			dropping := k.PacketsLately > 0
			k.Dropping = &dropping
		}
	}
	return k
}
