package established

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

	// All that a client can still hear from: not those that listen, are closed or wait in TIME_WAIT.
	connectedStates = 1<<1 | // ESTABLISHED
		1<<3 | // SYN_RECV
		1<<4 | 1<<5 | // FIN_WAIT1, FIN_WAIT2
		1<<8 | 1<<9 | // CLOSE_WAIT, LAST_ACK
		1<<11 | 1<<12 // CLOSING, NEW_SYN_RECV
)

// socket is a TCP socket of this host that is to end.
type socket struct {
	ends   ends
	family byte
	// id is how the kernel knows it, with a cookie that no later socket of the same addresses has.
	id     [idBytes]byte
	target *target
}

// findSockets returns the TCP sockets of this host that targets close to their peers, and those of redirected.
func findSockets(ctx context.Context, t *targets, redirected map[ends]*target) ([]socket, error) {
	conn, err := dial(ctx, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, explain("listing sockets", err)
	}
	defer func() { _ = conn.Close() }() // it was only read from
	var found []socket
	var inodes []uint32
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		request := netlink.Message{Header: netlink.Header{Type: sockDiagByFamily}, Data: diagRequest(family, connectedStates, nil)}
		err := dump(conn, request, func(data []byte) {
			s, inode, ok := parseSocket(data)
			if !ok {
				return
			}
			s.target = t.find(s.ends.client.Addr(), unix.IPPROTO_TCP, s.ends.server.Port())
			if s.target == nil {
				s.target = redirected[s.ends]
			}
			if s.target != nil {
				found, inodes = append(found, s), append(inodes, inode)
			}
		})
		if err != nil && !(family == unix.AF_INET6 && errors.Is(err, unix.ENOENT)) { // no IPv6 in this kernel
			return nil, explain("listing sockets", err)
		}
	}
	return notOwn(found, inodes), nil
}

// destroy ends sockets, counts them, and notes them in destroyed. One that has gone by itself is no error.
func destroy(ctx context.Context, sockets []socket, destroyed map[ends]bool) error {
	conn, err := dial(ctx, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return explain("ending connections", err)
	}
	defer func() { _ = conn.Close() }() // each change was acknowledged
	for _, s := range sockets {
		_, err := conn.Execute(netlink.Message{
			Header: netlink.Header{Type: sockDestroy, Flags: netlink.Request | netlink.Acknowledge},
			Data:   diagRequest(s.family, connectedStates, s.id[:]),
		})
		switch {
		case errors.Is(err, unix.ENOENT):
			continue
		case err != nil:
			return explain("ending connections", err)
		}
		destroyed[s.ends] = true
		s.target.count++
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
func parseSocket(b []byte) (s socket, inode uint32, ok bool) {
	if len(b) < socketBytes {
		return socket{}, 0, false
	}
	s.family = b[0]
	id := b[4 : 4+idBytes]
	copy(s.id[:], id)
	s.ends = ends{
		server: netip.AddrPortFrom(diagAddr(s.family, id[4:20]), binary.BigEndian.Uint16(id)),
		client: netip.AddrPortFrom(diagAddr(s.family, id[20:36]), binary.BigEndian.Uint16(id[2:])),
	}
	return s, binary.NativeEndian.Uint32(b[inodeAt:]), true
}

// diagAddr is an address as a firewall knows it: that of an IPv4 client is one on a socket of IPv6 as well.
func diagAddr(family byte, b []byte) netip.Addr {
	if family == unix.AF_INET {
		return netip.AddrFrom4([4]byte(b))
	}
	return netip.AddrFrom16([16]byte(b)).Unmap()
}
