package nfevents

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Own is the connection by which somebody who watches makes changes. The kernel leaves them out of what it tells:
// thousands of bans would fill the watcher's socket, and each message to a full one makes the kernel give the processor away in
// the midst of them. The zero Own has no connection; its methods may be called from several goroutines.
type Own struct {
	mu      sync.Mutex
	port    uint32 // the connection's; 0: there is none
	watcher *netlink.Conn
}

// Is says that changes are made by conn from now on. What conn was before, the kernel tells of.
func (o *Own) Is(conn *netlink.Conn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("asking for the port of a netlink socket: %w", err)
	}
	var address unix.Sockaddr
	var failed error
	if err := raw.Control(func(fd uintptr) { address, failed = unix.Getsockname(int(fd)) }); err != nil {
		failed = err
	}
	bound, ok := address.(*unix.SockaddrNetlink)
	if failed != nil || !ok {
		return fmt.Errorf("asking for the port of a netlink socket: %w", failed)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.port = bound.Pid
	return o.filter()
}

// watch has watcher not told of the connection's changes until it is called with nil.
func (o *Own) watch(watcher *netlink.Conn) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.watcher = watcher
	return o.filter()
}

// filter leaves out messages by the port in their header: all of one transaction have that of the socket it came by.
func (o *Own) filter() error {
	if o.watcher == nil || o.port == 0 {
		return nil
	}
	const portOffset = 12 // of nlmsg_pid in struct nlmsghdr, linux/netlink.h
	// A filter loads numbers as if they were in network order.
	port := binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, o.port))
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: portOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: port, SkipFalse: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 1 << 30}, // all of it
	})
	if err != nil {
		return fmt.Errorf("making a filter of messages: %w", err)
	}
	return o.watcher.SetBPF(program)
}
