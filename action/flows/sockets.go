package flows

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Of linux/sock_diag.h, linux/inet_diag.h and net/tcp_states.h.
const (
	sockDiagByFamily = 20
	sockDestroy      = 21

	requestBytes = 56 // struct inet_diag_req_v2: 8 bytes and the socket's id
	idBytes      = 48 // struct inet_diag_sockid
	socketBytes  = 72 // struct inet_diag_msg
	inodeAt      = 68

	stateEstablished = 1
	stateSynReceived = 3
	stateCloseWait   = 8
	stateListen      = 10
	// All that a client can still hear from: not those that listen, are closed or wait in TIME_WAIT.
	connectedStates = 1<<stateEstablished |
		1<<stateSynReceived |
		1<<4 | 1<<5 | // FIN_WAIT1, FIN_WAIT2
		1<<stateCloseWait | 1<<9 | // LAST_ACK
		1<<11 | 1<<12 // CLOSING, NEW_SYN_RECV
)

// Socket is a TCP socket of this host.
type Socket struct {
	Local, Peer netip.AddrPort
	// Inode is its number in /proc/PID/fd; 0: no process has it.
	Inode  uint32
	state  byte
	family byte
	// id is how the kernel knows it, with a cookie that no later socket of the same addresses has.
	id [idBytes]byte
}

// Open says that both sides can send.
func (s Socket) Open() bool { return s.state == stateEstablished }

// Closing says that this side has nothing more to say: its program has closed the socket.
func (s Socket) Closing() bool {
	return s.state != stateEstablished && s.state != stateSynReceived && s.state != stateCloseWait
}

// Opening says that a client has asked for the connection and not answered yet, so that its address may be a false one.
func (s Socket) Opening() bool { return s.state == stateSynReceived }

// Connected passes TCP sockets of this host to see whose peers can still hear from them: those with a peer in one of the prefixes of,
// and maybe others as well; all if there is no prefix.
func (t *Tables) Connected(ctx context.Context, of []netip.Prefix, see func(Socket)) error {
	var filter []byte
	if 0 < len(of) && len(of) <= mostPeers {
		filter = appendAttribute(nil, diagBytecode, peersProgram(of))
	}
	return t.sockets(ctx, connectedStates, filter, see)
}

// Listening passes the TCP sockets of this host that listen to see.
func (t *Tables) Listening(ctx context.Context, see func(Socket)) error {
	return t.sockets(ctx, 1<<stateListen, nil, see)
}

func (t *Tables) sockets(ctx context.Context, states uint32, filter []byte, see func(Socket)) error {
	conn, err := dial(ctx, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return explain("listing sockets", err)
	}
	defer func() { _ = conn.Close() }() // it was only read from
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		request := append(diagRequest(family, states, nil), filter...)
		err := t.walk(conn, netlink.Message{Header: netlink.Header{Type: sockDiagByFamily}, Data: request}, func(data []byte) {
			if s, ok := parseSocket(data); ok {
				see(s)
			}
		})
		if err != nil && !(family == unix.AF_INET6 && errors.Is(err, unix.ENOENT)) { // no IPv6 in this kernel
			return explain("listing sockets", err)
		}
	}
	return nil
}

// Destroy ends sockets as "ss -K" does, and calls gone with the place of each that it did end. One that has gone by itself
// is no error.
func (t *Tables) Destroy(ctx context.Context, sockets []Socket, gone func(i int)) error {
	conn, err := dial(ctx, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return explain("ending connections", err)
	}
	defer func() { _ = conn.Close() }() // each change was acknowledged
	for i, s := range sockets {
		did, err := change(conn, sockDestroy, 0, diagRequest(s.family, connectedStates, s.id[:]))
		if err != nil {
			return explain("ending connections", err)
		}
		if did {
			gone(i)
		}
	}
	return nil
}

// diagRequest is a struct inet_diag_req_v2; id is nil in a dump.
func diagRequest(family byte, states uint32, id []byte) []byte {
	b := make([]byte, requestBytes)
	b[0], b[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(b[4:], states)
	copy(b[8:], id)
	return b
}

// parseSocket reads a struct inet_diag_msg: family, state, two bytes more, and the id, which is both
// ports, both addresses in 16 bytes each, the interface and the cookie.
func parseSocket(b []byte) (s Socket, ok bool) {
	if len(b) < socketBytes {
		return Socket{}, false
	}
	s.family, s.state = b[0], b[1]
	id := b[4 : 4+idBytes]
	copy(s.id[:], id)
	bytes := 16
	if s.family == unix.AF_INET {
		bytes = 4
	}
	s.Local = netip.AddrPortFrom(address(id[4:4+bytes]), binary.BigEndian.Uint16(id))
	s.Peer = netip.AddrPortFrom(address(id[20:20+bytes]), binary.BigEndian.Uint16(id[2:]))
	s.Inode = binary.NativeEndian.Uint32(b[inodeAt:])
	return s, true
}
