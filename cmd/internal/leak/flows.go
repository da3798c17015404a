package leak

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// flow is a tracked connection: where it came from and went to, and whence it is answered. The last two differ where
// NAT leads it elsewhere.
type flow struct {
	protocol               uint8
	from, to, answeredFrom netip.AddrPort
	// open says that a TCP connection is established; answered that there was traffic both ways, and of TCP
	// that it was once established.
	open, answered bool
}

// Of linux/netfilter/nfnetlink_conntrack.h and nf_conntrack_common.h.
const (
	subsystemConntrack = 1
	getFlow            = 1
	attrOriginal       = 1
	attrReply          = 2
	attrStatus         = 3
	attrProtoInfo      = 4
	tupleIP            = 1
	tupleProto         = 2
	ipv4Source         = 1
	ipv4Destination    = 2
	ipv6Source         = 3
	ipv6Destination    = 4
	protoNumber        = 1
	protoSourcePort    = 2
	protoDestPort      = 3
	infoTCP            = 1
	infoTCPState       = 1
	tcpEstablished     = 3
	statusSeenReply    = 1 << 1
	statusAssured      = 1 << 2
)

// receiveSize holds the longest message of a dump: NLMSG_GOODSIZE is 8 KiB at most, and the kernel fills up to 32 KiB.
const receiveSize = 64 << 10

// eachFlow calls f for all connections that the kernel tracks. It reads them piece by piece, as there may
// be hundreds of thousands, and needs CAP_NET_ADMIN.
func eachFlow(ctx context.Context, f func(flow)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return fmt.Errorf("opening a netlink socket: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	patience := unix.NsecToTimeval(time.Second.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
		return fmt.Errorf("setting the time limit of a netlink socket: %w", err)
	}
	// struct nlmsghdr, and struct nfgenmsg for both families.
	request := make([]byte, unix.NLMSG_HDRLEN+4)
	binary.NativeEndian.PutUint32(request[0:], uint32(len(request)))
	binary.NativeEndian.PutUint16(request[4:], subsystemConntrack<<8|getFlow)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("asking for the tracked connections: %w", err)
	}
	buf := make([]byte, receiveSize)
	for ctx.Err() == nil {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the tracked connections: %w", err)
		}
		done, err := readFlows(buf[:n], f)
		if done || err != nil {
			return err
		}
	}
	return ctx.Err()
}

// readFlows reads one datagram of messages; done says that it was the last.
func readFlows(data []byte, f func(flow)) (done bool, err error) {
	for len(data) >= unix.NLMSG_HDRLEN {
		size := int(binary.NativeEndian.Uint32(data))
		if size < unix.NLMSG_HDRLEN || size > len(data) {
			return true, errors.New("reading the tracked connections: a message of impossible length")
		}
		body := data[unix.NLMSG_HDRLEN:size]
		switch binary.NativeEndian.Uint16(data[4:]) {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			if len(body) >= 4 {
				if code := int32(binary.NativeEndian.Uint32(body)); code != 0 {
					return true, fmt.Errorf("reading the tracked connections: %w", unix.Errno(-code))
				}
			}
		default:
			if len(body) >= 4 {
				if found, ok := parseFlow(body[4:]); ok {
					f(found)
				}
			}
		}
		data = data[min(align(size), len(data)):]
	}
	return false, nil
}

func align(n int) int { return (n + 3) &^ 3 }

// parseFlow reads the attributes of a connection. Those of protocols without ports are not ok.
func parseFlow(data []byte) (flow, bool) {
	var f flow
	original, reply := attribute(data, attrOriginal), attribute(data, attrReply)
	var ok, okReply bool
	f.from, f.to, f.protocol, ok = parseTuple(original)
	f.answeredFrom, _, _, okReply = parseTuple(reply)
	status := uint32(0)
	if s := attribute(data, attrStatus); len(s) == 4 {
		status = binary.BigEndian.Uint32(s)
	}
	f.answered = status&statusSeenReply != 0
	if f.protocol == unix.IPPROTO_TCP {
		f.answered = f.answered && status&statusAssured != 0
		state := attribute(data, attrProtoInfo, infoTCP, infoTCPState)
		f.open = len(state) == 1 && state[0] == tcpEstablished
	}
	return f, ok && okReply && (f.protocol == unix.IPPROTO_TCP || f.protocol == unix.IPPROTO_UDP)
}

func parseTuple(data []byte) (from, to netip.AddrPort, protocol uint8, ok bool) {
	ip, proto := attribute(data, tupleIP), attribute(data, tupleProto)
	source, dest := attribute(ip, ipv4Source), attribute(ip, ipv4Destination)
	if source == nil {
		source, dest = attribute(ip, ipv6Source), attribute(ip, ipv6Destination)
	}
	src, ok1 := netip.AddrFromSlice(source)
	dst, ok2 := netip.AddrFromSlice(dest)
	number := attribute(proto, protoNumber)
	srcPort, dstPort := attribute(proto, protoSourcePort), attribute(proto, protoDestPort)
	if !ok1 || !ok2 || len(number) != 1 || len(srcPort) != 2 || len(dstPort) != 2 {
		return from, to, 0, false
	}
	return netip.AddrPortFrom(src.Unmap(), binary.BigEndian.Uint16(srcPort)),
		netip.AddrPortFrom(dst.Unmap(), binary.BigEndian.Uint16(dstPort)), number[0], true
}

// attribute is what the path of nested attributes leads to; nil: there is no such.
func attribute(data []byte, path ...uint16) []byte {
	for _, kind := range path {
		data = child(data, kind)
	}
	return data
}

func child(data []byte, kind uint16) []byte {
	for len(data) >= unix.SizeofNlAttr {
		size := int(binary.NativeEndian.Uint16(data))
		if size < unix.SizeofNlAttr || size > len(data) {
			return nil
		}
		if binary.NativeEndian.Uint16(data[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER) == kind {
			return data[unix.SizeofNlAttr:size]
		}
		data = data[min(align(size), len(data)):]
	}
	return nil
}
