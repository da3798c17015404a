package iptables

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// Numbers of linux/netfilter/ipset/ip_set.h and ip_set_hash.h.
const (
	cmdCreate  = 2
	cmdDestroy = 3
	cmdFlush   = 4
	cmdSwap    = 6
	cmdList    = 7
	cmdAdd     = 9
	cmdDel     = 10
	cmdTest    = 11
	cmdHeader  = 12

	attrProtocol = 1
	attrSetName  = 2
	attrTypeName = 3 // in a swap: the second set's name
	attrRevision = 4
	attrFamily   = 5
	attrFlags    = 6
	attrData     = 7
	attrMembers  = 8
	attrLine     = 9

	attrIP         = 1
	attrCIDR       = 3
	attrTimeout    = 6
	attrCADTFlags  = 8
	attrHashSize   = 18
	attrMaxElem    = 19
	attrElements   = 24
	attrReferences = 25
	attrPackets    = 25

	flagListHeader   = 1 << 2
	flagNoMatch      = 1 << 2 // of a member
	flagWithCounters = 1 << 3

	errnoExist = unix.Errno(4103) // IPSET_ERR_EXIST: not in the set, of a test
	errnoFull  = unix.Errno(4352) // IPSET_ERR_HASH_FULL
	errnoBusy  = unix.Errno(4100) // IPSET_ERR_BUSY: set is used by rules
	errnoType  = unix.Errno(4098) // IPSET_ERR_FIND_TYPE: the kernel has no such set
)

const (
	setType = "hash:net"
	// protocol 6 is spoken by every kernel since 2.6.39; later ones speak 7 as well.
	protocol = 6
	// revision 3 of hash:net has counters, and is in every kernel since 3.10.
	revision = 3
	// longest is IPSET_MAX_TIMEOUT, in linux/netfilter/ipset/ip_set_timeout.h.
	longest = 2147483 * time.Second
)

// ipsets speaks to the kernel's ipset subsystem. It is written out here because
// the library at hand (vishvananda/netlink) sends one message an address, where
// ipset's own tool sends a whole list in one, cannot ask for a set's header
// without its members, and prints what it does not know to standard error.
type ipsets struct {
	conn *netlink.Conn
}

// call sends one command and returns the answers. flags say how it is answered:
// netlink.Acknowledge, netlink.Dump, or 0 for a single answer. Not two of them:
// an error would be answered twice, and the second found by the next call.
func (c *ipsets) call(cmd int, flags netlink.HeaderFlags, attrs func(*netlink.AttributeEncoder)) ([]netlink.Message, error) {
	enc := netlink.NewAttributeEncoder()
	enc.ByteOrder = binary.BigEndian
	enc.Uint8(attrProtocol, protocol)
	attrs(enc)
	data, err := enc.Encode()
	if err != nil {
		return nil, err
	}
	return c.conn.Execute(netlink.Message{
		Header: netlink.Header{
			Type:  netlink.HeaderType(unix.NFNL_SUBSYS_IPSET<<8 | cmd),
			Flags: netlink.Request | flags,
		},
		Data: append([]byte{unix.AF_INET, unix.NFNETLINK_V0, 0, 0}, data...),
	})
}

// named is a command that takes nothing but a set's name.
func (c *ipsets) named(cmd int, name string) error {
	_, err := c.call(cmd, netlink.Acknowledge, func(enc *netlink.AttributeEncoder) { enc.String(attrSetName, name) })
	return err
}

func (c *ipsets) flush(name string) error   { return c.named(cmdFlush, name) }
func (c *ipsets) destroy(name string) error { return c.named(cmdDestroy, name) }

// swap exchanges the contents of two sets; rules see the other's at once.
func (c *ipsets) swap(a, b string) error {
	_, err := c.call(cmdSwap, netlink.Acknowledge, func(enc *netlink.AttributeEncoder) {
		enc.String(attrSetName, a)
		enc.String(attrTypeName, b)
	})
	return err
}

// create makes a hash:net set with timeouts and counters.
func (c *ipsets) create(name string, family byte, maxElem uint32) error {
	_, err := c.call(cmdCreate, netlink.Acknowledge|netlink.Create|netlink.Excl, func(enc *netlink.AttributeEncoder) {
		enc.String(attrSetName, name)
		enc.String(attrTypeName, setType)
		enc.Uint8(attrRevision, revision)
		enc.Uint8(attrFamily, family)
		enc.Nested(attrData, func(data *netlink.AttributeEncoder) error {
			data.ByteOrder = binary.BigEndian
			data.Uint32(attrMaxElem|unix.NLA_F_NET_BYTEORDER, maxElem)
			data.Uint32(attrTimeout|unix.NLA_F_NET_BYTEORDER, 0) // has timeouts, none by default
			data.Uint32(attrCADTFlags|unix.NLA_F_NET_BYTEORDER, flagWithCounters)
			return nil
		})
	})
	return err
}

func decoder(m netlink.Message) (*netlink.AttributeDecoder, error) {
	if len(m.Data) < 4 {
		return netlink.NewAttributeDecoder(nil)
	}
	dec, err := netlink.NewAttributeDecoder(m.Data[4:])
	if err == nil {
		dec.ByteOrder = binary.BigEndian
	}
	return dec, err
}

// listBytes bounds the members in one message: 16 bits hold the length of an
// attribute.
const listBytes = 48 << 10

// change adds members to a set or deletes them, as few messages as hold them
// all. Adding one that is there sets its timeout anew; deleting one that is
// not there is no error.
func (c *ipsets) change(cmd int, name string, members []action.Member) error {
	encoded := make([][]byte, 0, len(members))
	for _, m := range members {
		encoded = append(encoded, encodeMember(m))
	}
	return c.changeEncoded(cmd, name, encoded)
}

func (c *ipsets) changeEncoded(cmd int, name string, members [][]byte) error {
	for len(members) > 0 {
		var list []byte
		for len(members) > 0 && len(list)+len(members[0]) <= listBytes {
			list = append(list, members[0]...)
			members = members[1:]
		}
		if err := c.send(cmd, name, list); err != nil {
			return err
		}
	}
	return nil
}

// send adds or deletes encoded members, in one message. Without NLM_F_EXCL, what is as it should be already is no
// error.
func (c *ipsets) send(cmd int, name string, list []byte) error {
	_, err := c.call(cmd, netlink.Acknowledge, func(enc *netlink.AttributeEncoder) {
		enc.String(attrSetName, name)
		enc.Uint32(attrLine, 0) // demanded beside a list
		enc.Bytes(attrMembers|unix.NLA_F_NESTED, list)
	})
	return err
}

// test says whether a set holds a prefix; of a single address, whether any
// prefix in the set has it.
func (c *ipsets) test(name string, p netip.Prefix) (bool, error) { return c.testNet(name, p, 0) }

// testNet is test for members with flags.
func (c *ipsets) testNet(name string, p netip.Prefix, flags uint32) (bool, error) {
	_, err := c.call(cmdTest, netlink.Acknowledge, func(enc *netlink.AttributeEncoder) {
		enc.String(attrSetName, name)
		enc.Bytes(attrData|unix.NLA_F_NESTED, encodeNet(p, flags)[4:])
	})
	if errnoOf(err) == errnoExist {
		return false, nil
	}
	return err == nil, err
}

// entry is one member as the kernel lists it.
type entry struct {
	prefix  netip.Prefix
	packets uint64
	left    time.Duration // 0: for ever
	encoded []byte        // as changeEncoded takes it
}

// list returns a set's members. It costs about a second for a million of them.
func (c *ipsets) list(name string) ([]entry, error) {
	replies, err := c.call(cmdList, netlink.Dump, func(enc *netlink.AttributeEncoder) { enc.String(attrSetName, name) })
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, m := range replies {
		dec, err := decoder(m)
		if err != nil {
			return nil, err
		}
		for dec.Next() {
			if dec.Type() != attrMembers {
				continue
			}
			members, err := netlink.UnmarshalAttributes(dec.Bytes())
			if err != nil {
				return nil, err
			}
			for _, member := range members {
				e, err := decodeMember(member.Data)
				if err != nil {
					return nil, err
				}
				entries = append(entries, e)
			}
		}
		if err := dec.Err(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}
