package flows

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Of linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_common.h and nf_conntrack_tcp.h.
const (
	ctNew    = unix.NFNL_SUBSYS_CTNETLINK << 8
	ctGet    = unix.NFNL_SUBSYS_CTNETLINK<<8 | 1
	ctDelete = unix.NFNL_SUBSYS_CTNETLINK<<8 | 2

	ctOrig      = 1
	ctReply     = 2
	ctStatus    = 3
	ctProtoInfo = 4
	ctTimeout   = 7
	ctID        = 12
	ctZone      = 18

	tupleIP    = 1
	tupleProto = 2

	ipv4Src = 1
	ipv4Dst = 2
	ipv6Src = 3
	ipv6Dst = 4

	protoNum     = 1
	protoSrcPort = 2
	protoDstPort = 3

	infoTCP       = 1
	tcpState      = 1
	tcpFlagsOrig  = 4
	tcpFlagsReply = 5
	tcpLiberal    = 1 << 3 // IP_CT_TCP_FLAG_BE_LIBERAL

	tcpSynSent     = 1
	tcpEstablished = 3
	// From TIME_WAIT on, CLOSE (8) among them, a connection is over and only remembered.
	tcpTimeWait = 7

	statusSeenReply = 1 << 1
	statusAssured   = 1 << 2
	statusConfirmed = 1 << 3

	genBytes = 4 // struct nfgenmsg: family, version, two bytes more
)

// countFile has the number of connections that the kernel keeps track of; without the module, there is no such file.
const countFile = "/proc/sys/net/netfilter/nf_conntrack_count"

// Tuple is one direction of a flow: who sends, and to whom.
type Tuple struct {
	Src, Dst netip.AddrPort
}

// Flow is a connection that the kernel keeps track of.
type Flow struct {
	// Protocol is "tcp", "udp", or "other", whose ports are 0.
	Protocol string
	// Orig goes to what the client knows, before any NAT; Reply comes from where that has led, and to whom the
	// server answers.
	Orig, Reply Tuple
	state       byte
	status      uint32
	data        []byte
}

// Open says that a TCP connection is established. Of other protocols, nothing is.
func (f Flow) Open() bool { return f.Protocol == "tcp" && f.state == tcpEstablished }

// Opening says that the server has not answered yet.
func (f Flow) Opening() bool {
	return f.Protocol == "tcp" && f.state <= tcpSynSent || f.Protocol == "udp" && f.status&statusSeenReply == 0
}

// Lives says that there is a connection that can go on: one that is answered and, of TCP, has not ended.
func (f Flow) Lives() bool { return !f.Opening() && (f.Protocol != "tcp" || f.state < tcpTimeWait) }

// Answered says that there was traffic both ways, and of TCP that it was once established.
func (f Flow) Answered() bool {
	return f.status&statusSeenReply != 0 && (f.Protocol != "tcp" || f.status&statusAssured != 0)
}

// Tracked passes connections that the kernel tracks to see: those that a host in one of the prefixes of has begun, or answers, and
// maybe others as well, or one twice; all if there is no prefix. see must not keep a [Flow], but may keep its Entry.
// It takes CAP_NET_ADMIN. Where the kernel tracks none, there are none, and it is not made to.
func (t *Tables) Tracked(ctx context.Context, of []netip.Prefix, see func(Flow)) error {
	count, err := os.ReadFile(countFile)
	if errors.Is(err, os.ErrNotExist) || strings.TrimSpace(string(count)) == "0" {
		return nil // asking would load the module
	}
	conn, err := dial(ctx, unix.NETLINK_NETFILTER)
	if err != nil {
		return explain("listing tracked connections", err)
	}
	defer func() { _ = conn.Close() }() // it was only read from
	if len(of) == 1 && of[0].IsSingleIP() {
		err = t.trackedOf(conn, of[0].Addr(), see)
	} else {
		err = t.walkTracked(conn, make([]byte, genBytes), see)
	}
	if err != nil {
		return explain("listing tracked connections", err)
	}
	return nil
}

// trackedOf is Tracked for one address.
func (t *Tables) trackedOf(conn *netlink.Conn, addr netip.Addr, see func(Flow)) error {
	filters := true
	err := t.walkTracked(conn, trackedFrom(addr, ctOrig), func(f Flow) {
		filters = filters && f.Orig.Src.Addr() == addr
		see(f)
	})
	if err != nil || !filters {
		return err // of an old kernel, that were all
	}
	return t.walkTracked(conn, trackedFrom(addr, ctReply), see)
}

func (t *Tables) walkTracked(conn *netlink.Conn, request []byte, see func(Flow)) error {
	return t.walk(conn, netlink.Message{Header: netlink.Header{Type: ctGet}, Data: request}, func(data []byte) {
		if f, ok := parseFlow(data); ok {
			see(f)
		}
	})
}

// parseFlow reads an answer of ctnetlink; false: it is none that has addresses both ways.
func parseFlow(data []byte) (f Flow, ok bool) {
	if len(data) < genBytes {
		return Flow{}, false
	}
	f.data = data
	for kind, value := range attributes(data[genBytes:]) {
		switch kind {
		case ctOrig:
			f.Orig, f.Protocol = parseTuple(value)
		case ctReply:
			f.Reply, _ = parseTuple(value)
		case ctStatus:
			if len(value) == 4 {
				f.status = binary.BigEndian.Uint32(value)
			}
		case ctProtoInfo:
			if state := attribute(value, infoTCP, tcpState); len(state) == 1 {
				f.state = state[0]
			}
		}
	}
	return f, f.Orig.valid() && f.Reply.valid()
}

func (t Tuple) valid() bool { return t.Src.IsValid() && t.Dst.IsValid() }

// parseTuple reads a direction; its addresses are invalid if it has none.
func parseTuple(b []byte) (t Tuple, protocol string) {
	protocol = "other"
	var src, dst netip.Addr
	var srcPort, dstPort uint16
	for part, value := range attributes(b) {
		for kind, value := range attributes(value) {
			switch {
			case part == tupleIP && (kind == ipv4Src || kind == ipv6Src):
				src = address(value)
			case part == tupleIP && (kind == ipv4Dst || kind == ipv6Dst):
				dst = address(value)
			case part == tupleProto && kind == protoNum && len(value) == 1:
				protocol = protocolName(value[0])
			case part == tupleProto && kind == protoSrcPort && len(value) == 2:
				srcPort = binary.BigEndian.Uint16(value)
			case part == tupleProto && kind == protoDstPort && len(value) == 2:
				dstPort = binary.BigEndian.Uint16(value)
			}
		}
	}
	return Tuple{netip.AddrPortFrom(src, srcPort), netip.AddrPortFrom(dst, dstPort)}, protocol
}

func protocolName(number byte) string {
	switch number {
	case unix.IPPROTO_TCP:
		return "tcp"
	case unix.IPPROTO_UDP:
		return "udp"
	}
	return "other"
}
