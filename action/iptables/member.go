package iptables

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// encodeMember is: data { ip { address }, cidr, timeout }, each an attribute
// of length, type and padded value.
func encodeMember(m action.Member) []byte {
	data := slices.Concat(
		encodeAddr(m.Prefix.Addr()),
		attribute(attrCIDR, []byte{byte(m.Prefix.Bits())}),
		attribute(attrTimeout|unix.NLA_F_NET_BYTEORDER, binary.BigEndian.AppendUint32(nil, seconds(m.Timeout))),
	)
	return attribute(attrData|unix.NLA_F_NESTED, data)
}

// encodeAddr is: ip { address }.
func encodeAddr(addr netip.Addr) []byte {
	kind := uint16(1) // IPSET_ATTR_IPADDR_IPV4
	if addr.Is6() {
		kind = 2 // IPSET_ATTR_IPADDR_IPV6
	}
	return attribute(attrIP|unix.NLA_F_NESTED, attribute(kind|unix.NLA_F_NET_BYTEORDER, addr.AsSlice()))
}

func attribute(kind uint16, value []byte) []byte {
	size := 4 + len(value)
	b := make([]byte, 0, (size+3)&^3)
	b = binary.NativeEndian.AppendUint16(b, uint16(size))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return b[:cap(b)]
}

// seconds rounds up, because 0 is for ever, and cuts at what the kernel takes.
func seconds(d time.Duration) uint32 {
	d = min(d, longest)
	return uint32((d + time.Second - 1) / time.Second)
}

// decodeMember reads what stands inside a data attribute.
func decodeMember(data []byte) (entry, error) {
	attrs, err := netlink.UnmarshalAttributes(data)
	if err != nil {
		return entry{}, err
	}
	var addr netip.Addr
	var e entry
	var others []byte
	bits := -1
	for _, a := range attrs {
		switch a.Type &^ (netlink.Nested | netlink.NetByteOrder) {
		case attrIP:
			if len(a.Data) > 4 {
				addr, _ = netip.AddrFromSlice(a.Data[4:])
			}
			continue
		case attrCIDR:
			if len(a.Data) == 1 {
				bits = int(a.Data[0])
			}
		case attrTimeout:
			if len(a.Data) == 4 {
				e.left = time.Duration(binary.BigEndian.Uint32(a.Data)) * time.Second
			}
		case attrPackets:
			if len(a.Data) == 8 {
				e.packets = binary.BigEndian.Uint64(a.Data)
			}
		}
		others = append(others, attribute(a.Type, a.Data)...)
	}
	if bits < 0 {
		bits = addr.BitLen() // the kernel leaves out the length of a single address
	}
	if e.prefix = netip.PrefixFrom(addr, bits); !e.prefix.IsValid() {
		return entry{}, fmt.Errorf("the kernel lists a member that is no prefix: %x", data)
	}
	// The kernel lists addresses without the mark that it wants to see on
	// them, and takes all else as it was listed.
	e.encoded = attribute(attrData|unix.NLA_F_NESTED, append(encodeAddr(addr), others...))
	return e, nil
}
