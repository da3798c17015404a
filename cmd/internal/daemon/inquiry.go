package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"sync"
	"time"

	"gaol/config"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/program"
	"gaol/jail/store"
)

const (
	// inquiriesAtOnce is how many programs of ignorecommand run at a time.
	inquiriesAtOnce = 4
	// inquiryQueue bounds the addresses that wait for one; more are banned unasked, since a flood of
	// addresses must not be a way to stay.
	inquiryQueue = 1024
	// inquiryRetry is how long an address whose program failed is not asked about again.
	inquiryRetry = time.Minute
	// maxOpinions are kept by a jail.
	maxOpinions = 10_000
)

// inquiry is what the program of a jail's ignorecommand has said of addresses. The path asks it without
// waiting; inquirer runs the program.
type inquiry struct {
	argv []string
	jail string
	keep time.Duration
	// ask queues an address, and says whether there was room.
	ask func(addr netip.Addr) bool

	mu    sync.Mutex
	known map[netip.Addr]opinion
	// spared counts those of known that must not be banned.
	spared int
}

// opinion is what the program said of an address.
type opinion struct {
	spared bool
	// asking says that the program is at it.
	asking bool
	// until is how long it holds.
	until time.Time
}

// newInquiry is nil for a jail without ignorecommand.
func newInquiry(j config.Jail, ask func(q *inquiry, addr netip.Addr) bool) *inquiry {
	if len(j.IgnoreCommand) == 0 {
		return nil
	}
	q := &inquiry{argv: j.IgnoreCommand, jail: j.Name, keep: j.IgnoreRefresh, known: map[netip.Addr]opinion{}}
	q.ask = func(addr netip.Addr) bool { return ask(q, addr) }
	return q
}

// judge is what jail.Options.Judge is. Whoever was spared the last time stays so while the program is asked
// again.
func (q *inquiry) judge(p netip.Prefix, now time.Time) jail.Verdict {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !p.IsSingleIP() {
		return q.judgeAllLocked(p)
	}
	o, known := q.known[p.Addr()]
	if !o.asking && (!known || !now.Before(o.until)) {
		if !q.roomLocked(known, now) || !q.ask(p.Addr()) {
			return verdictOf(o)
		}
		o.asking = true
		q.known[p.Addr()] = o
	}
	if o.asking && !o.spared {
		return jail.Undecided
	}
	return verdictOf(o)
}

func verdictOf(o opinion) jail.Verdict {
	if o.spared {
		return jail.Spared
	}
	return jail.Bannable
}

// judgeAllLocked says whether somebody in p is spared.
func (q *inquiry) judgeAllLocked(p netip.Prefix) jail.Verdict {
	if q.spared > 0 {
		for addr, o := range q.known {
			if o.spared && p.Contains(addr) {
				return jail.Spared
			}
		}
	}
	return jail.Bannable
}

// roomLocked makes room for one more opinion: those that no longer hold go, but whoever is spared stays.
func (q *inquiry) roomLocked(known bool, now time.Time) bool {
	if known || len(q.known) < maxOpinions {
		return true
	}
	for addr, o := range q.known {
		if !o.asking && !o.spared && !now.Before(o.until) {
			delete(q.known, addr)
		}
	}
	return len(q.known) < maxOpinions
}

// learn takes what the program said; fault is why it said nothing: then whoever was spared stays
// so, and all others may be banned.
func (q *inquiry) learn(addr netip.Addr, spared bool, fault error, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	o := q.known[addr]
	o.asking = false
	if fault != nil {
		o.until = now.Add(inquiryRetry)
	} else {
		if o.spared {
			q.spared--
		}
		if spared {
			q.spared++
		}
		o.spared, o.until = spared, now.Add(q.keep)
	}
	q.known[addr] = o
}

// run asks the program about an address: status 0 spares it, 1 does not.
func (q *inquiry) run(ctx context.Context, addr netip.Addr) (spared bool, fault error) {
	family := "inet6"
	if addr.Is4() {
		family = "inet4"
	}
	env := []string{"GAOL_JAIL=" + q.jail, "GAOL_IP=" + addr.String(), "GAOL_FAMILY=" + family}
	_, err := program.Run(ctx, q.argv, env, 4<<10)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ignorecommand: running %s: %w: those of whom it said nothing may be banned", q.argv[0], err)
	}
	return true, nil
}

// inquirer runs the programs of all jails, off the path.
type inquirer struct {
	queue   chan asked
	now     func() time.Time
	decided func(q *inquiry, addr netip.Addr)
	report  func(jail, text string)
}

type asked struct {
	inquiry *inquiry
	addr    netip.Addr
}

func newInquirer(now func() time.Time, decided func(q *inquiry, addr netip.Addr), report func(jail, text string)) *inquirer {
	return &inquirer{queue: make(chan asked, inquiryQueue), now: now, decided: decided, report: report}
}

// ask queues an address; it never blocks.
func (i *inquirer) ask(q *inquiry, addr netip.Addr) bool {
	select {
	case i.queue <- asked{q, addr}:
		return true
	default:
		i.report(q.jail, "ignorecommand: more addresses than can be asked about: some are banned unasked; let "+q.argv[0]+" be faster")
		return false
	}
}

// Run asks about one address after the other until ctx ends; several may run beside each other.
func (i *inquirer) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-i.queue:
			spared, fault := a.inquiry.run(ctx, a.addr)
			if ctx.Err() != nil {
				return nil
			}
			a.inquiry.learn(a.addr, spared, fault, i.now())
			i.decided(a.inquiry, a.addr)
			switch {
			case fault != nil:
				i.report(a.inquiry.jail, fault.Error())
			case len(i.queue) == 0: // not after each answer of a flood, of which some find no room
				i.report(a.inquiry.jail, "")
			}
		}
	}
}

// decide ends the wait of an address for its jail's inquiry.
func (e *engine) decide(q *inquiry, addr netip.Addr, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.cells[q.jail]
	if c == nil || c.inquiry != q {
		return // it was taken away meanwhile
	}
	out, forgotten := c.jail.Decide(netip.PrefixFrom(addr, addr.BitLen()), now)
	var changes store.Changes
	if forgotten != nil {
		e.log.Debug("ignored", "jail", c.name, "host", addr, "by", "ignorecommand")
		changes.Forgotten = []jail.Forgotten{*forgotten}
	}
	cause := filter.Failure{Read: now, Host: addr.String()}
	if bans := e.tellLocked(nil, c, out, cause, &changes); len(bans) > 0 {
		c.enforceLocked(bans)
	}
	e.writer.add(changes)
}
