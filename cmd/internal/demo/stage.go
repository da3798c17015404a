package demo

import (
	"errors"
	"fmt"
	"net"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// The addresses are of the blocks set aside for documentation (RFC 5737).
const (
	pageAddress = "192.0.2.1"
	pagePort    = "80"
)

// host is a computer on the stage: a network namespace with one cable to the server's.
type host struct {
	name    string
	address string
	work    chan func()
}

// plug builds a host with the address, joined to the server by a cable of its own.
func plug(name, address string, index int) (*host, error) {
	h := &host{name: name, address: address, work: make(chan func())}
	ready := make(chan error)
	go h.live(ready, index)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("building the network of %s: %w", name, err)
	}
	return h, nil
}

// live keeps one thread in the host's namespace: a socket belongs to the namespace
// of the thread that makes it.
func (h *host) live(ready chan<- error, index int) {
	// Never unlocked: the thread ends with the goroutine and takes the namespace
	// along.
	runtime.LockOSThread()
	server, err := netns.Get()
	if err == nil {
		defer server.Close()
		err = h.connect(server, index)
	}
	ready <- err
	if err != nil {
		return
	}
	for f := range h.work {
		f()
	}
}

// leave ends the host.
func (h *host) leave() { close(h.work) }

func (h *host) connect(server netns.NsHandle, index int) error {
	own, err := netns.New()
	if err != nil {
		return err
	}
	defer own.Close()
	near := fmt.Sprintf("host%d", index)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "eth0"
	cable := &netlink.Veth{LinkAttrs: attrs, PeerName: near, PeerNamespace: netlink.NsFd(int(server))}
	if err := netlink.LinkAdd(cable); err != nil {
		return fmt.Errorf("laying a cable: %w", err)
	}
	if err := address(netlink.LinkByName, "eth0", h.address+"/32"); err != nil {
		return err
	}
	if err := route("eth0", pageAddress); err != nil {
		return err
	}
	handle, err := netlink.NewHandleAt(server)
	if err != nil {
		return err
	}
	defer handle.Close()
	return wire(handle, near, h.address)
}

// wire is the server's end of a cable: up, with the page's address, and the host behind
// it.
func wire(server *netlink.Handle, name, far string) error {
	link, err := server.LinkByName(name)
	if err != nil {
		return err
	}
	local, err := netlink.ParseAddr(pageAddress + "/32")
	if err != nil {
		return err
	}
	if err := errors.Join(server.AddrAdd(link, local), server.LinkSetUp(link)); err != nil {
		return err
	}
	return server.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: single(far), Scope: netlink.SCOPE_LINK})
}

func address(find func(string) (netlink.Link, error), name, text string) error {
	link, err := find(name)
	if err != nil {
		return err
	}
	addr, err := netlink.ParseAddr(text)
	if err != nil {
		return err
	}
	return errors.Join(netlink.AddrAdd(link, addr), netlink.LinkSetUp(link))
}

func route(name, to string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: single(to), Scope: netlink.SCOPE_LINK})
}

func single(address string) *net.IPNet {
	return &net.IPNet{IP: net.ParseIP(address).To4(), Mask: net.CIDRMask(32, 32)}
}

// do runs f on the host and waits for it.
func (h *host) do(f func()) {
	done := make(chan struct{})
	h.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// loopback brings the server's own loopback up.
func loopback() error {
	link, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}
