package iptables

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/jail"
)

const (
	// firstMaxElem is how many members a set takes to begin with. It costs
	// nothing until they are there: ipset grows its table as it fills.
	firstMaxElem = 1 << 18
	lastMaxElem  = 1 << 26
	// spare is added to a set's name for the one that is to take its place.
	spare = "~"
)

// errInUse says that a set cannot be replaced while rules look into it.
var errInUse = errors.New("the set is used by rules")

// ensure makes name an empty set of the family.
func (c *ipsets) ensure(name string, family byte) error {
	h, err := c.header(name)
	switch {
	case errors.Is(err, unix.ENOENT):
		return c.create(name, family, firstMaxElem)
	case err != nil:
		return err
	case h.typeName != setType || h.family != family:
		// Sets of two types cannot be swapped.
		if err := c.remove(name); err != nil {
			return err
		}
		return c.create(name, family, firstMaxElem)
	case !h.timeouts || !h.counters || h.maxElem < firstMaxElem:
		return c.replace(name, family, firstMaxElem, nil)
	}
	return c.flush(name)
}

// remove destroys a set, if it is there, and its spare.
func (c *ipsets) remove(name string) error {
	for _, n := range []string{name, name + spare} {
		err := c.destroy(n)
		if errnoOf(err) == errnoBusy {
			return errInUse
		}
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return nil
}

// replace puts a new set with these members in the place of an old one. Rules
// that look into it go on to do so.
func (c *ipsets) replace(name string, family byte, maxElem uint32, members [][]byte) error {
	if err := c.destroy(name + spare); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	if err := c.create(name+spare, family, maxElem); err != nil {
		return err
	}
	err := c.changeEncoded(cmdAdd, name+spare, members)
	if err == nil {
		err = c.swap(name, name+spare)
	}
	return errors.Join(err, c.destroy(name+spare))
}

// add puts members into a set, which grows if it is full.
func (c *ipsets) add(name string, members []action.Member) error {
	members = splitWhole(members)
	for {
		err := c.change(cmdAdd, name, members)
		if errnoOf(err) != errnoFull {
			return err
		}
		if err := c.grow(name); err != nil {
			return err
		}
	}
}

// grow makes room in a set for four times as many members.
func (c *ipsets) grow(name string) error {
	h, err := c.header(name)
	if err != nil {
		return err
	}
	if h.maxElem >= lastMaxElem {
		return errnoFull
	}
	entries, err := c.list(name)
	if err != nil {
		return err
	}
	members := make([][]byte, 0, len(entries))
	for _, e := range entries {
		members = append(members, e.encoded)
	}
	return c.replace(name, h.family, min(4*h.maxElem, lastMaxElem), members)
}

// del takes members out of a set.
func (c *ipsets) del(name string, members []action.Member) error {
	return c.change(cmdDel, name, splitWhole(members))
}

// splitWhole replaces 0.0.0.0/0 and ::/0, which hash:net does not take, by
// their halves.
func splitWhole(members []action.Member) []action.Member {
	var split []action.Member
	for i, m := range members {
		if m.Prefix.Bits() > 0 {
			if split != nil {
				split = append(split, m)
			}
			continue
		}
		if split == nil {
			split = append(split, members[:i]...)
		}
		lower, upper := jail.Halves(m.Prefix)
		split = append(split, action.Member{Prefix: lower, Timeout: m.Timeout}, action.Member{Prefix: upper, Timeout: m.Timeout})
	}
	if split == nil {
		return members
	}
	return split
}

// Holds implements action.Holder: a prefix is held if it is in the set or lies
// in one that is. The packets are those of all such; to count them, the whole
// set is listed, so this is not for timers.
func (s *Set) Holds(ctx context.Context, prefix netip.Prefix) (action.Held, error) {
	if rules := s.instead(); rules != nil {
		return rules.Holds(ctx, prefix)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := action.Normal(prefix)
	if !ok {
		return action.Held{}, nil
	}
	set := s.v4.set
	if p.Addr().Is6() {
		set = s.v6.set
	}
	if err := s.connect(ctx); err != nil {
		return action.Held{}, err
	}
	holds, err := s.kernel.holds(set, p)
	if err != nil || !holds {
		if errors.Is(err, unix.ENOENT) { // no set: not started, or no IPv6
			err = nil
		}
		if err != nil {
			err = s.failed("asking set "+set+" for "+p.String(), err)
		}
		return action.Held{Set: set}, err
	}
	entries, err := s.kernel.list(set)
	if err != nil {
		return action.Held{}, s.failed("listing set "+set, err)
	}
	held := action.Held{Set: set}
	for _, e := range entries {
		if e.prefix.Bits() <= p.Bits() && e.prefix.Contains(p.Addr()) {
			held.Add(e.prefix, e.left, e.packets)
		}
	}
	return held, nil
}

// Missing implements action.Prober. What cannot be banned (IPv6, where there is
// none) is not missing.
func (s *Set) Missing(ctx context.Context, prefixes []netip.Prefix) ([]netip.Prefix, error) {
	if rules := s.instead(); rules != nil {
		return rules.Missing(ctx, prefixes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	var missing []netip.Prefix
	for _, prefix := range prefixes {
		p, ok := action.Normal(prefix)
		f := s.familyOf(p)
		if !ok || f == nil {
			continue
		}
		holds, err := s.kernel.holds(f.set, p)
		if err != nil {
			return nil, s.failed("asking set "+f.set+" for "+p.String(), err)
		}
		if !holds {
			missing = append(missing, prefix)
		}
	}
	return missing, nil
}

// familyOf is the family in use that p belongs to, or nil.
func (s *Set) familyOf(p netip.Prefix) *family {
	for _, f := range s.families {
		if (f.number == unix.AF_INET6) == p.Addr().Is6() {
			return f
		}
	}
	return nil
}

// holds says whether p is in the set or lies in one that is.
func (c *ipsets) holds(name string, p netip.Prefix) (bool, error) {
	if p.Bits() == 0 {
		lower, upper := jail.Halves(p)
		holds, err := c.test(name, lower)
		if err != nil || !holds {
			return false, err
		}
		return c.test(name, upper)
	}
	// Of a single address, the kernel tries all lengths itself.
	for bits := p.Bits(); bits > 0; bits-- {
		holds, err := c.test(name, netip.PrefixFrom(p.Addr(), bits).Masked())
		if err != nil || holds || p.IsSingleIP() {
			return holds, err
		}
	}
	return false, nil
}

// retryBusy calls f until it fails for another reason than errInUse, for half a
// second: iptables-nft's rules let go of a set a moment after they are gone.
func retryBusy(ctx context.Context, f func() error) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := f()
		if !errors.Is(err, errInUse) || wait > 256*time.Millisecond {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}
