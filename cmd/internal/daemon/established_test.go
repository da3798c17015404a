package daemon_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gaol/action/actiontest"
)

func TestEstablishedConnectionsEndWithIPTables(t *testing.T) {
	t.Parallel()
	endEstablished(t, "iptables", "iptables-nft", "ip6tables-nft")
}

func TestEstablishedConnectionsEndWithLegacyIPTables(t *testing.T) {
	t.Parallel()
	endEstablished(t, "iptables", "iptables-legacy", "ip6tables-legacy")
}

func TestEstablishedConnectionsEndWithNFTables(t *testing.T) {
	t.Parallel()
	endEstablished(t, "nftables", "", "")
}

// endEstablished bans a client that is talking to the server, over a socket of both families, behind a rule that
// accepts all established connections, where the backend's rules can stand behind one.
func endEstablished(t *testing.T, backend, iptables, ip6tables string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "iptables-legacy", "ipset", "nft")
	server, bad, good := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	actiontest.Connect(t, server, []string{"10.0.2.1/24", "fd00:2::1/64"}, good, []string{"10.0.2.2/24", "fd00:2::2/64"})
	good.Route(t, "10.0.2.1")
	good.Route(t, "fd00:2::1")
	ended := chat(t, server, "tcp", ":80") // IPv4 clients are mapped there

	s := newSite(t, fmt.Sprintf(`
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
port = [80]
banaction = %q
established = "end"
[jail.kept]
enabled = true
logpath = ["DIR/kept.log"]
failregex = ['^ERROR Login failure <HOST>$']
port = [80]
banaction = %q
`, backend, backend))
	s.append("kept.log", "")
	path := os.Getenv("PATH")
	if iptables != "" {
		path = only(t, iptables, ip6tables) + ":" + path
	}
	s.start("PATH=" + path)
	for _, program := range []string{iptables, ip6tables} {
		if program != "" {
			server.Run(t, program, "-I", "INPUT", "1", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
		}
	}
	for _, c := range clients {
		t.Run(c.family, func(t *testing.T) {
			attacker, other := talk(t, bad, c.server), talk(t, good, map[string]string{"IPv4": "10.0.2.1:80", "IPv6": "[fd00:2::1]:80"}[c.family])
			s.append("kept.log", failures(5, c.address))
			s.waitBanned(c.address)
			time.Sleep(200 * time.Millisecond) // in which nothing is to happen
			select {
			case err := <-attacker.ended:
				t.Errorf("established = keep ends the connection: %v", err)
			default:
			}
			begin := time.Now()
			s.append("app.log", failures(5, c.address))
			select {
			case err := <-attacker.ended:
				t.Logf("line written → client: %v: %v", time.Since(begin), err)
				if !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("the client should be reset: %v", err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("the client is still connected\n%s", s.log())
			}
			s.waitAborted(ended)
			before := other.heard.Load()
			s.wait("the other client is served", func() error {
				if other.heard.Load() == before {
					return errors.New("it hears nothing")
				}
				return nil
			})
		})
	}
	s.waitEnded("app", 2)
	for _, c := range clients {
		for _, j := range s.why(c.address).Jails {
			if want := map[string]int{"app": 1}[j.Name]; j.Ended != want {
				t.Errorf("why %s: jail %s has ended %d, want %d", c.address, j.Name, j.Ended, want)
			}
		}
	}
	if got := s.jail("kept").Ended; got != 0 {
		t.Errorf("connections_ended of the jail that keeps them: %d", got)
	}
}

// waitAborted waits for the end of a server's connection that was destroyed. Others may end as their clients leave.
func (s *site) waitAborted(ended <-chan error) {
	s.t.Helper()
	for limit := time.After(time.Minute); ; {
		select {
		case err := <-ended:
			if errors.Is(err, syscall.ECONNABORTED) {
				return
			}
			s.t.Logf("another connection of the server: %v", err)
		case <-limit:
			s.t.Fatal("the server's socket is open")
		}
	}
}

// waitEnded waits until the daemon has counted as many connections as it has ended: a client knows sooner that it is one.
func (s *site) waitEnded(jail string, want int) {
	s.t.Helper()
	s.wait("the ended connections are counted", func() error {
		if got := s.jail(jail).Ended; got != want {
			return fmt.Errorf("connections_ended: got %d, want %d", got, want)
		}
		return nil
	})
}

// chat serves whoever connects with a byte every 20 ms, and tells how reading from each ended.
func chat(t *testing.T, space *actiontest.Space, network, address string) <-chan error {
	t.Helper()
	var l net.Listener
	err := space.Do(func() (err error) { l, err = net.Listen(network, address); return err })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	ended := make(chan error, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, err := exchange(conn, new(atomic.Int64)); ended <- err }()
		}
	}()
	return ended
}

// conversation is a client that says and hears something every 20 ms.
type conversation struct {
	conn  net.Conn
	heard atomic.Int64
	ended chan error
}

func talk(t *testing.T, space *actiontest.Space, address string) *conversation {
	t.Helper()
	var conn net.Conn
	err := space.Do(func() (err error) { conn, err = net.DialTimeout("tcp", address, 3*time.Second); return err })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &conversation{conn: conn, ended: make(chan error, 1)}
	go func() { _, err := exchange(conn, &c.heard); c.ended <- err }()
	for limit := time.Now().Add(time.Minute); c.heard.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s says nothing", address)
		}
	}
	return c
}

// exchange says something every 20 ms and counts what it hears, until that ends.
func exchange(conn net.Conn, heard *atomic.Int64) (int64, error) {
	defer func() { _ = conn.Close() }()
	wrote := make(chan error, 1)
	go func() {
		for {
			if _, err := conn.Write([]byte("x")); err != nil {
				wrote <- err
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	buf := make([]byte, 512)
	for {
		n, err := conn.Read(buf)
		if errors.Is(err, io.EOF) {
			// The kernel tells an error once, and it was told to the other one.
			_ = conn.Close()
			if other := <-wrote; errors.Is(other, syscall.ECONNABORTED) || errors.Is(other, syscall.ECONNRESET) {
				err = other
			}
		}
		if err != nil {
			return heard.Load(), err
		}
		heard.Add(int64(n))
	}
}
