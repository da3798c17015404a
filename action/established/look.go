package established

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// ends are the two of a TCP connection as the one on this side, be it this host or a container, has them.
type ends struct {
	server, client netip.AddrPort
}

// look ends the connections of all targets, and counts them there.
func look(ctx context.Context, t *targets) error {
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	flows, trackErr := findFlows(ctx, t)
	// A port that is redirected to another one of this host is known to conntrack alone.
	redirected := map[ends]*target{}
	for _, f := range flows {
		if f.protocol == unix.IPPROTO_TCP {
			redirected[f.ends] = f.target
		}
	}
	sockets, socketErr := findSockets(ctx, t, redirected)
	destroyed := map[ends]bool{}
	// Sockets first: while the flow is known, the reset finds its way back through NAT, and past
	// rules for outgoing packets that want an established connection.
	if socketErr == nil && len(sockets) > 0 {
		socketErr = destroy(ctx, sockets, destroyed)
	}
	if trackErr == nil && len(flows) > 0 {
		trackErr = forget(ctx, flows, destroyed)
	}
	return errors.Join(socketErr, trackErr)
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
