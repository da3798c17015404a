package established

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// dumpBytes is as much as the kernel puts into one datagram of a dump, if the reader has room (NLMSG_GOODSIZE and
// max_recvmsg_len in net/netlink/af_netlink.c).
const dumpBytes = 32 << 10

// dump asks for a table and passes what each answer says to see, which must not keep it. The library's Execute has the
// whole table in memory, hundreds of MB for a router's connections; this has a datagram of it.
func dump(conn *netlink.Conn, m netlink.Message, see func(data []byte)) error {
	m.Header.Flags = netlink.Request | netlink.Dump
	if _, err := conn.Send(m); err != nil {
		return err
	}
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
		if done, err := answers(buf[:n], see); done || err != nil {
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

// attributes are the attributes in b by their types, without flags. A list that is cut off ends there.
func attributes(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.NLA_HDRLEN {
			size := int(binary.NativeEndian.Uint16(b))
			if size < unix.NLA_HDRLEN || size > len(b) {
				return
			}
			kind := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if !yield(kind, b[unix.NLA_HDRLEN:size]) {
				return
			}
			b = b[min(align(size), len(b)):]
		}
	}
}

func align(size int) int { return (size + 3) &^ 3 }
