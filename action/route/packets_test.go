package route_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/jail"
)

// hall is a server with a cable to each of two clients and to a container, whose port 8080 it publishes as 8000.
type hall struct {
	server, bad, good *actiontest.Space
}

func newHall(t *testing.T) hall {
	t.Helper()
	actiontest.Need(t, "ip", "iptables-nft", "ip6tables-nft")
	h := hall{actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t)}
	container := actiontest.NewSpace(t)
	actiontest.Connect(t, h.server, []string{"10.0.1.1/24", "fd00:1::1/64"}, h.bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	actiontest.Connect(t, h.server, []string{"10.0.2.1/24", "fd00:2::1/64"}, h.good, []string{"10.0.2.2/24", "fd00:2::2/64"})
	actiontest.Connect(t, h.server, []string{"172.17.0.1/16", "fd00:17::1/64"}, container, []string{"172.17.0.2/16", "fd00:17::2/64"})
	container.Route(t, "172.17.0.1")
	container.Route(t, "fd00:17::1")
	h.server.Forward(t)
	h.server.Run(t, "iptables-nft", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8000", "-j", "DNAT", "--to-destination", "172.17.0.2:8080")
	h.server.Run(t, "ip6tables-nft", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8000", "-j", "DNAT", "--to-destination", "[fd00:17::2]:8080")
	h.server.Serve(t, "tcp", ":80")
	h.server.Serve(t, "udp", ":53")
	container.Serve(t, "tcp", ":8080")
	return h
}

var families = []struct{ name, server, bad, banned, serverToGood, good string }{
	{"IPv4", "10.0.1.1", "10.0.1.2", "10.0.1.2/32", "10.0.2.1", "10.0.2.2"},
	{"IPv6", "fd00:1::1", "fd00:1::2", "fd00:1::/64", "fd00:2::1", "fd00:2::2"},
}

func served(t *testing.T, s *actiontest.Space, network, host, port string) {
	t.Helper()
	if _, err := s.Ask(network, net.JoinHostPort(host, port), 3*time.Second); err != nil {
		t.Errorf("%s %s:%s: %v", network, host, port, err)
	}
}

func silent(t *testing.T, s *actiontest.Space, network, host, port string) {
	t.Helper()
	_, err := s.Ask(network, net.JoinHostPort(host, port), 300*time.Millisecond)
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Errorf("%s %s:%s: %v, want silence", network, host, port, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPackets(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newHall(t)
	for _, f := range families {
		for _, block := range []action.Block{action.Reject, action.Drop} {
			t.Run(fmt.Sprintf("%s, %s", f.name, block), func(t *testing.T) {
				a := newSet(t, action.Rule{Jail: "web", Block: block})
				must(t, a.Start(t.Context()))
				defer func() { must(t, a.Stop(t.Context())) }()
				served(t, h.bad, "tcp", f.server, "80")
				ban := []jail.Ban{actiontest.Ban(f.banned, time.Hour)}
				must(t, a.Ban(t.Context(), ban, time.Now()))
				silent(t, h.bad, "tcp", f.server, "80")
				silent(t, h.bad, "udp", f.server, "53")
				silent(t, h.bad, "tcp", f.server, "8000")
				served(t, h.good, "tcp", f.serverToGood, "80")
				served(t, h.good, "tcp", f.serverToGood, "8000")
				_, err := h.server.Ask("tcp", net.JoinHostPort(f.bad, "80"), time.Second)
				want := unix.EHOSTUNREACH
				if block == action.Drop {
					want = unix.EINVAL
				}
				if !errors.Is(err, want) {
					t.Errorf("the host's own connection: %v, want %v", err, want)
				}
				must(t, a.Unban(t.Context(), ban))
				served(t, h.bad, "tcp", f.server, "80")
				served(t, h.bad, "tcp", f.server, "8000")
			})
		}
	}
}

// TestCutsOff bans a client that is connected, to the host and to a container.
func TestCutsOff(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newHall(t)
	a := newSet(t, action.Rule{Jail: "web"})
	must(t, a.Start(t.Context()))
	for _, f := range families {
		for _, port := range []string{"80", "8000"} {
			t.Run(f.name+" port "+port, func(t *testing.T) {
				var conn net.Conn
				must(t, h.bad.Do(func() (err error) {
					conn, err = net.DialTimeout("tcp", net.JoinHostPort(f.server, port), 3*time.Second)
					return err
				}))
				defer func() { _ = conn.Close() }()
				buf := make([]byte, 512)
				echo := func() error {
					_ = conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
					if _, err := conn.Write([]byte("still there?")); err != nil {
						return err
					}
					_, err := conn.Read(buf)
					return err
				}
				_, err := conn.Read(buf) // the greeting
				must(t, err)
				must(t, echo())
				ban := []jail.Ban{actiontest.Ban(f.banned, time.Hour)}
				must(t, a.Ban(t.Context(), ban, time.Now()))
				if echo() == nil {
					t.Error("the connection outlives the ban")
				}
				must(t, a.Unban(t.Context(), ban))
			})
		}
	}
}

// TestJailsShareAnAddress bans one in two jails: it must be out until both have let it go, in whatever way.
func TestJailsShareAnAddress(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newHall(t)
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			one, two := newSet(t, action.Rule{Jail: "one"}), newSet(t, action.Rule{Jail: "two", Block: action.Drop})
			ban := []jail.Ban{actiontest.Ban(f.banned, time.Hour)}
			for _, a := range []action.Action{one, two} {
				must(t, a.Start(t.Context()))
				must(t, a.Ban(t.Context(), ban, time.Now()))
			}
			must(t, one.Unban(t.Context(), ban))
			silent(t, h.bad, "tcp", f.server, "80")
			must(t, one.Ban(t.Context(), ban, time.Now()))
			must(t, two.Stop(t.Context()))
			silent(t, h.bad, "tcp", f.server, "80")
			must(t, one.Stop(t.Context()))
			served(t, h.bad, "tcp", f.server, "80")
		})
	}
}

// TestOwnAddresses bans what the host itself needs.
func TestOwnAddresses(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newHall(t)
	a := newSet(t, action.Rule{Jail: "web"})
	must(t, a.Start(t.Context()))
	ban := func(target string) {
		t.Helper()
		must(t, a.Ban(t.Context(), []jail.Ban{actiontest.Ban(target, time.Hour)}, time.Now()))
	}
	for _, f := range families {
		t.Run("the host's own address, "+f.name, func(t *testing.T) {
			ban(f.server)
			served(t, h.server, "tcp", f.server, "80")
			served(t, h.bad, "tcp", f.server, "80")
		})
	}
	t.Run("a gateway", func(t *testing.T) {
		// What is behind the good client is reached through it, and banned is only itself.
		h.good.Run(t, "ip", "addr", "add", "10.0.9.9/32", "dev", "lo")
		h.good.Serve(t, "tcp", ":80")
		h.server.Run(t, "ip", "route", "add", "10.0.9.9/32", "via", "10.0.2.2")
		served(t, h.server, "tcp", "10.0.9.9", "80")
		ban("10.0.2.2")
		served(t, h.server, "tcp", "10.0.9.9", "80")
	})
	t.Run("a network that has a narrower route", func(t *testing.T) {
		served(t, h.bad, "tcp", "10.0.1.1", "80")
		h.server.Run(t, "ip", "route", "add", "10.0.1.2/32", "dev", "eth1")
		ban("10.0.1.0/24")
		silent(t, h.bad, "tcp", "10.0.1.1", "80")
	})
}

// TestReversePath shows which packets of a banned host still arrive: those without a connection, unless the
// interface filters by reverse path.
func TestReversePath(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newHall(t)
	a := newSet(t, action.Rule{Jail: "web"})
	must(t, a.Start(t.Context()))
	must(t, a.Ban(t.Context(), []jail.Ban{actiontest.Ban("10.0.1.2", time.Hour)}, time.Now()))
	for filter, arrives := range map[string]bool{"0": true, "1": false, "2": false} {
		t.Run("rp_filter "+filter, func(t *testing.T) {
			for _, place := range []string{"all", "eth1"} {
				must(t, os.WriteFile("/proc/sys/net/ipv4/conf/"+place+"/rp_filter", []byte(filter), 0))
			}
			var conn *net.UDPConn
			must(t, h.server.Do(func() (err error) {
				conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.0.1.1:99")))
				return err
			}))
			defer func() { _ = conn.Close() }()
			silent(t, h.bad, "udp", "10.0.1.1", "99")
			_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			if _, err := conn.Read(make([]byte, 9)); (err == nil) != arrives {
				t.Errorf("the packet arrives: %v, want %v", err == nil, arrives)
			}
		})
	}
}

// TestAdjust gives routes another kind while they are in force, and prolongs a ban: at no time is the client let in.
func TestAdjust(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newHall(t)
	rule := action.Rule{Jail: "web"}
	a := newSet(t, rule)
	must(t, a.Adjust(t.Context(), rule)) // before it is started
	must(t, a.Start(t.Context()))
	var bans []jail.Ban
	for _, f := range families {
		bans = append(bans, actiontest.Ban(f.banned, time.Hour))
	}
	must(t, a.Ban(t.Context(), bans, time.Now()))
	kinds := func(block action.Block) {
		t.Helper()
		for _, f := range families {
			_, err := h.server.Ask("tcp", net.JoinHostPort(f.bad, "80"), time.Second)
			want := unix.EHOSTUNREACH
			if block == action.Drop {
				want = unix.EINVAL
			}
			if !errors.Is(err, want) {
				t.Errorf("%s: the host's own connection: %v, want %v", f.name, err, want)
			}
		}
	}
	kinds(action.Reject)
	ends := []func() int{
		actiontest.AskMeanwhile(t, h.bad, net.JoinHostPort(families[0].server, "80")),
		actiontest.AskMeanwhile(t, h.bad, net.JoinHostPort(families[1].server, "80")),
	}
	for i := range 20 {
		rule.Block = []action.Block{action.Drop, action.Reject}[i%2]
		rule.Ports = []action.Port{{First: uint16(80 + i), Last: 90}} // which say nothing to a route
		must(t, a.Adjust(t.Context(), rule))
		must(t, a.Check(t.Context()))
		kinds(rule.Block)
		for j := range bans {
			bans[j].End = bans[j].End.Add(time.Hour)
		}
		must(t, a.Ban(t.Context(), bans, time.Now()))
	}
	for _, end := range ends {
		t.Logf("asked %d times meanwhile", end())
	}
	for _, b := range bans {
		held, err := a.Holds(t.Context(), b.Prefix)
		if err != nil || !held.Holds || held.Left > 21*time.Hour+time.Second || held.Left < 20*time.Hour {
			t.Errorf("held: %+v, %v", held, err)
		}
	}

	// What could not be done is done by the start that Check asks for.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rule.Block = action.Drop
	if err := a.Adjust(ctx, rule); err == nil {
		t.Error("it was adjusted after the end of time")
	}
	if err := a.Check(t.Context()); err == nil {
		t.Error("nothing says that it must be started again")
	}
	must(t, a.Start(t.Context()))
	must(t, a.Ban(t.Context(), bans, time.Now()))
	kinds(action.Drop)
	must(t, a.Unban(t.Context(), bans))
	for _, f := range families {
		served(t, h.bad, "tcp", f.server, "80")
	}
	must(t, a.Stop(t.Context()))
	if got := left(t); got != "" {
		t.Errorf("left:\n%s", got)
	}
}
