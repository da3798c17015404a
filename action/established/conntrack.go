package established

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Of linux/netfilter/nfnetlink_conntrack.h and nf_conntrack_tcp.h.
const (
	ctGet    = unix.NFNL_SUBSYS_CTNETLINK<<8 | 1
	ctDelete = unix.NFNL_SUBSYS_CTNETLINK<<8 | 2

	ctTupleOrig  = 1
	ctTupleReply = 2
	ctProtoInfo  = 4
	ctID         = 12
	ctZone       = 18

	tupleIP    = 1
	tupleProto = 2

	ipv4Src = 1
	ipv4Dst = 2
	ipv6Src = 3
	ipv6Dst = 4

	protoNum     = 1
	protoSrcPort = 2
	protoDstPort = 3

	protoInfoTCP = 1
	tcpState     = 1
	// From TIME_WAIT (7) on, CLOSE (8) among them, a connection is over and only remembered.
	tcpTimeWait = 7

	genBytes = 4 // struct nfgenmsg: family, version, two bytes more
)

// countFile has the number of connections that the kernel keeps track of; without the module, there is no such file.
const countFile = "/proc/sys/net/netfilter/nf_conntrack_count"

// flow is a connection that the kernel keeps track of, and is to forget.
type flow struct {
	protocol byte
	ends     ends
	// alive says that it was not over by itself.
	alive bool
	// request is what a message has to say to delete it.
	request []byte
	target  *target
}

// tuple is one direction of a flow.
type tuple struct {
	src, dst netip.AddrPort
	protocol byte
}

// findFlows returns the flows that clients began to ports that targets close to them: the port is the one that the client knows,
// before any NAT.
func findFlows(ctx context.Context, t *targets) ([]flow, error) {
	count, err := os.ReadFile(countFile)
	if errors.Is(err, os.ErrNotExist) || strings.TrimSpace(string(count)) == "0" {
		return nil, nil // asking would load the module
	}
	conn, err := dial(ctx, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, explain("listing tracked connections", err)
	}
	defer func() { _ = conn.Close() }() // it was only read from
	var found []flow
	request := netlink.Message{Header: netlink.Header{Type: ctGet}, Data: make([]byte, genBytes)}
	err = dump(conn, request, func(data []byte) {
		if len(data) < genBytes {
			return
		}
		orig := parseTuple(attribute(data[genBytes:], ctTupleOrig))
		if target := t.find(orig.src.Addr(), orig.protocol, orig.dst.Port()); target != nil {
			found = append(found, parseFlow(data, orig, target))
		}
	})
	if err != nil {
		return nil, explain("listing tracked connections", err)
	}
	return found, nil
}

// forget deletes flows, and counts those that were not counted as sockets. One that has gone by itself is no error.
func forget(ctx context.Context, flows []flow, destroyed map[ends]bool) error {
	conn, err := dial(ctx, unix.NETLINK_NETFILTER)
	if err != nil {
		return explain("forgetting tracked connections", err)
	}
	defer func() { _ = conn.Close() }() // each change was acknowledged
	for _, f := range flows {
		_, err := conn.Execute(netlink.Message{
			Header: netlink.Header{Type: ctDelete, Flags: netlink.Request | netlink.Acknowledge},
			Data:   f.request,
		})
		switch {
		case errors.Is(err, unix.ENOENT):
			continue
		case err != nil:
			return explain("forgetting tracked connections", err)
		}
		if f.alive && !(f.protocol == unix.IPPROTO_TCP && destroyed[f.ends]) {
			f.target.count++
		}
	}
	return nil
}

// parseFlow reads the rest of an answer, of which orig and target are known.
func parseFlow(data []byte, orig tuple, target *target) flow {
	f := flow{protocol: orig.protocol, alive: true, target: target, request: slices.Clone(data[:genBytes])}
	for kind, value := range attributes(data[genBytes:]) {
		switch kind {
		case ctTupleOrig:
			f.request = appendAttribute(f.request, kind|unix.NLA_F_NESTED, value)
		case ctID, ctZone:
			f.request = appendAttribute(f.request, kind, value)
		case ctTupleReply:
			reply := parseTuple(value)
			f.ends = ends{server: reply.src, client: reply.dst}
		case ctProtoInfo:
			state := attribute(attribute(value, protoInfoTCP), tcpState)
			f.alive = len(state) != 1 || state[0] < tcpTimeWait
		}
	}
	return f
}

// parseTuple reads a direction; its addresses are invalid if it has none.
func parseTuple(b []byte) tuple {
	var src, dst netip.Addr
	for kind, value := range attributes(attribute(b, tupleIP)) {
		switch kind {
		case ipv4Src, ipv6Src:
			src, _ = netip.AddrFromSlice(value)
		case ipv4Dst, ipv6Dst:
			dst, _ = netip.AddrFromSlice(value)
		}
	}
	var t tuple
	var srcPort, dstPort uint16
	for kind, value := range attributes(attribute(b, tupleProto)) {
		switch {
		case kind == protoNum && len(value) == 1:
			t.protocol = value[0]
		case kind == protoSrcPort && len(value) == 2:
			srcPort = binary.BigEndian.Uint16(value)
		case kind == protoDstPort && len(value) == 2:
			dstPort = binary.BigEndian.Uint16(value)
		}
	}
	t.src, t.dst = netip.AddrPortFrom(src, srcPort), netip.AddrPortFrom(dst, dstPort)
	return t
}

// attribute is the value of the first attribute of a kind; nil: there is none.
func attribute(b []byte, kind uint16) []byte {
	for k, value := range attributes(b) {
		if k == kind {
			return value
		}
	}
	return nil
}

func appendAttribute(b []byte, kind uint16, value []byte) []byte {
	size := unix.NLA_HDRLEN + len(value)
	b = binary.NativeEndian.AppendUint16(b, uint16(size))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, align(size)-size)...)
}
