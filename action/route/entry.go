package route

import (
	"errors"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// table is where gaol's routes are.
	table = 47147
	// routeProtocol marks gaol's routes and its rule. Neither linux/rtnetlink.h nor the
	// rt_protos of iproute2 has given it to anybody.
	routeProtocol = 147
)

// entry is one route of gaol's.
type entry struct {
	prefix netip.Prefix
	kind   byte // RTN_BLACKHOLE, RTN_UNREACHABLE or RTN_THROW
	metric uint32
	// passing says that it is not in gaol's table but for a second in the host's; see forget.
	passing bool
}

func (e entry) family() byte {
	if e.prefix.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// verb is what a message wants done with a route.
type verb struct {
	kind  netlink.HeaderType
	flags netlink.HeaderFlags
}

var (
	addRoute    = verb{unix.RTM_NEWROUTE, netlink.Request | netlink.Create | netlink.Replace}
	deleteRoute = verb{unix.RTM_DELROUTE, netlink.Request}
	// askRoute replaces a route by itself, and fails if it is not there: the kernel has no other way
	// to ask one table for one route. A look-up follows all rules, and finds the longest of all prefixes.
	askRoute = verb{unix.RTM_NEWROUTE, netlink.Request | netlink.Replace}
)

// change does the same with several routes. Deleting one that is not there is no error.
func (c *connection) change(do verb, entries ...entry) error {
	messages := make([]netlink.Message, 0, len(entries)+1)
	for _, e := range entries {
		messages = append(messages, netlink.Message{
			Header: netlink.Header{Type: do.kind, Flags: do.flags},
			Data:   e.encode(),
		})
	}
	return c.send(messages, func(err error) bool {
		return do == deleteRoute && (errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT))
	})
}

// carryOut is change for bans: those that are connected do not outlive them.
func (c *connection) carryOut(do verb, entries []entry) error {
	err := c.change(do, entries...)
	if err == nil && do == addRoute {
		err = c.forget(entries)
	}
	return err
}

// forget makes sockets look for their routes again. For IPv4 every change of any table does; a socket of IPv6
// only looks at the place where it found its route, and would keep on using that. So each prefix gets another
// route there, which changes nothing and goes at once; should gaol die in between, the kernel removes it. Where
// the host has a route narrower than the ban, its connections live on.
func (c *connection) forget(entries []entry) error {
	var passing []entry
	for _, e := range entries {
		if e.family() == unix.AF_INET6 {
			passing = append(passing, entry{prefix: e.prefix, kind: unix.RTN_THROW, metric: e.metric, passing: true})
		}
	}
	if len(passing) == 0 {
		return nil
	}
	return errors.Join(c.change(addRoute, passing...), c.change(deleteRoute, passing...))
}

// has asks for one route.
func (c *connection) has(e entry) (bool, error) {
	err := c.change(askRoute, e)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return false, nil
	}
	return err == nil, err
}

// encode is struct rtmsg of linux/rtnetlink.h and the attributes.
func (e entry) encode() []byte {
	bits := byte(e.prefix.Bits())
	b := make([]byte, 0, 48)
	b = append(b, e.family(), bits, 0, 0, unix.RT_TABLE_UNSPEC, routeProtocol, unix.RT_SCOPE_UNIVERSE, e.kind, 0, 0, 0, 0)
	if bits > 0 {
		b = attribute(b, unix.RTA_DST, e.prefix.Addr().AsSlice()...)
	}
	b = attribute(b, unix.RTA_PRIORITY, number(e.metric)...)
	if e.passing {
		b = attribute(b, unix.RTA_TABLE, number(unix.RT_TABLE_MAIN)...)
		return attribute(b, unix.RTA_EXPIRES, number(1)...)
	}
	return attribute(b, unix.RTA_TABLE, number(table)...)
}

// decode reads what the kernel lists; false: it is not gaol's.
func decode(m netlink.Message) (entry, bool) {
	const size = 12
	if m.Header.Type != unix.RTM_NEWROUTE || len(m.Data) < size || m.Data[5] != routeProtocol {
		return entry{}, false
	}
	attrs, err := netlink.UnmarshalAttributes(m.Data[size:])
	if err != nil {
		return entry{}, false
	}
	e := entry{kind: m.Data[7]}
	addr, inTable := netip.IPv4Unspecified(), false
	if m.Data[0] == unix.AF_INET6 {
		addr = netip.IPv6Unspecified()
	}
	for _, a := range attrs {
		switch a.Type {
		case unix.RTA_DST:
			if dst, ok := netip.AddrFromSlice(a.Data); ok {
				addr = dst
			}
		case unix.RTA_TABLE:
			inTable = numberIn(a.Data) == table
		case unix.RTA_PRIORITY:
			e.metric = numberIn(a.Data)
		}
	}
	e.prefix = netip.PrefixFrom(addr, int(m.Data[1]))
	return e, inTable && e.prefix.IsValid()
}

// routes lists all of gaol's, of all jails.
func (c *connection) routes(family byte) ([]entry, error) {
	// The kernel sends those of this table and protocol only.
	filter := append([]byte{family, 0, 0, 0, 0, routeProtocol}, make([]byte, 6)...)
	replies, err := c.list(unix.RTM_GETROUTE, attribute(filter, unix.RTA_TABLE, number(table)...))
	if errors.Is(err, unix.ENOENT) {
		return nil, nil // there is no such table
	}
	if err != nil {
		return nil, err
	}
	var found []entry
	for _, m := range replies {
		if e, ok := decode(m); ok {
			found = append(found, e)
		}
	}
	return found, nil
}

// clear removes all routes of one metric and returns how many there were. It looks again until there
// is none: a list that is made while others change the table may lack some.
func (c *connection) clear(family byte, metric uint32) (removed int, err error) {
	for {
		all, err := c.routes(family)
		if err != nil {
			return removed, err
		}
		var ours []entry
		for _, e := range all {
			if e.metric == metric {
				ours = append(ours, e)
			}
		}
		if len(ours) == 0 {
			return removed, nil
		}
		for start := 0; start < len(ours); start += batch {
			if err := c.change(deleteRoute, ours[start:min(start+batch, len(ours))]...); err != nil {
				return removed, err
			}
		}
		removed += len(ours)
	}
}
