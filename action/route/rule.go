package route

import (
	"errors"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// preference is that of gaol's rule: after the host's own addresses (0; some move it to 100), before everything else.
const preference = 147

// ruleMessage is struct fib_rule_hdr of linux/fib_rules.h and the attributes.
func ruleMessage(kind netlink.HeaderType, flags netlink.HeaderFlags, family byte) netlink.Message {
	b := []byte{family, 0, 0, 0, unix.RT_TABLE_UNSPEC, 0, 0, unix.FR_ACT_TO_TBL, 0, 0, 0, 0}
	b = attribute(b, unix.FRA_PRIORITY, number(preference)...)
	b = attribute(b, unix.FRA_TABLE, number(table)...)
	b = attribute(b, unix.FRA_PROTOCOL, routeProtocol)
	return netlink.Message{Header: netlink.Header{Type: kind, Flags: netlink.Request | flags}, Data: b}
}

// addRule has the kernel look into gaol's table, unless it does.
func (c *connection) addRule(family byte) error {
	add := ruleMessage(unix.RTM_NEWRULE, netlink.Create|netlink.Excl, family)
	return c.send([]netlink.Message{add}, func(err error) bool { return errors.Is(err, unix.EEXIST) })
}

func (c *connection) deleteRule(family byte) error {
	remove := ruleMessage(unix.RTM_DELRULE, 0, family)
	return c.send([]netlink.Message{remove}, func(err error) bool { return errors.Is(err, unix.ENOENT) })
}

// hasRule says whether the kernel looks into gaol's table.
func (c *connection) hasRule(family byte) (bool, error) {
	replies, err := c.list(unix.RTM_GETRULE, append([]byte{family}, make([]byte, 11)...))
	if err != nil {
		return false, err
	}
	for _, m := range replies {
		if len(m.Data) < 12 || m.Data[7] != unix.FR_ACT_TO_TBL {
			continue
		}
		attrs, err := netlink.UnmarshalAttributes(m.Data[12:])
		if err != nil {
			return false, err
		}
		var at, to uint32
		for _, a := range attrs {
			switch a.Type {
			case unix.FRA_PRIORITY:
				at = numberIn(a.Data)
			case unix.FRA_TABLE:
				to = numberIn(a.Data)
			}
		}
		if at == preference && to == table {
			return true, nil
		}
	}
	return false, nil
}
