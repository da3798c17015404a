package flows

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The kernel walks a table just as long whatever it leaves out, but writes nothing of that, and nobody has to read it. Of
// 100,000 entries, one address takes a sixth of the time of all, for a direction of tracked connections; for
// sockets a fifth, and each further prefix a twentieth more.
const mostPeers = 8

// Of linux/netfilter/nfnetlink_conntrack.h and, for the two flags, net/netfilter/nf_internals.h.
const (
	ctFilter      = 25
	filterOrig    = 1
	filterReply   = 2
	filterSource  = 1 << 0 // CTA_FILTER_FLAG(CTA_IP_SRC)
	filterNothing = 0
)

// trackedFrom asks for the flows that have addr as the source of a direction, ctOrig or ctReply. A kernel before 5.8 does
// not know the filter and passes all.
func trackedFrom(addr netip.Addr, direction uint16) []byte {
	family, source := byte(unix.AF_INET), uint16(ipv4Src)
	if addr.Is6() {
		family, source = unix.AF_INET6, ipv6Src
	}
	orig, reply := uint32(filterSource), uint32(filterNothing)
	if direction == ctReply {
		orig, reply = reply, orig
	}
	b := append([]byte{family}, make([]byte, genBytes-1)...)
	ip := appendAttribute(nil, source, addr.AsSlice())
	b = appendAttribute(b, direction|unix.NLA_F_NESTED, appendAttribute(nil, tupleIP|unix.NLA_F_NESTED, ip))
	flags := appendAttribute(nil, filterOrig, binary.NativeEndian.AppendUint32(nil, orig))
	flags = appendAttribute(flags, filterReply, binary.NativeEndian.AppendUint32(nil, reply))
	return appendAttribute(b, ctFilter|unix.NLA_F_NESTED, flags)
}

// Of linux/inet_diag.h.
const (
	diagBytecode  = 1 // INET_DIAG_REQ_BYTECODE
	opJump        = 1
	opPeer        = 8  // INET_DIAG_BC_D_COND
	opBytes       = 4  // struct inet_diag_bc_op: code, yes, no
	hostcondBytes = 8  // struct inet_diag_hostcond: family, bits, two bytes more, port; then the address
	anyPort       = -1 // 32 bits, as the kernel reads it
)

// peersProgram lets sockets through whose peers are in one of prefixes, by a program for the kernel: for each prefix a condition
// that skips the jump behind it where it does not hold, and the jump leads to the end, where a socket is taken. The last
// one leads four bytes beyond, where it is not.
func peersProgram(prefixes []netip.Prefix) []byte {
	total := -opBytes // no jump behind the last condition
	for _, p := range prefixes {
		total += conditionBytes(p) + opBytes
	}
	var b []byte
	for i, p := range prefixes {
		yes, no, last := conditionBytes(p), conditionBytes(p)+opBytes, i == len(prefixes)-1
		b = append(b, opPeer, byte(yes))
		b = binary.NativeEndian.AppendUint16(b, uint16(no))
		family := byte(unix.AF_INET)
		if p.Addr().Is6() {
			family = unix.AF_INET6
		}
		b = append(b, family, byte(p.Bits()), 0, 0)
		port := int32(anyPort)
		b = binary.NativeEndian.AppendUint32(b, uint32(port))
		b = append(b, p.Addr().AsSlice()...)
		if !last {
			left := total - len(b)
			b = append(b, opJump, opBytes)
			b = binary.NativeEndian.AppendUint16(b, uint16(left))
		}
	}
	return b
}

func conditionBytes(p netip.Prefix) int { return opBytes + hostcondBytes + p.Addr().BitLen()/8 }
