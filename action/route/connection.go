package route

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// connection is a socket that speaks of routes and rules, rtnetlink(7). It is written out on the
// netlink library that the other firewalls use, since the one for routes (vishvananda/netlink)
// sends one message and waits for its answer before the next.
type connection struct {
	*netlink.Conn
}

// dial opens the connection unless it is open, and gives it ctx's deadline.
func (s *Set) dial(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("setting routes for jail %s: %w", s.rule.Jail, err)
	}
	if s.conn == nil {
		conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
		if err != nil {
			return explain("opening a netlink socket for routes", err)
		}
		// Both save work, and may be unknown to a kernel before 4.20: what is listed is sifted
		// again, and what is answered is short.
		_ = conn.SetOption(netlink.GetStrictCheck, true)
		_ = conn.SetOption(netlink.CapAcknowledge, true)
		s.conn = &connection{conn}
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Time{}
	}
	if err := s.conn.SetDeadline(deadline); err != nil {
		return s.failed("setting the deadline of a netlink socket", err)
	}
	return nil
}

// hangUp closes the connection; dial opens another.
func (s *Set) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // nothing was promised that could get lost
		s.conn = nil
	}
}

// failed hangs up, because answers that nobody read may wait in the socket
// after an error, and explains err.
func (s *Set) failed(doing string, err error) error {
	s.hangUp()
	return explain(doing, err)
}

// explain says what err means for somebody who has to do something about it.
func explain(doing string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		hint = ": run gaol as root or give it CAP_NET_ADMIN"
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EAFNOSUPPORT):
		hint = ": this kernel has no rules for routes (CONFIG_IP_MULTIPLE_TABLES): use banaction nftables or iptables"
	case errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENOBUFS):
		hint = ": the kernel is short of memory, or has too many IPv6 routes (sysctl net.ipv6.route.max_size)"
	}
	return fmt.Errorf("%s: %w%s", doing, err, hint)
}

// isNoFamily says that the kernel does not know a family.
func isNoFamily(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP)
}

// isWhole says that err is not about a single route but would meet any: the kernel refuses a route
// for what it is with one of these.
func isWhole(err error) bool {
	return !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EEXIST) && !errors.Is(err, unix.ERANGE)
}

// batch is how many messages are sent at once. Should all of them fail, the answers still
// fit into the receive buffer, of 200 kB by default.
const batch = 200

// send sends messages as one. It returns the first error but those of which harmless says so; the
// others are carried out all the same.
func (c *connection) send(messages []netlink.Message, harmless func(error) bool) error {
	// Only errors are answered, and then this one, which asks for nothing: the kernel is through
	// with all of them.
	messages = append(messages, netlink.Message{Header: netlink.Header{
		Type: netlink.Noop, Flags: netlink.Request | netlink.Acknowledge,
	}})
	if _, err := c.SendMessages(messages); err != nil {
		return err
	}
	var first error
	for range messages {
		_, err := c.Receive()
		if err == nil {
			return first
		}
		if first == nil && !harmless(err) {
			first = err
		}
		if !isAnswer(err) {
			return first
		}
	}
	return first
}

// isAnswer says that err is what the kernel said of a message, and not what happened to the
// socket, which would be an os.SyscallError.
func isAnswer(err error) bool {
	op, ok := errors.AsType[*netlink.OpError](err)
	if !ok {
		return false
	}
	_, ok = op.Err.(unix.Errno)
	return ok
}

// list asks for everything of a kind and family.
func (c *connection) list(kind netlink.HeaderType, data []byte) ([]netlink.Message, error) {
	return c.Execute(netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request | netlink.Dump},
		Data:   data,
	})
}

// attribute appends one to b: length, kind and padded value.
func attribute(b []byte, kind uint16, value ...byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func number(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

// numberIn reads what number wrote; 0 if it is not one.
func numberIn(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}
