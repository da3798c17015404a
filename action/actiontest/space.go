package actiontest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Space is a network namespace: a host of the test's little network. It ends
// with the test.
type Space struct {
	fd    int
	links int
}

// Own returns the namespace the test runs in. Use it after Isolate.
func Own(t *testing.T) *Space {
	t.Helper()
	if os.Getenv(inside) == "" {
		t.Fatal("the test is not isolated: this namespace may be the host's")
	}
	s := &Space{fd: openSpace(t)}
	s.answerAll(t)
	return s
}

// answerAll lifts the kernel's limit of about one refusal a second to a host that has had a
// handful. Tests ask more often, and what is left of connections that were cut is refused
// too as its packets are sent again.
func (s *Space) answerAll(t *testing.T) {
	t.Helper()
	err := s.Do(func() error {
		for _, limit := range []string{"/proc/sys/net/ipv4/icmp_ratelimit", "/proc/sys/net/ipv6/icmp/ratelimit"} {
			if err := os.WriteFile(limit, []byte("0"), 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// NewSpace makes a host with nothing but loopback.
func NewSpace(t *testing.T) *Space {
	t.Helper()
	s := &Space{}
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("making a network namespace: %w", err)
		}
		s.fd = openSpace(t)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.up(t)
	s.answerAll(t)
	return s
}

func openSpace(t *testing.T) int {
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("opening the thread's network namespace: %v", err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

// onThread calls f on an OS thread that ends with it, because its namespace is
// changed.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// Do calls f in the namespace. Sockets it opens and programs it starts belong
// there; goroutines it starts do not.
func (s *Space) Do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(s.fd, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return f()
	})
}

// Run runs a program in the namespace and returns what it wrote. It fails the
// test if the program fails.
func (s *Space) Run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out []byte
	err := s.Do(func() error {
		var err error
		out, err = exec.Command(name, args...).CombinedOutput()
		return err
	})
	if err != nil {
		t.Fatalf("running %s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Forward lets the host pass packets on between its links.
func (s *Space) Forward(t *testing.T) {
	t.Helper()
	err := s.Do(func() error {
		return errors.Join(
			os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0),
			os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("1"), 0),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Space) up(t *testing.T) {
	t.Helper()
	err := s.Do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(lo)
	})
	if err != nil {
		t.Fatalf("setting up loopback: %v", err)
	}
}

// Connect joins two hosts by a cable and gives each end its addresses, which
// are prefixes such as 10.0.1.1/24.
func Connect(t *testing.T, a *Space, aAddresses []string, b *Space, bAddresses []string) {
	t.Helper()
	a.links++
	b.links++
	aName, bName := fmt.Sprintf("eth%d", a.links), fmt.Sprintf("eth%d", b.links)
	err := a.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = aName
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: bName, PeerNamespace: netlink.NsFd(b.fd)})
	})
	if err != nil {
		t.Fatalf("making a pair of links: %v", err)
	}
	t.Cleanup(func() {
		// The kernel takes its time to remove those of a namespace that is gone, and the next test may want the name.
		_ = a.Do(func() error {
			link, err := netlink.LinkByName(aName)
			if err != nil {
				return err
			}
			return netlink.LinkDel(link)
		})
	})
	a.configure(t, aName, aAddresses)
	b.configure(t, bName, bAddresses)
	a.meet(t, aName, b, bName, bAddresses)
	b.meet(t, bName, a, aName, aAddresses)
}

// meet tells a host where the other's addresses are. A firewall that closes everything refuses to tell, so that packets would
// be refused without a word once what is known of the cable is out of date.
func (s *Space) meet(t *testing.T, name string, other *Space, otherName string, addresses []string) {
	t.Helper()
	var there netlink.Link
	err := other.Do(func() (err error) { there, err = netlink.LinkByName(otherName); return err })
	if err == nil {
		err = s.Do(func() error {
			here, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			for _, text := range addresses {
				ip, _, err := net.ParseCIDR(text)
				if err != nil {
					return err
				}
				neighbour := &netlink.Neigh{LinkIndex: here.Attrs().Index, State: netlink.NUD_PERMANENT, IP: ip, HardwareAddr: there.Attrs().HardwareAddr}
				if err := netlink.NeighSet(neighbour); err != nil {
					return fmt.Errorf("address %s: %w", text, err)
				}
			}
			return nil
		})
	}
	if err != nil {
		t.Fatalf("telling a host of its neighbours: %v", err)
	}
}

func (s *Space) configure(t *testing.T, name string, addresses []string) {
	t.Helper()
	err := s.Do(func() error {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		for _, text := range addresses {
			addr, err := netlink.ParseAddr(text)
			if err != nil {
				return err
			}
			if addr.IP.To4() == nil {
				// Two hosts on one cable need not ask for a second
				// whether the address is taken.
				addr.Flags = unix.IFA_F_NODAD
			}
			if err := netlink.AddrAdd(link, addr); err != nil {
				return fmt.Errorf("address %s: %w", text, err)
			}
		}
		return netlink.LinkSetUp(link)
	})
	if err != nil {
		t.Fatalf("setting up link %s: %v", name, err)
	}
}

// Route sends packets for everything outside of the host's own cables through
// gateway.
func (s *Space) Route(t *testing.T, gateway string) {
	t.Helper()
	addr := netip.MustParseAddr(gateway)
	err := s.Do(func() error {
		_, all, _ := net.ParseCIDR("0.0.0.0/0")
		if addr.Is6() {
			_, all, _ = net.ParseCIDR("::/0")
		}
		return netlink.RouteAdd(&netlink.Route{Dst: all, Gw: addr.AsSlice()})
	})
	if err != nil {
		t.Fatalf("routing through %s: %v", gateway, err)
	}
}

// Serve answers on network ("tcp" or "udp") and address, until the test ends: a
// UDP packet is sent back, a TCP connection is greeted with the client's address
// and then hears its own echo.
func (s *Space) Serve(t *testing.T, network, address string) {
	t.Helper()
	var closer io.Closer
	done := make(chan struct{})
	err := s.Do(func() error {
		if network == "udp" {
			conn, err := net.ListenPacket(network, address)
			if err != nil {
				return err
			}
			closer = conn
			go func() { defer close(done); answerPackets(conn) }()
			return nil
		}
		l, err := net.Listen(network, address)
		if err != nil {
			return err
		}
		closer = l
		go func() { defer close(done); answerStreams(l) }()
		return nil
	})
	if err != nil {
		t.Fatalf("serving %s %s: %v", network, address, err)
	}
	t.Cleanup(func() { _ = closer.Close(); <-done })
}

func answerStreams(l net.Listener) {
	var open sync.WaitGroup
	defer open.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		open.Go(func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second)) // a client that is cut off never closes
			if _, err := io.WriteString(conn, conn.RemoteAddr().String()+"\n"); err == nil {
				_, _ = io.Copy(conn, conn)
			}
		})
	}
}

func answerPackets(conn net.PacketConn) {
	buf := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = conn.WriteTo(buf[:n], from)
	}
}

// WaitClosed waits until the namespace's TCP connections are closed on both sides.
func (s *Space) WaitClosed(t *testing.T) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		open := 0
		err := s.Do(func() error {
			for _, table := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
				text, err := os.ReadFile(table)
				if err != nil {
					return err
				}
				// The fourth column is the state (proc_net_tcp.rst of the kernel): 06 is TIME_WAIT, 0A LISTEN.
				for line := range strings.Lines(string(text)) {
					if fields := strings.Fields(line); len(fields) > 3 && fields[0] != "sl" && fields[3] != "06" && fields[3] != "0A" {
						open++
					}
				}
			}
			return nil
		})
		switch {
		case err != nil:
			t.Fatal(err)
		case open == 0:
			return
		case time.Since(began) > time.Minute:
			t.Fatalf("%d connections are still open", open)
		}
	}
}

// Ask asks a server of Serve and returns how long it took to be answered or
// refused. It gives up after timeout.
func (s *Space) Ask(network, address string, timeout time.Duration) (time.Duration, error) {
	var took time.Duration
	err := s.Do(func() error {
		began := time.Now()
		defer func() { took = time.Since(began) }()
		conn, err := net.DialTimeout(network, address, timeout)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(began.Add(timeout))
		if network == "udp" {
			if _, err := conn.Write([]byte("?")); err != nil {
				return err
			}
		}
		_, err = conn.Read(make([]byte, 512))
		return err
	})
	return took, err
}
