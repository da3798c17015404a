package iptables

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"gaol/action"
	"gaol/jail"
)

// list is one of the two sides of Rules: a chain in which each banned address has a rule.
type list struct {
	*family
	// held is what was put into the chain since Start, and until when; the zero time: for ever.
	held map[netip.Prefix]time.Time
	// listed is what the chain had when it was read last; it is read again once mark is another, see look.
	listed map[netip.Prefix]bool
	others int // rules of the chain that are no address of ours
	mark   string
	sound  bool // the last check found nothing wrong with what was read
	checks int  // since Start
	// resting is how many more checks are done without reading.
	resting int
}

// start makes the rules and an empty chain.
func (l *list) start(ctx context.Context) error {
	l.held, l.listed, l.mark, l.sound, l.checks, l.resting = make(map[netip.Prefix]time.Time), nil, "", false, 0, 0
	l.overtaken, l.regained = nil, 0
	// Declared first, because jumps lead there. Jumps into a set's chain still have their set.
	var s script
	s.empty(l.chain)
	if err := l.restore(ctx, s); err != nil {
		return explain("emptying chain "+l.chain, err)
	}
	return l.makeRules(ctx)
}

// add puts members into the chain that are not there yet.
func (l *list) add(ctx context.Context, members []action.Member, now time.Time) error {
	members = splitWhole(members)
	var s script
	for _, m := range members {
		if _, ok := l.held[m.Prefix]; !ok {
			l.append(&s, m.Prefix)
		}
	}
	if s.Len() > 0 {
		if err := l.restore(ctx, s); err != nil {
			return err
		}
	}
	for _, m := range members {
		var end time.Time
		if m.Timeout > 0 {
			end = now.Add(m.Timeout)
		}
		l.held[m.Prefix] = end
	}
	return nil
}

func (l *list) append(s *script, p netip.Prefix) {
	s.line("-A " + l.chain + " -s " + p.String() + " -j " + l.refuses())
}

// fewDeletions is up to how many rules are taken out one by one: each is looked for among all the others, so that for
// more of them it is quicker to fill the chain anew. That also sets their counters to 0.
const fewDeletions = 8

// del takes members out of the chain.
func (l *list) del(ctx context.Context, members []action.Member) error {
	gone := make(map[netip.Prefix]bool)
	var s script
	for _, m := range splitWhole(members) {
		if _, ok := l.held[m.Prefix]; ok {
			gone[m.Prefix] = true
			s.line("-D " + l.chain + " -s " + m.Prefix.String() + " -j " + l.refuses())
		}
	}
	if len(gone) == 0 {
		return nil
	}
	// It fails as a whole if another program was there first. Filling anew is always right.
	if len(gone) > fewDeletions || l.restore(ctx, s) != nil {
		if err := l.refill(ctx, gone); err != nil {
			return err
		}
	}
	for p := range gone {
		delete(l.held, p)
	}
	return nil
}

// refill has the chain hold all that is held but gone, from one packet to the next.
func (l *list) refill(ctx context.Context, gone map[netip.Prefix]bool) error {
	var s script
	s.empty(l.chain)
	for p := range l.held {
		if !gone[p] {
			l.append(&s, p)
		}
	}
	return l.restore(ctx, s)
}

// check looks whether rules and addresses are those that should be there.
func (l *list) check(ctx context.Context) error {
	if l.resting > 0 {
		l.resting--
		return nil
	}
	if l.checks++; l.checks%thoroughEvery == 0 {
		l.mark = "" // which may hide something, see tableInfo
	}
	if err := l.look(ctx); err != nil {
		return err
	}
	if l.sound {
		return nil
	}
	if err := l.checkRules(); err != nil {
		return err
	}
	if err := l.regain(ctx); err != nil {
		return err
	}
	missing := 0
	for p := range l.held {
		if !l.listed[p] {
			missing++
		}
	}
	strangers := l.others + len(l.listed) + missing - len(l.held)
	if missing > 0 || strangers > 0 {
		return fmt.Errorf("checking iptables: in chain %s, %d of %d addresses are missing and %d rules are not gaol's: %w",
			l.chain, missing, len(l.held), strangers, action.ErrLost)
	}
	l.sound = true
	return nil
}

// Reading a long chain takes iptables a while: so that a firewall in which something changes all the time is not read all the
// time, checks rest after a slow one. At two of them a second it takes a twentieth of a core then.
const (
	slowLook = 100 * time.Millisecond
	restFor  = 25 * time.Millisecond
)

// look reads the rules, unless the kernel says that they are as they were when they were read last.
func (l *list) look(ctx context.Context) error {
	if l.resting > 0 && l.listed != nil {
		return nil
	}
	mark := l.changes(ctx)
	if mark != "" && mark == l.mark {
		return nil
	}
	l.sound = false
	began := time.Now()
	if err := l.read(ctx); err != nil {
		return err
	}
	if took := time.Since(began); took > slowLook {
		l.resting = int(took / restFor)
	}
	l.listed, l.others = make(map[netip.Prefix]bool), 0
	for _, rule := range l.seen.byChain[l.chain] {
		p, _, ok := l.address(rule)
		if !ok || l.listed[p] {
			l.others++
			continue
		}
		l.listed[p] = true
	}
	l.mark = mark
	return nil
}

// has says whether the chain as it was read last refuses p.
func (l *list) has(p netip.Prefix) bool {
	if p.Bits() == 0 {
		lower, upper := jail.Halves(p)
		return l.listed[lower] && l.listed[upper]
	}
	for bits := p.Bits(); bits > 0; bits-- {
		if l.listed[netip.PrefixFrom(p.Addr(), bits).Masked()] {
			return true
		}
	}
	return false
}

// holds reads the chain with its counters, and says which of its rules refuse p.
func (l *list) holds(ctx context.Context, p netip.Prefix) (action.Held, error) {
	held := action.Held{Set: l.chain}
	out, err := l.command(ctx, l.path, "-t", filter, "-S", l.chain, "-v", "--wait", fmt.Sprint(lockSeconds)).Output()
	if err != nil {
		if _, failed := l.seen.byChain[l.chain]; failed || ctx.Err() != nil {
			err = explain("reading chain "+l.chain, err)
		}
		return held, err
	}
	now := time.Now()
	halvesHeld := 0
	for _, rule := range parseRules(string(out)).byChain[l.chain] {
		member, packets, ok := l.address(rule)
		if !ok {
			continue
		}
		if p.Bits() == 0 && member.Bits() == 1 {
			halvesHeld++
		}
		if member.Bits() > p.Bits() || !member.Contains(p.Addr()) {
			continue
		}
		var left time.Duration
		if end := l.held[member]; !end.IsZero() {
			left = max(end.Sub(now), 1) // it is overdue, not for ever
		}
		held.Add(member, left, packets)
	}
	held.Holds = held.Holds || halvesHeld == 2
	return held, nil
}

// address reads a rule of the chain as iptables -S writes it: "-s 192.0.2.7/32 -j gaol-web~", with -v also "-c 3 180"
// before the target.
func (l *list) address(rule string) (p netip.Prefix, packets uint64, ok bool) {
	w := strings.Fields(rule)
	if len(w) == 7 && w[2] == "-c" {
		packets, _ = strconv.ParseUint(w[3], 10, 64)
		w = append(w[:2:2], w[5:]...)
	}
	if len(w) != 4 || w[0] != "-s" || w[2] != "-j" || w[3] != l.refuses() {
		return p, 0, false
	}
	p, err := netip.ParsePrefix(w[1])
	return p, packets, err == nil
}
