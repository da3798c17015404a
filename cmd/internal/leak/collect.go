package leak

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"gaol/action"
)

const (
	// maxConns and maxPeers bound what is kept of a host that is connected to everybody.
	maxConns = 1000
	maxPeers = 10_000
	// peersShown is how many of them are facts.
	peersShown = 5
)

// Collect looks whence and whither connections are. trusts says who is declared as a proxy. The error is why
// some of it is not known; the facts are those that are.
func Collect(ctx context.Context, prefix netip.Prefix, rule action.Rule, trusts func(netip.Addr) bool) (Facts, error) {
	c := collector{
		prefix: prefix, rule: rule, own: map[netip.Addr]bool{}, listening: map[uint16]bool{},
		conns: map[connKey]Conn{}, peers: map[netip.Addr]int{},
	}
	err := c.readOwn()
	if sockets := eachSocket(c.socket); err == nil {
		err = sockets
	}
	if flows := eachFlow(ctx, c.flow); err == nil {
		err = flows
	}
	if err != nil {
		err = fmt.Errorf("looking for connections of %s: %w", prefix, err)
	}
	return c.facts(trusts), err
}

// collector sums up sockets and flows.
type collector struct {
	prefix    netip.Prefix
	rule      action.Rule
	own       map[netip.Addr]bool
	listening map[uint16]bool
	// conns are those of the prefix, each by its client's end, since a flow and a socket may be the same.
	conns map[connKey]Conn
	// peers counts the connections of others.
	peers     map[netip.Addr]int
	connected int
	tracked   bool
}

type connKey struct {
	protocol string
	client   netip.AddrPort
}

func (c *collector) readOwn() error {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				c.own[addr.Unmap()] = true
			}
		}
	}
	return nil
}

// socket takes one that this host has accepted. One of its own making has a port that nobody listens on.
func (c *collector) socket(s socket) {
	port := s.local.Port()
	switch {
	case s.state == stateListen:
		c.listening[port] = true
	case s.state == stateSynReceived || !c.listening[port]:
	case c.prefix.Contains(s.peer.Addr()):
		c.add(connKey{"tcp", s.peer}, Conn{Protocol: "tcp", Port: port, To: s.local, Open: s.state == stateEstablished})
	case c.rule.Closes("tcp", port):
		c.meet(s.peer.Addr())
	}
}

// flow takes a tracked connection. Those of others that end at this host were sockets already.
func (c *collector) flow(f flow) {
	c.tracked = true
	if !f.answered {
		return
	}
	protocol := "tcp"
	if f.protocol == unix.IPPROTO_UDP {
		protocol = "udp"
	}
	forwarded := !c.own[f.answeredFrom.Addr()]
	switch {
	case c.own[f.from.Addr()] && !c.prefix.Contains(f.from.Addr()):
	case c.prefix.Contains(f.from.Addr()):
		key := connKey{protocol, f.from}
		open := f.open && (forwarded || c.conns[key].Open)
		c.add(key, Conn{Protocol: protocol, Port: f.to.Port(), To: f.answeredFrom, Forwarded: forwarded, Open: open})
	case forwarded && c.rule.Closes(protocol, f.to.Port()):
		c.meet(f.from.Addr())
	}
}

func (c *collector) add(key connKey, conn Conn) {
	if _, known := c.conns[key]; known || len(c.conns) < maxConns {
		c.conns[key] = conn
	}
}

func (c *collector) meet(peer netip.Addr) {
	if _, known := c.peers[peer]; known || len(c.peers) < maxPeers {
		c.peers[peer]++
		c.connected++
	}
}

func (c *collector) facts(trusts func(netip.Addr) bool) Facts {
	f := Facts{Prefix: c.prefix, Rule: c.rule, Connected: c.connected, Tracked: c.tracked}
	f.Own = c.prefix.IsSingleIP() && (c.own[c.prefix.Addr()] || c.prefix.Addr().IsLoopback())
	for port := range c.listening {
		f.Listening = f.Listening || c.rule.Closes("tcp", port)
	}
	for _, conn := range c.conns {
		f.Conns = append(f.Conns, conn)
	}
	// Those that are open tell more than those that have ended.
	slices.SortFunc(f.Conns, func(a, b Conn) int {
		return cmp.Or(-compareBool(a.Open, b.Open), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), a.To.Compare(b.To))
	})
	for addr, n := range c.peers {
		f.Peers = append(f.Peers, Peer{Addr: addr, Conns: n, Trusted: trusts(addr)})
	}
	slices.SortFunc(f.Peers, func(a, b Peer) int {
		return cmp.Or(-compareBool(a.Trusted, b.Trusted), cmp.Compare(b.Conns, a.Conns), a.Addr.Compare(b.Addr))
	})
	f.Peers = f.Peers[:min(len(f.Peers), peersShown)]
	return f
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
