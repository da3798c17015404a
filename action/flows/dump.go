package flows

import (
	"encoding/binary"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// dumpBytes is as much as the kernel puts into one datagram of a dump, if the reader has room (NLMSG_GOODSIZE and
// max_recvmsg_len in net/netlink/af_netlink.c).
const dumpBytes = 32 << 10

// walk asks for a table and passes what each answer says to see, which must not keep it. The library's Execute has the
// whole table in memory, hundreds of MB for a router's connections; this has a datagram of it.
func (t *Tables) walk(conn *netlink.Conn, m netlink.Message, see func(data []byte)) error {
	t.Walks++
	m.Header.Flags = netlink.Request | netlink.Dump
	if _, err := conn.Send(m); err != nil {
		return err
	}
	return datagrams(conn, func(b []byte) (bool, error) { return answers(b, see) })
}

// datagrams reads from conn until take says that it is done or fails.
func datagrams(conn *netlink.Conn, take func([]byte) (done bool, err error)) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	buf := make([]byte, dumpBytes)
	for {
		var n int
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, _, failed = unix.Recvfrom(int(fd), buf, unix.MSG_TRUNC)
			return failed != unix.EAGAIN && failed != unix.EINTR
		})
		switch {
		case err != nil:
			return err
		case failed != nil:
			return failed
		case n > len(buf):
			return fmt.Errorf("the kernel answers with %d bytes at once", n)
		}
		if done, err := take(buf[:n]); done || err != nil {
			return err
		}
	}
}

// answers passes on the messages of a datagram, see netlink(7). done says that there are no more.
func answers(b []byte, see func(data []byte)) (done bool, err error) {
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			return false, fmt.Errorf("the kernel answers with a message of %d bytes in %d", size, len(b))
		}
		data := b[unix.NLMSG_HDRLEN:size]
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			if len(data) >= 4 {
				if code := int32(binary.NativeEndian.Uint32(data)); code < 0 {
					return true, unix.Errno(-code)
				}
			}
			return true, nil
		case unix.NLMSG_NOOP:
		default:
			see(data)
		}
		b = b[min(align(size), len(b)):]
	}
	return false, nil
}
