package iptables

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// connect opens the netlink socket unless it is open, and gives it ctx's
// deadline.
func (s *Set) connect(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("changing ipset for jail %s: %w", s.rule.Jail, err)
	}
	if s.kernel == nil {
		kernel, err := dial(ctx)
		if err != nil {
			return err
		}
		s.kernel = kernel
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Time{}
	}
	if err := s.kernel.conn.SetDeadline(deadline); err != nil {
		return s.failed("setting the deadline of a netlink socket", err)
	}
	return nil
}

// dial opens a netlink socket with ctx's deadline.
func dial(ctx context.Context) (*ipsets, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, explain("opening a netlink socket for ipset", err)
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(explain("setting the deadline of a netlink socket", err), conn.Close())
	}
	return &ipsets{conn: conn}, nil
}

func (s *Set) hangUp() {
	if s.kernel != nil {
		_ = s.kernel.conn.Close() // nothing was promised that could get lost
		s.kernel = nil
	}
}

// failed hangs up, because an answer that nobody read may wait in the socket
// after an error, and explains err.
func (s *Set) failed(doing string, err error) error {
	s.hangUp()
	return explain(doing, err)
}
