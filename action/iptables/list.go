package iptables

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// listPrefix begins the names of a list's chain and sets. No name of a jail has a colon, so they are never those
// of a jail's bans.
const listPrefix = "gaol:"

// maxListChange is up to how many entries are changed one by one instead of as a new set that takes the place of the old.
const maxListChange = 4096

// List is the list of a jail: chain gaol:JAIL, and sets gaol:JAIL and gaol:JAIL6 of type hash:net, whose rules are
// those of a [Set]. Use NewList.
//
// A new list is put into a set that no rule looks into, and then swapped with the one in use, which the kernel
// does between two packets (ipset(8), swap). The sets have neither timeouts nor counters, which would be most of their size. Who is
// spared is in the same sets, marked nomatch: of what holds an address, the narrowest decides (ipset(8), hash:net).
type List struct {
	// set has rules and connection; its members are not used.
	set *Set

	mu sync.Mutex // guards held, and one Replace at a time
	// held is what the sets hold, nil: not known.
	held *action.Refusals
}

var _ action.Blocker = (*List)(nil)

// NewList checks opts. It starts nothing and touches neither kernel nor programs.
func NewList(opts Options) (*List, error) {
	s, err := newSet(opts, listPrefix)
	if err != nil {
		return nil, err
	}
	return &List{set: s}, nil
}

// Notes implements action.Noter.
func (l *List) Notes() []string { return l.set.Notes() }

// Replace implements action.Blocker.
func (l *List) Replace(ctx context.Context, list action.Refusals) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.connect(ctx); err != nil {
		return err
	}
	if l.held != nil {
		if c, ok := differenceOf(*l.held, list); ok {
			err := l.change(c, list)
			if errnoOf(err) != errnoFull {
				return err
			} // a new set has more room
		}
	}
	l.held, s.families, s.notes = nil, nil, nil
	use, err := s.usable(ctx)
	if err != nil {
		return err
	}
	for _, f := range use {
		if err := l.load(ctx, f, list); err != nil {
			return s.failed(fmt.Sprintf("putting %d entries into set %s", len(list.Prefixes), f.set), err)
		}
		if err := f.makeRules(ctx); err != nil {
			return err
		}
	}
	if err := s.begin(use); err != nil {
		return err
	}
	l.held = &list
	return nil
}

// difference is what brings the sets from one list to another.
type difference struct {
	gone, fresh, noLongerSpared, newlySpared []netip.Prefix
}

// differenceOf is false where that is too much, or where a prefix changes sides: a set has it only once.
func differenceOf(before, after action.Refusals) (d difference, ok bool) {
	if d.gone, d.fresh, ok = action.ListDifference(before.Prefixes, after.Prefixes, maxListChange); !ok {
		return d, false
	}
	d.noLongerSpared, d.newlySpared, ok = action.ListDifference(before.Spared, after.Spared, maxListChange)
	return d, ok && !meet(d.gone, d.newlySpared) && !meet(d.noLongerSpared, d.fresh)
}

// meet says whether some prefix is in both.
func meet(a, b []netip.Prefix) bool {
	return len(b) > 0 && slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.Contains(b, p) })
}

// change makes that difference. What is new comes before what is old goes, as sets may hold
// prefixes that lie in each other, and nobody is refused who is to be spared.
func (l *List) change(d difference, list action.Refusals) error {
	l.held = nil // unless all goes well
	kernel := l.set.kernel
	for _, f := range l.set.families {
		of := func(prefixes []netip.Prefix) []netip.Prefix { return ofFamily(prefixes, f.number) }
		err := kernel.changeNets(cmdAdd, f.set, of(d.newlySpared), flagNoMatch)
		if err == nil {
			err = kernel.changeNets(cmdAdd, f.set, of(d.fresh), 0)
		}
		if err == nil {
			err = kernel.changeNets(cmdDel, f.set, of(d.gone), 0)
		}
		if err == nil {
			err = kernel.changeNets(cmdDel, f.set, of(d.noLongerSpared), flagNoMatch)
		}
		if err != nil {
			return l.set.failed("changing set "+f.set, err)
		}
	}
	l.held = &list
	return nil
}

// load makes list what the set of f holds.
func (l *List) load(ctx context.Context, f *family, list action.Refusals) error {
	kernel := l.set.kernel
	if err := kernel.destroy(f.set + spare); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	prefixes, spared := ofFamily(list.Prefixes, f.number), ofFamily(list.Spared, f.number)
	if err := kernel.createList(f.set+spare, f.number, len(prefixes)+len(spared)); err != nil {
		return err
	}
	err := kernel.changeNets(cmdAdd, f.set+spare, prefixes, 0)
	if err == nil {
		err = kernel.changeNets(cmdAdd, f.set+spare, spared, flagNoMatch)
	}
	if err != nil {
		return errors.Join(err, kernel.destroy(f.set+spare))
	}
	err = l.takePlace(ctx, f)
	if gone := kernel.destroy(f.set + spare); !errors.Is(gone, unix.ENOENT) {
		err = errors.Join(err, gone)
	}
	return err
}

// takePlace puts the spare set of f into the place of the one in use.
func (l *List) takePlace(ctx context.Context, f *family) error {
	kernel := l.set.kernel
	h, err := kernel.header(f.set)
	if err == nil && (h.typeName != setType || h.family != f.number) {
		// Sets of two types cannot be swapped; the rules that hold it are of somebody else's make.
		if err = f.removeRules(); err == nil {
			err = retryBusy(ctx, func() error {
				if err := kernel.destroy(f.set); errnoOf(err) == errnoBusy {
					return errInUse
				} else {
					return err
				}
			})
		}
		if err != nil {
			return err
		}
		err = unix.ENOENT
	}
	if errors.Is(err, unix.ENOENT) {
		err = kernel.createList(f.set, f.number, 0)
	}
	if err != nil {
		return err
	}
	return kernel.swap(f.set, f.set+spare)
}

// Check implements action.Blocker: beside the rules it looks for some of the entries.
func (l *List) Check(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		return errors.New("checking iptables: the list of jail " + l.set.rule.Jail + " is not complete")
	}
	err := l.set.Check(ctx)
	if err == nil {
		err = l.probe(ctx)
	}
	if err != nil {
		l.held = nil
	}
	return err
}

func (l *List) probe(ctx context.Context) error {
	s := l.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.connect(ctx); err != nil {
		return err
	}
	holds := func(p netip.Prefix, flags uint32) error {
		f := s.familyOf(p)
		if f == nil {
			return nil
		}
		holds, err := s.kernel.testNet(f.set, p, flags)
		if err != nil {
			return s.failed("asking set "+f.set+" for "+p.String(), err)
		}
		if !holds {
			return fmt.Errorf("checking iptables: set %s has lost %s: %w", f.set, p, action.ErrLost)
		}
		return nil
	}
	for _, p := range action.ListSample(l.held.Prefixes) {
		if err := holds(p, 0); err != nil {
			return err
		}
	}
	for _, p := range action.ListSample(l.held.Spared) {
		if err := holds(p, flagNoMatch); err != nil {
			return err
		}
	}
	return nil
}

// Counted implements action.Counter.
func (l *List) Counted(ctx context.Context) (action.Counts, error) { return l.set.Counted(ctx) }

// Stop implements action.Blocker.
func (l *List) Stop(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = nil
	return l.set.Stop(ctx)
}

// ofFamily are the prefixes of one family; IPv4 comes first in all lists.
func ofFamily(prefixes []netip.Prefix, number byte) []netip.Prefix {
	first, _ := slices.BinarySearchFunc(prefixes, true, func(p netip.Prefix, _ bool) int {
		if p.Addr().Is4() {
			return -1
		}
		return 0
	})
	if number == unix.AF_INET {
		return prefixes[:first]
	}
	return prefixes[first:]
}

// createList makes a hash:net set for so many members, with room for more.
func (c *ipsets) createList(name string, family byte, members int) error {
	_, err := c.call(cmdCreate, netlink.Acknowledge|netlink.Create|netlink.Excl, func(enc *netlink.AttributeEncoder) {
		enc.String(attrSetName, name)
		enc.String(attrTypeName, setType)
		enc.Uint8(attrRevision, revision)
		enc.Uint8(attrFamily, family)
		enc.Nested(attrData, func(data *netlink.AttributeEncoder) error {
			data.ByteOrder = enc.ByteOrder
			// Made as large as it gets: to grow a full table keeps everybody else waiting.
			data.Uint32(attrHashSize|unix.NLA_F_NET_BYTEORDER, uint32(max(members/4, 1024)))
			data.Uint32(attrMaxElem|unix.NLA_F_NET_BYTEORDER, uint32(members+members/4+2*maxListChange))
			return nil
		})
	})
	return err
}

// netBytes bounds the entries in one message: a ban waits until the kernel is done with it.
const netBytes = 8 << 10

// changeNets adds prefixes to a set without timeouts, or takes them out. Messages are filled and sent one after the other,
// so that between two of them others can change their sets.
func (c *ipsets) changeNets(cmd int, name string, prefixes []netip.Prefix, flags uint32) error {
	list := make([]byte, 0, netBytes)
	for i, p := range prefixes {
		list = append(list, encodeNet(p, flags)...)
		if i+1 < len(prefixes) && len(list)+64 <= netBytes {
			continue
		}
		if err := c.send(cmd, name, list); err != nil {
			return err
		}
		list = list[:0]
	}
	return nil
}

// encodeNet is: data { ip { address }, cidr, flags }, flags only if there are any.
func encodeNet(p netip.Prefix, flags uint32) []byte {
	data := append(encodeAddr(p.Addr()), attribute(attrCIDR, []byte{byte(p.Bits())})...)
	if flags != 0 {
		data = append(data, attribute(attrCADTFlags|unix.NLA_F_NET_BYTEORDER, binary.BigEndian.AppendUint32(nil, flags))...)
	}
	return attribute(attrData|unix.NLA_F_NESTED, data)
}
