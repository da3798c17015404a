package established_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/established"
	"gaol/action/flows"
	"gaol/jail"
)

var (
	server = netip.MustParseAddrPort("192.0.2.1:443")
	web    = action.Rule{Jail: "web", Protocol: "tcp", Ports: []action.Port{{First: 443, Last: 443}}}
	all    = action.Rule{Jail: "all", Protocol: "all"}
)

// ender runs an Ender whose looks the test lets go on one by one.
type ender struct {
	*established.Ender
	reports chan established.Report
}

func start(t *testing.T) ender {
	t.Helper()
	e := ender{reports: make(chan established.Report)}
	ctx, cancel := context.WithCancel(t.Context())
	e.Ender = established.New(func(r established.Report) {
		select {
		case e.reports <- r:
		case <-ctx.Done():
		}
	})
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return e
}

func (e ender) next(t *testing.T) established.Report {
	t.Helper()
	select {
	case r := <-e.reports:
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		t.Logf("%d prefixes ended in %v, %d walks", len(r.Ended), r.Took, r.Walks)
		return r
	case <-time.After(5 * time.Minute):
		t.Fatal("no report")
		panic("unreachable")
	}
}

// ended is how many connections have ended in all.
func ended(r established.Report) (n int) {
	for _, e := range r.Ended {
		n += e.Count
	}
	return n
}

func ban(prefix string) jail.Ban { return jail.Ban{Prefix: netip.MustParsePrefix(prefix)} }

// TestOneLookForAllBansOfAMoment has 5,000 bans wait for a look: the tables are walked as often as for nine.
func TestOneLookForAllBansOfAMoment(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	clients := actiontest.Clients(10_001, server)
	actiontest.Track(t, clients)
	e := start(t)
	of := func(c actiontest.Tracked) jail.Ban {
		return jail.Ban{Prefix: netip.PrefixFrom(c.Client.Addr(), 32)}
	}
	e.End(web, []jail.Ban{of(clients[10_000])})
	// Once it tells of that, it waits, and nobody who bans is to wait with it.
	var first established.Report
	begun := false
	for _, c := range clients[:5000] {
		if !begun {
			first, begun = e.next(t), true
		}
		e.End(web, []jail.Ban{of(c)})
	}
	if ended(first) != 1 || first.Walks != 4 {
		t.Errorf("of one ban: %d ended in %d walks", ended(first), first.Walks)
	}
	total, walks, looks := 0, 0, 0
	for total < 5000 {
		r := e.next(t)
		total += ended(r)
		walks += r.Walks
		looks++
	}
	if total != 5000 || walks > 4*looks || looks > 2 {
		t.Errorf("%d ended in %d looks and %d walks", total, looks, walks)
	}
	if left := tracked(t); left != 5000 {
		t.Errorf("%d connections are left, want those of the others: 5000", left)
	}
}

// tracked counts the connections that go on.
func tracked(t *testing.T) int { return len(going(t)) }

// going are the connections that go on, as parse reads them.
func going(t *testing.T) map[string]bool {
	t.Helper()
	left := map[string]bool{}
	var tables flows.Tables
	err := tables.Tracked(t.Context(), nil, func(f flows.Flow) {
		if f.Lives() {
			left[fmt.Sprint(f.Protocol, " ", f.Orig.Src, " ", f.Orig.Dst)] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// TestMoreConnectionsThanAreKept bans a network with 45,000 connections: they end in three rounds.
func TestMoreConnectionsThanAreKept(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Track(t, actiontest.Clients(45_000, server))
	e := start(t)
	e.End(web, []jail.Ban{ban("10.0.0.0/8")})
	if r := e.next(t); ended(r) != 45_000 || r.Walks != 9 {
		t.Errorf("%d ended in %d walks", ended(r), r.Walks)
	}
	if left := tracked(t); left != 0 {
		t.Errorf("%d are left", left)
	}
}

// TestWhatEnds knows connections by who began them, and by port and protocol.
func TestWhatEnds(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	const (
		in        = "tcp 203.0.113.7:4096 192.0.2.1:443"
		inUDP     = "udp 203.0.113.7:4096 192.0.2.1:443"
		elsewhere = "tcp 203.0.113.7:4096 192.0.2.1:80"
		inIPv6    = "udp [2001:db8::7]:4096 [2001:db8:1::1]:443"
		// What a host here has begun itself: the answers come for the port that it has chosen.
		out      = "tcp 192.0.2.1:50000 203.0.113.7:443"
		outKnown = "udp 192.0.2.1:443 203.0.113.7:53"
		other    = "tcp 203.0.113.8:4096 192.0.2.1:443"
	)
	connections := []string{in, inUDP, elsewhere, inIPv6, out, outKnown, other}
	udp := action.Rule{Jail: "udp", Protocol: "udp", Ports: web.Ports}
	for _, tt := range []struct {
		name  string
		rule  action.Rule
		ban   string
		ended []string
	}{
		{"a port of TCP", web, "203.0.113.7/32", []string{in}},
		{"a port of UDP", udp, "203.0.113.7/32", []string{inUDP, outKnown}},
		{"a network of IPv6", udp, "2001:db8::/64", []string{inIPv6}},
		{"all ports", all, "203.0.113.7/32", []string{in, inUDP, elsewhere, out, outKnown}},
		{"a network", all, "203.0.113.0/24", []string{in, inUDP, elsewhere, out, outKnown, other}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forgetAll(t)
			var list []actiontest.Tracked
			for _, c := range connections {
				list = append(list, parse(c))
			}
			actiontest.Track(t, list)
			e := start(t)
			e.End(tt.rule, []jail.Ban{ban(tt.ban)})
			if r := e.next(t); ended(r) != len(tt.ended) {
				t.Errorf("%d are counted: %+v", ended(r), r)
			}
			left := going(t)
			for _, c := range connections {
				if left[c] == slices.Contains(tt.ended, c) {
					t.Errorf("%s: left: %v", c, left[c])
				}
			}
		})
	}
}

func forgetAll(t *testing.T) {
	t.Helper()
	var tables flows.Tables
	var entries []flows.Entry
	err := tables.Tracked(t.Context(), nil, func(f flows.Flow) { entries = append(entries, f.Entry()) })
	if err == nil {
		err = tables.Forget(t.Context(), entries, func(int) {})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// parse reads protocol, client and server.
func parse(text string) actiontest.Tracked {
	words := strings.Fields(text)
	protocol := byte(unix.IPPROTO_TCP)
	if words[0] == "udp" {
		protocol = unix.IPPROTO_UDP
	}
	return actiontest.Tracked{Protocol: protocol, Client: netip.MustParseAddrPort(words[1]), Server: netip.MustParseAddrPort(words[2])}
}

// TestOwnConnectionsStay bans the address by which this process is connected to itself.
func TestOwnConnectionsStay(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:443")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	here, err := net.Dial("tcp", "127.0.0.1:443")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = here.Close() }()
	there, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = there.Close() }()
	actiontest.Track(t, []actiontest.Tracked{{Protocol: unix.IPPROTO_TCP,
		Client: here.LocalAddr().(*net.TCPAddr).AddrPort(), Server: here.RemoteAddr().(*net.TCPAddr).AddrPort()}})
	e := start(t)
	e.End(all, []jail.Ban{ban("127.0.0.1/32")})
	if r := e.next(t); ended(r) != 0 {
		t.Errorf("ended: %+v", r.Ended)
	}
	if tracked(t) != 1 {
		t.Error("the kernel has forgotten the connection")
	}
	if _, err := here.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := there.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}
