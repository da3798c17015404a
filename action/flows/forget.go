package flows

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Entry is by what the kernel knows a flow, and what is to become of it.
type Entry struct {
	// forget is the message that deletes it; orig, reply and zone are attributes of it.
	forget, orig, reply, zone []byte
	protocol                  string
	// translated says that there is NAT in between.
	translated bool
	// Reversed says that the kernel has client and server the wrong way round: it has seen the connection only
	// after it had begun, and the server spoke first.
	Reversed bool
}

// Entry is for [Tables.Forget] and [Tables.Refuse]. It keeps what it needs of the flow.
func (f Flow) Entry() Entry {
	e := Entry{
		forget: slices.Clone(f.data[:genBytes]), protocol: f.Protocol,
		translated: f.Reply.Src != f.Orig.Dst || f.Reply.Dst != f.Orig.Src,
	}
	for kind, value := range attributes(f.data[genBytes:]) {
		switch kind {
		case ctOrig:
			e.forget = appendAttribute(e.forget, kind|unix.NLA_F_NESTED, value)
			e.orig = slices.Clone(value)
		case ctReply:
			e.reply = slices.Clone(value)
		case ctID:
			e.forget = appendAttribute(e.forget, kind, value)
		case ctZone:
			e.forget = appendAttribute(e.forget, kind, value)
			e.zone = slices.Clone(value)
		}
	}
	return e
}

// Forget makes the kernel forget flows, and calls gone with the place of each that it did forget. One that has gone by
// itself is no error; the first that can't be forgotten is, after all others.
func (t *Tables) Forget(ctx context.Context, entries []Entry, gone func(i int)) error {
	return each(ctx, entries, gone, forget)
}

// Refuse makes firewalls take what clients still send for packets of no connection, so that no rule lets them by which accepts
// what belongs to one. Forgetting is not enough where this host passes a connection on: the next packet of the server, which nobody refuses,
// would have it tracked again, and all that the client sends would be an answer. So
//
//   - a connection is tracked anew, as one that its client has begun and the server has not answered: what the client of a TCP
//     connection sends is then invalid (tcp_conntracks in net/netfilter/nf_conntrack_proto_tcp.c), and that of UDP
//     new until the server sends something unasked;
//   - where NAT leads it elsewhere, a TCP connection is said to be unanswered, since a new one would know nothing of
//     NAT, which the client may need with the same port later; UDP is forgotten for that reason;
//   - connections of other protocols are forgotten.
func (t *Tables) Refuse(ctx context.Context, entries []Entry, gone func(i int)) error {
	return each(ctx, entries, gone, func(conn *netlink.Conn, e Entry) (bool, error) {
		switch {
		case e.protocol == "other", e.protocol == "udp" && e.translated:
			return forget(conn, e)
		case e.translated && !e.Reversed:
			return change(conn, ctNew, 0, e.unanswered(e.orig, nil))
		default:
			return e.anew(conn)
		}
	})
}

func each(ctx context.Context, entries []Entry, gone func(i int), do func(*netlink.Conn, Entry) (bool, error)) error {
	conn, err := dial(ctx, unix.NETLINK_NETFILTER)
	if err != nil {
		return explain("ending tracked connections", err)
	}
	defer func() { _ = conn.Close() }() // each change was acknowledged
	var failed error
	for i, e := range entries {
		did, err := do(conn, e)
		switch {
		case ctx.Err() != nil:
			return explain("ending tracked connections", ctx.Err())
		case err != nil && failed == nil:
			failed = explain("ending tracked connections", err)
		case did:
			gone(i)
		}
	}
	return failed
}

func forget(conn *netlink.Conn, e Entry) (bool, error) { return change(conn, ctDelete, 0, e.forget) }

// tries is how often anew tries: between its two steps, the server may send something.
const tries = 5

// anew has the kernel track a flow as one that the client has begun and the server has not answered.
func (e Entry) anew(conn *netlink.Conn) (bool, error) {
	from, to := e.orig, e.reply
	if e.Reversed {
		from, to = to, from
	}
	for range tries {
		if did, err := forget(conn, e); !did || err != nil {
			return false, err
		}
		did, err := change(conn, ctNew, netlink.Create|netlink.Excl, e.unanswered(from, to))
		if !errors.Is(err, unix.EEXIST) {
			return did, err
		}
		// The one that has come in between has another number.
		e.forget = appendAttribute(slices.Clone(e.forget[:genBytes]), ctOrig|unix.NLA_F_NESTED, e.orig)
	}
	return false, nil
}

// How long connections are known as unanswered. A TCP server goes on sending to a client who does not answer for half an hour
// (tcp_retries2), or, after two hours of silence, keepalives for eleven minutes: tcp(7).
const (
	tcpUnanswered = 3 * time.Hour
	udpUnanswered = 3 * time.Minute
)

// unanswered is a connection that the server has not answered yet; reply is nil for one that is known.
func (e Entry) unanswered(orig, reply []byte) []byte {
	b := appendAttribute(slices.Clone(e.forget[:genBytes]), ctOrig|unix.NLA_F_NESTED, orig)
	if reply != nil {
		b = appendAttribute(b, ctReply|unix.NLA_F_NESTED, reply)
	}
	if e.zone != nil {
		b = appendAttribute(b, ctZone, e.zone)
	}
	lasts := udpUnanswered
	if e.protocol == "tcp" {
		lasts = tcpUnanswered
		// A later connection by the same ports has other sequence numbers.
		flags := []byte{tcpLiberal, tcpLiberal}
		info := appendAttribute(nil, tcpState, []byte{tcpSynSent})
		info = appendAttribute(appendAttribute(info, tcpFlagsOrig, flags), tcpFlagsReply, flags)
		b = appendAttribute(b, ctProtoInfo|unix.NLA_F_NESTED, appendAttribute(nil, infoTCP|unix.NLA_F_NESTED, info))
	}
	return appendAttribute(b, ctTimeout, binary.BigEndian.AppendUint32(nil, uint32(lasts.Seconds())))
}
