package action

import (
	"math"
	"net/netip"
	"slices"

	"gaol/jail"
)

// target is what a ban is about, as a key.
type target struct {
	prefix netip.Prefix
	id     string
}

func targetOf(b jail.Ban) target {
	if b.ID != "" {
		return target{id: b.ID}
	}
	return target{prefix: b.Prefix.Masked()}
}

// change is what the action has yet to be told of one target. With both unban
// and ban set, the unban comes first: a program that is run for each must see
// the pair, and for a firewall it ends in the right state all the same.
type change struct {
	target target
	what   jail.Ban // as told last
	unban  bool
	ban    bool
	seq    uint64 // of the oldest word that has not been done
	last   uint64 // of the newest
	tries  int    // how often it failed by itself
	err    error  // why it failed last
	later  bool   // waits among the delayed
}

// pending holds the changes the action has not been told, at most one for a
// target, in the order in which they came. It is not safe for several
// goroutines.
type pending struct {
	byTarget map[target]*change
	// ready is the order of those to be done next.
	ready []*change
	// delayed are those that failed by themselves and wait to be tried again.
	// One that has become ready since has lost its mark.
	delayed []*change
}

func newPending() *pending { return &pending{byTarget: make(map[target]*change)} }

func (p *pending) ban(t target, b jail.Ban, seq uint64) {
	c := p.open(t, seq)
	c.what, c.ban = b, true
}

func (p *pending) unban(t target, b jail.Ban, seq uint64) {
	c := p.open(t, seq)
	c.what, c.unban, c.ban = b, true, false
}

// open returns the change of t, a new one if there is none. One that was
// delayed is due at once, because it is no longer what failed.
func (p *pending) open(t target, seq uint64) *change {
	c := p.byTarget[t]
	if c == nil {
		c = &change{target: t, seq: seq, last: seq}
		p.byTarget[t] = c
		p.ready = append(p.ready, c)
		return c
	}
	c.last = seq
	if c.later {
		c.later, c.tries = false, 0
		p.ready = append(p.ready, c)
	}
	return c
}

// take removes and returns the first n changes that are ready.
func (p *pending) take(n int) []*change {
	n = min(n, len(p.ready))
	taken := slices.Clone(p.ready[:n])
	p.ready = p.ready[n:]
	if len(p.ready) == 0 {
		p.ready = nil // let go of what a flood has needed
	}
	for _, c := range taken {
		delete(p.byTarget, c.target)
	}
	return taken
}

// putBack returns changes that could not be done to the front, in their order.
func (p *pending) putBack(changes []*change) {
	front := make([]*change, 0, len(changes)+len(p.ready))
	for _, c := range changes {
		if !p.fold(c) {
			p.byTarget[c.target] = c
			front = append(front, c)
		}
	}
	p.ready = append(front, p.ready...)
}

// delay keeps changes until release.
func (p *pending) delay(changes []*change) {
	for _, c := range changes {
		if !p.fold(c) {
			p.byTarget[c.target] = c
			c.later = true
			p.delayed = append(p.delayed, c)
		}
	}
}

// fold adds old to what has been told of its target since, if anything has.
// The newer word decides whether there is a ban; an unban that was not done
// still comes before it.
func (p *pending) fold(old *change) bool {
	newer := p.byTarget[old.target]
	if newer == nil {
		return false
	}
	newer.unban = newer.unban || old.unban
	newer.seq = min(newer.seq, old.seq)
	return true
}

// release makes the delayed changes ready.
func (p *pending) release() {
	for _, c := range p.delayed {
		if c.later {
			c.later = false
			p.ready = append(p.ready, c)
		}
	}
	p.delayed = nil
}

// anyDelayed says whether a change that failed by itself waits to be tried again.
func (p *pending) anyDelayed() bool {
	return slices.ContainsFunc(p.delayed, func(c *change) bool { return c.later })
}

// failedAfter is why something failed of which there was a word after since, nil if nothing has.
func (p *pending) failedAfter(since uint64) error {
	for _, c := range p.delayed {
		if c.later && c.last > since {
			return c.err
		}
	}
	return nil
}

// oldest is the lowest seq of what is ready to be done, or MaxUint64.
func (p *pending) oldest() uint64 {
	lowest := uint64(math.MaxUint64)
	for _, c := range p.byTarget {
		if !c.later {
			lowest = min(lowest, c.seq)
		}
	}
	return lowest
}
