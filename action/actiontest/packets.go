package actiontest

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/jail"
)

// PacketSuite says how to test a firewall action with packets.
type PacketSuite struct {
	// New makes the action of a rule, not started.
	New func(t *testing.T, rule action.Rule) action.Action
	// IPTables and IP6Tables are the programs that publish the container's
	// port, as Docker would with them.
	IPTables, IP6Tables string
	// Untimed says that the kernel does not end bans by itself.
	Untimed bool
}

// The little network: a server, which is the test's own namespace, with a
// cable to each of two clients and to a container whose port 8080 it publishes
// as 8000. Each client also has IPv6 and is banned there by its /64.
type network struct {
	server, bad, good, container *Space
}

// host is how the server and the client to be banned are called in one family.
type host struct {
	family, server, banned string
	// prompt is how soon the client must know that it is refused. Unless it is
	// told at the first packet, TCP tries again after a second, which is too late for
	// IPv4. For IPv6 it is what happens here, and not between two machines: in one kernel the
	// refusal is back before connect(2) has let go of the socket, and Linux
	// forgets it then (LockDroppedIcmps in /proc/net/netstat).
	prompt time.Duration
}

func hosts() []host {
	return []host{
		{family: "IPv4", server: "10.0.1.1", banned: "10.0.1.2", prompt: 900 * time.Millisecond},
		{family: "IPv6", server: "fd00:1::1", banned: "fd00:1::/64", prompt: 1900 * time.Millisecond},
	}
}

func layOut(t *testing.T, suite PacketSuite) network {
	t.Helper()
	n := network{server: Own(t), bad: NewSpace(t), good: NewSpace(t), container: NewSpace(t)}
	Connect(t, n.server, []string{"10.0.1.1/24", "fd00:1::1/64"}, n.bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	Connect(t, n.server, []string{"10.0.2.1/24", "fd00:2::1/64"}, n.good, []string{"10.0.2.2/24", "fd00:2::2/64"})
	Connect(t, n.server, []string{"172.17.0.1/16", "fd00:17::1/64"}, n.container, []string{"172.17.0.2/16", "fd00:17::2/64"})
	for _, client := range []*Space{n.bad, n.good} {
		client.Route(t, clientGateway(client == n.bad, false))
		client.Route(t, clientGateway(client == n.bad, true))
	}
	n.container.Route(t, "172.17.0.1")
	n.container.Route(t, "fd00:17::1")
	n.server.Forward(t)
	for _, port := range []string{":80", ":81", ":90"} {
		n.server.Serve(t, "tcp", port)
	}
	for _, h := range hosts() {
		n.server.Serve(t, "udp", net.JoinHostPort(h.server, "53"))
	}
	n.container.Serve(t, "tcp", ":8080")
	for program, to := range map[string]string{suite.IPTables: "172.17.0.2:8080", suite.IP6Tables: "[fd00:17::2]:8080"} {
		n.server.Run(t, program, "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8000", "-j", "DNAT", "--to-destination", to)
		n.server.Run(t, program, "-N", "DOCKER-USER")
		n.server.Run(t, program, "-A", "FORWARD", "-j", "DOCKER-USER")
	}
	return n
}

func clientGateway(bad, v6 bool) string {
	switch {
	case bad && v6:
		return "fd00:1::1"
	case bad:
		return "10.0.1.1"
	case v6:
		return "fd00:2::1"
	default:
		return "10.0.2.1"
	}
}

// Packets runs the suite as subtests of t, which Isolate must have moved into
// a namespace of its own.
func Packets(t *testing.T, suite PacketSuite) {
	n := layOut(t, suite)
	web := action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}, {First: 8000, Last: 8010}}}
	for _, h := range hosts() {
		t.Run(h.family, func(t *testing.T) {
			t.Run("refused and let in again", func(t *testing.T) { refusedAndLetIn(t, n, h, suite.New(t, web)) })
			if !suite.Untimed {
				t.Run("let in by the kernel at the end", func(t *testing.T) { letInAtEnd(t, n, h, suite.New(t, web)) })
			}
			t.Run("published port of a container", func(t *testing.T) { publishedPort(t, n, h, suite.New(t, web)) })
			t.Run("cut off in the middle", func(t *testing.T) { cutOff(t, n, h, suite.New(t, web)) })
			drop := web
			drop.Block = action.Drop
			reset := web
			reset.Block = action.Reset
			t.Run("reset", func(t *testing.T) { resetTCP(t, n, h, suite.New(t, reset)) })
			t.Run("dropped", func(t *testing.T) { dropped(t, n, h, suite.New(t, drop)) })
			dns := action.Rule{Jail: "web", Protocol: "udp", Ports: []action.Port{{First: 53, Last: 53}}}
			t.Run("UDP", func(t *testing.T) { udp(t, n, h, suite.New(t, dns)) })
			many := action.Rule{Jail: "web"}
			for port := uint16(40); port <= 80; port += 2 {
				many.Ports = append(many.Ports, action.Port{First: port, Last: port})
			}
			t.Run("21 ports", func(t *testing.T) { closedAndOpen(t, n, h, suite.New(t, many), []string{"80"}, []string{"81", "8000"}) })
			t.Run("all ports", func(t *testing.T) {
				closedAndOpen(t, n, h, suite.New(t, action.Rule{Jail: "web"}), []string{"80", "81", "8000"}, nil)
			})
			all := action.Rule{Jail: "web", Protocol: "all", Ports: web.Ports}
			t.Run("all protocols", func(t *testing.T) { closedAndOpen(t, n, h, suite.New(t, all), []string{"80", "81", "8000"}, nil) })
			t.Run("a range of ports", func(t *testing.T) {
				r := action.Rule{Jail: "web", Ports: []action.Port{{First: 81, Last: 65535}}}
				closedAndOpen(t, n, h, suite.New(t, r), []string{"81", "90", "8000"}, []string{"80"})
			})
		})
	}
}

// begin starts the action and bans the bad client for d.
func begin(t *testing.T, a action.Action, h host, d time.Duration) jail.Ban {
	t.Helper()
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := Ban(h.banned, d)
	if err := a.Ban(t.Context(), []jail.Ban{b}, time.Now()); err != nil {
		t.Fatal(err)
	}
	return b
}

func served(t *testing.T, s *Space, network, address string) {
	t.Helper()
	if took, err := s.Ask(network, address, 3*time.Second); err != nil {
		t.Errorf("%s is not served: %v after %s", address, err, took)
	}
}

func refused(t *testing.T, s *Space, h host, network, port string) time.Duration {
	t.Helper()
	address := net.JoinHostPort(h.server, port)
	took, err := s.Ask(network, address, 3*time.Second)
	switch {
	case err == nil:
		t.Errorf("%s is served", address)
	case !errors.Is(err, unix.ECONNREFUSED):
		t.Errorf("%s is not refused but: %v", address, err)
	case took > h.prompt:
		t.Errorf("%s is refused after %s only", address, took)
	}
	return took
}

func refusedAndLetIn(t *testing.T, n network, h host, a action.Action) {
	address := net.JoinHostPort(h.server, "80")
	served(t, n.bad, "tcp", address)
	n.server.WaitClosed(t) // what comes late of a connection is refused and counted, too
	b := begin(t, a, h, time.Hour)
	t.Logf("refused after %s", refused(t, n.bad, h, "tcp", "80"))
	served(t, n.good, "tcp", address)
	served(t, n.bad, "tcp", net.JoinHostPort(h.server, "81"))
	held, err := a.(action.Holder).Holds(t.Context(), b.Prefix)
	if err != nil || !held.Holds || held.Packets < 1 || held.Packets > 2 {
		t.Errorf("Holds after one connection: %+v, %v", held, err)
	}
	if err := a.Unban(t.Context(), []jail.Ban{b}); err != nil {
		t.Fatal(err)
	}
	served(t, n.bad, "tcp", address)
}

func letInAtEnd(t *testing.T, n network, h host, a action.Action) {
	address := net.JoinHostPort(h.server, "80")
	b := begin(t, a, h, 2500*time.Millisecond) // long enough for a second try
	refused(t, n.bad, h, "tcp", "80")
	for {
		_, err := n.bad.Ask("tcp", address, time.Second)
		late := time.Since(b.End)
		switch {
		case err == nil && late < 0:
			t.Errorf("served %s too early", -late)
			return
		case err == nil:
			t.Logf("served %s after the end", late)
			return
		case late > 3*time.Second:
			t.Fatalf("%s after its end, the ban is still in force", late)
		}
		time.Sleep(20 * time.Millisecond) // the kernel tells nobody
	}
}

func publishedPort(t *testing.T, n network, h host, a action.Action) {
	address := net.JoinHostPort(h.server, "8000")
	served(t, n.bad, "tcp", address)
	b := begin(t, a, h, time.Hour)
	t.Logf("refused after %s", refused(t, n.bad, h, "tcp", "8000"))
	served(t, n.good, "tcp", address)
	if err := a.Unban(t.Context(), []jail.Ban{b}); err != nil {
		t.Fatal(err)
	}
	served(t, n.bad, "tcp", address)
}

// cutOff bans a client that is connected.
func cutOff(t *testing.T, n network, h host, a action.Action) {
	for _, port := range []string{"80", "8000"} {
		var conn net.Conn
		err := n.bad.Do(func() error {
			var err error
			conn, err = net.DialTimeout("tcp", net.JoinHostPort(h.server, port), 3*time.Second)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		buf := make([]byte, 512)
		if _, err := conn.Read(buf); err != nil { // the greeting
			t.Fatal(err)
		}
		echo := func() error {
			_ = conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
			if _, err := io.WriteString(conn, "still there?"); err != nil {
				return err
			}
			_, err := conn.Read(buf)
			return err
		}
		if err := echo(); err != nil {
			t.Fatalf("port %s before the ban: %v", port, err)
		}
		b := begin(t, a, h, time.Hour)
		if err := echo(); err == nil {
			t.Errorf("port %s: the connection outlives the ban", port)
		}
		if err := a.Unban(t.Context(), []jail.Ban{b}); err != nil {
			t.Fatal(err)
		}
	}
}

func dropped(t *testing.T, n network, h host, a action.Action) {
	address := net.JoinHostPort(h.server, "80")
	begin(t, a, h, time.Hour)
	_, err := n.bad.Ask("tcp", address, 300*time.Millisecond)
	if silent, ok := errors.AsType[net.Error](err); !ok || !silent.Timeout() {
		t.Errorf("%s: %v, want silence", address, err)
	}
	served(t, n.good, "tcp", address)
}

// resetTCP refuses as a host does on which nobody listens: at once in both families, see host.prompt.
func resetTCP(t *testing.T, n network, h host, a action.Action) {
	begin(t, a, h, time.Hour)
	h.prompt = 900 * time.Millisecond
	for _, port := range []string{"80", "8000"} {
		t.Logf("port %s: reset after %s", port, refused(t, n.bad, h, "tcp", port))
		served(t, n.good, "tcp", net.JoinHostPort(h.server, port))
	}
}

func udp(t *testing.T, n network, h host, a action.Action) {
	address := net.JoinHostPort(h.server, "53")
	served(t, n.bad, "udp", address)
	begin(t, a, h, time.Hour)
	refused(t, n.bad, h, "udp", "53")
	served(t, n.good, "udp", address)
	served(t, n.bad, "tcp", net.JoinHostPort(h.server, "80"))
}

func closedAndOpen(t *testing.T, n network, h host, a action.Action, closed, open []string) {
	begin(t, a, h, time.Hour)
	for _, port := range closed {
		refused(t, n.bad, h, "tcp", port)
		served(t, n.good, "tcp", net.JoinHostPort(h.server, port))
	}
	for _, port := range open {
		served(t, n.bad, "tcp", net.JoinHostPort(h.server, port))
	}
}
