package actiontest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"testing"

	mdlayher "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Tracked is a connection for Track, as the client knows it.
type Tracked struct {
	Protocol       byte // unix.IPPROTO_TCP or unix.IPPROTO_UDP
	Client, Server netip.AddrPort
}

// Track makes the kernel believe that it tracks connections, in the namespace of the calling thread, as if packets had gone
// both ways.
func Track(tb testing.TB, connections []Tracked) {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	var batch []byte
	for i, c := range connections {
		m, err := c.message()
		if err != nil {
			tb.Fatal(err)
		}
		if batch = append(batch, m...); len(batch) > 60_000 || i == len(connections)-1 {
			if err := unix.Sendto(fd, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
				tb.Fatalf("making the kernel track connections: %v", err)
			}
			batch = batch[:0]
		}
	}
}

// Clients are n connections of as many clients, 10.0.0.0 and on, to a TCP server.
func Clients(n int, server netip.AddrPort) []Tracked {
	list := make([]Tracked, n)
	for i := range list {
		client := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		list[i] = Tracked{unix.IPPROTO_TCP, netip.AddrPortFrom(client, uint16(1024+i%60_000)), server}
	}
	return list
}

// message is one of type IPCTNL_MSG_CT_NEW, see linux/netfilter/nfnetlink_conntrack.h.
func (c Tracked) message() ([]byte, error) {
	e := mdlayher.NewAttributeEncoder()
	e.ByteOrder = binary.BigEndian
	e.Nested(1, func(e *mdlayher.AttributeEncoder) error { return c.tuple(e, c.Client, c.Server) }) // CTA_TUPLE_ORIG
	e.Nested(2, func(e *mdlayher.AttributeEncoder) error { return c.tuple(e, c.Server, c.Client) }) // CTA_TUPLE_REPLY
	e.Uint32(3, 1<<1|1<<2|1<<3)                                                                     // CTA_STATUS: seen reply, assured, confirmed
	e.Uint32(7, 600)                                                                                // CTA_TIMEOUT, in seconds
	if c.Protocol == unix.IPPROTO_TCP {
		e.Nested(4, func(e *mdlayher.AttributeEncoder) error { // CTA_PROTOINFO
			e.Nested(1, func(e *mdlayher.AttributeEncoder) error { e.Uint8(1, 3); return nil }) // established
			return nil
		})
	}
	attrs, err := e.Encode()
	if err != nil {
		return nil, err
	}
	family := byte(unix.AF_INET)
	if c.Client.Addr().Is6() {
		family = unix.AF_INET6
	}
	m := mdlayher.Message{
		Header: mdlayher.Header{Type: unix.NFNL_SUBSYS_CTNETLINK << 8, Flags: mdlayher.Request | mdlayher.Create},
		Data:   append([]byte{family, 0, 0, 0}, attrs...),
	}
	m.Header.Length = uint32(unix.NLMSG_HDRLEN + len(m.Data))
	return m.MarshalBinary()
}

func (c Tracked) tuple(e *mdlayher.AttributeEncoder, from, to netip.AddrPort) error {
	e.ByteOrder = binary.BigEndian
	e.Nested(1, func(e *mdlayher.AttributeEncoder) error { // CTA_TUPLE_IP
		kind := uint16(1)
		if from.Addr().Is6() {
			kind = 3
		}
		e.Bytes(kind, from.Addr().AsSlice())
		e.Bytes(kind+1, to.Addr().AsSlice())
		return nil
	})
	e.Nested(2, func(e *mdlayher.AttributeEncoder) error { // CTA_TUPLE_PROTO
		e.ByteOrder = binary.BigEndian
		e.Uint8(1, c.Protocol)
		e.Uint16(2, from.Port())
		e.Uint16(3, to.Port())
		return nil
	})
	return nil
}

// Crowd opens n connections over loopback to port 443 of this host, each of an address of its own, 127.1.0.0 and on; that is 2n sockets.
// Nobody accepts them. They close when the test ends.
func Crowd(tb testing.TB, n int) {
	tb.Helper()
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	// A process may not have as many files open; a thread may have files of its own.
	const each = 18_000
	err = errors.Join(err, os.WriteFile("/proc/sys/net/core/somaxconn", []byte(strconv.Itoa(each)), 0))
	if err != nil {
		tb.Fatal(err)
	}
	for k := 0; k*each < n; k++ {
		opened, over, closed := make(chan error), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(closed)
			runtime.LockOSThread() // and never unlocked: the thread ends, and its files with it
			opened <- crowd(byte(k), min(each, n-k*each))
			<-over
		}()
		tb.Cleanup(func() { close(over); <-closed })
		if err := <-opened; err != nil {
			tb.Fatal(err)
		}
	}
}

func crowd(k byte, n int) error {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return fmt.Errorf("a table of files for one thread: %w", err)
	}
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	server := &unix.SockaddrInet4{Port: 443, Addr: [4]byte{127, 255, k, 1}}
	if err := errors.Join(unix.Bind(listener, server), unix.Listen(listener, n)); err != nil {
		return err
	}
	for i := range n {
		client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := unix.Bind(client, &unix.SockaddrInet4{Addr: [4]byte{127, 1 + k, byte(i >> 8), byte(i)}, Port: 2000}); err != nil {
			return err
		}
		if err := unix.Connect(client, server); err != nil {
			return err
		}
	}
	return nil
}
