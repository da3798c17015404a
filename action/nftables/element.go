package nftables

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// longest is a timeout that the kernel takes (it has 584 years in nanoseconds)
// and nobody outlives.
const longest = 100 * 365 * 24 * time.Hour

// timeout rounds up to milliseconds, in which the kernel counts: rounded down,
// the last one of a ban would be 0, which is for ever.
func timeout(d time.Duration) time.Duration {
	return (min(d, longest) + time.Millisecond - 1).Truncate(time.Millisecond)
}

// Holds implements action.Holder: a prefix is held if it is in a set or lies
// in one that is. The packets are those of all such.
func (s *Set) Holds(ctx context.Context, prefix netip.Prefix) (action.Held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := action.Normal(prefix)
	if !ok {
		return action.Held{}, nil
	}
	if err := s.dial(ctx); err != nil {
		return action.Held{}, err
	}
	held := action.Held{Set: s.setName(kindOf(p))}
	for k := range s.made {
		if k.v6 != p.Addr().Is6() || k.bits > p.Bits() {
			continue
		}
		key := netip.PrefixFrom(p.Addr(), k.bits).Masked().Addr().AsSlice()
		e, err := s.conn.element(s.setName(k), key)
		switch {
		case errors.Is(err, unix.ENOENT):
			continue
		case err != nil:
			return action.Held{}, s.failed("asking set "+s.setName(k)+" for "+p.String(), err)
		}
		held.Set = s.setName(k)
		held.Add(netip.PrefixFrom(p.Addr(), k.bits).Masked(), e.left, e.packets)
	}
	return held, nil
}

// Missing implements action.Prober.
func (s *Set) Missing(ctx context.Context, prefixes []netip.Prefix) ([]netip.Prefix, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.dial(ctx); err != nil {
		return nil, err
	}
	var missing []netip.Prefix
	for _, prefix := range prefixes {
		p, ok := action.Normal(prefix)
		if !ok {
			continue
		}
		set := s.setName(kindOf(p))
		_, err := s.conn.element(set, p.Addr().AsSlice())
		switch {
		case errors.Is(err, unix.ENOENT):
			missing = append(missing, prefix)
		case err != nil:
			return nil, s.failed("asking set "+set+" for "+p.String(), err)
		}
	}
	return missing, nil
}

// element is what the kernel says of one element of a set.
type element struct {
	// packets it has met; 0 in a set without counters.
	packets uint64
	// left is how long it stays; 0: for ever.
	left time.Duration
}

// element asks the kernel for one element of a set; ENOENT if it is not there. The library can
// only list whole sets, which takes seconds for large ones.
func (c *connection) element(set string, key []byte) (element, error) {
	enc := netlink.NewAttributeEncoder()
	enc.String(unix.NFTA_SET_ELEM_LIST_TABLE, tableName)
	enc.String(unix.NFTA_SET_ELEM_LIST_SET, set)
	enc.Nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(list *netlink.AttributeEncoder) error {
		list.Nested(unix.NFTA_LIST_ELEM, func(elem *netlink.AttributeEncoder) error {
			elem.Nested(unix.NFTA_SET_ELEM_KEY, func(k *netlink.AttributeEncoder) error {
				k.Bytes(unix.NFTA_DATA_VALUE, key)
				return nil
			})
			return nil
		})
		return nil
	})
	data, err := enc.Encode()
	if err != nil {
		return element{}, err
	}
	replies, err := c.raw.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETSETELEM, Flags: netlink.Request},
		Data:   append(nfgenmsg(unix.NFPROTO_INET, 0), data...),
	})
	if err != nil {
		return element{}, err
	}
	for _, m := range replies {
		if len(m.Data) > 4 {
			return parseElement(m.Data[4:])
		}
	}
	return element{}, nil
}

// parseElement reads the answer: a list of one element, which has an expiration in milliseconds
// if it has a timeout, and an expression called counter with bytes and packets.
func parseElement(data []byte) (element, error) {
	var e element
	left, err := number(data, unix.NFTA_SET_ELEM_LIST_ELEMENTS, unix.NFTA_LIST_ELEM, unix.NFTA_SET_ELEM_EXPIRATION)
	if err != nil {
		return e, err
	}
	e.left = time.Duration(min(left, uint64(longest/time.Millisecond))) * time.Millisecond
	e.packets, err = number(data, unix.NFTA_SET_ELEM_LIST_ELEMENTS, unix.NFTA_LIST_ELEM, unix.NFTA_SET_ELEM_EXPR,
		unix.NFTA_EXPR_DATA, unix.NFTA_COUNTER_PACKETS)
	return e, err
}

// number finds the number of 64 bits that the path of nested attributes leads to; 0: there is none.
func number(data []byte, path ...uint16) (uint64, error) {
	for _, kind := range path {
		attrs, err := netlink.UnmarshalAttributes(data)
		if err != nil {
			return 0, err
		}
		data = nil
		for _, a := range attrs {
			if a.Type&^(netlink.Nested|netlink.NetByteOrder) == kind {
				data = a.Data
			}
		}
	}
	if len(data) != 8 {
		return 0, nil
	}
	return binary.BigEndian.Uint64(data), nil
}
