// Package flows reads the kernel's tables of connections, the TCP sockets of this host and the connections that it
// tracks (conntrack), and takes entries out of them: it speaks sock_diag(7) and ctnetlink. What is to end, and why,
// its callers know.
//
// A table may have a million entries. [Tables] passes them on one by one, in the memory of a datagram, and has the
// kernel leave out what nobody asks for, where that is cheaper.
package flows

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Tables are those of the network namespace of the calling thread. The zero value is ready for use, by one goroutine.
type Tables struct {
	// Walks is how many times the kernel was made to walk through a table.
	Walks int
}

// dial opens a netlink socket with ctx's deadline.
func dial(ctx context.Context, family int) (*netlink.Conn, error) {
	conn, err := netlink.Dial(family, nil)
	if err != nil {
		return nil, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Time{}
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// explain says what err means for somebody who has to do something about it.
func explain(doing string, err error) error {
	errno, _ := errors.AsType[unix.Errno](err)
	switch errno {
	case unix.EPERM, unix.EACCES:
		return fmt.Errorf("%s: %w: run gaol as root or give it CAP_NET_ADMIN", doing, err)
	case unix.EOPNOTSUPP:
		return fmt.Errorf("%s: %w: the kernel is built without CONFIG_INET_DIAG_DESTROY: what the client sends is refused, but the server's side stays open until it is tired of waiting", doing, err)
	case unix.ENOENT, unix.EPROTONOSUPPORT:
		return fmt.Errorf("%s: %w: load modules tcp_diag and nf_conntrack_netlink", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// change has the kernel change one entry; false: it has gone by itself.
func change(conn *netlink.Conn, kind netlink.HeaderType, flags netlink.HeaderFlags, data []byte) (bool, error) {
	_, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request | netlink.Acknowledge | flags}, Data: data,
	})
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	return err == nil, err
}

// address is one as a firewall knows it: that of an IPv4 client is one on a socket of IPv6 as well. It is invalid
// if b has neither 4 nor 16 bytes.
func address(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}
