package leak

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"

	"gaol/action"
	"gaol/action/flows"
)

const (
	// maxConns and maxPeers bound what is kept of a host that is connected to everybody.
	maxConns = 1000
	maxPeers = 10_000
	// peersShown is how many of them are facts.
	peersShown = 5
)

// Question asks for the facts of a prefix.
type Question struct {
	Prefix netip.Prefix
	// Rule is what the jail closes.
	Rule action.Rule
	// Trusts says who is declared as a proxy.
	Trusts func(netip.Addr) bool
}

// Collect looks whence and whither connections are, for all questions at once, so that each table of the kernel is walked
// through once. The facts are those that can be found out.
func Collect(ctx context.Context, tables *flows.Tables, questions []Question) []Facts {
	own, err := ownAddresses()
	listening := map[uint16]bool{}
	collectors := make([]*collector, len(questions))
	for i, q := range questions {
		collectors[i] = &collector{Question: q, own: own, listening: listening, conns: map[connKey]Conn{}, peers: map[netip.Addr]int{}}
	}
	err = errors.Join(err, tables.Listening(ctx, func(s flows.Socket) { listening[s.Local.Port()] = true }))
	err = errors.Join(err, tables.Connected(ctx, nil, func(s flows.Socket) {
		for _, c := range collectors {
			c.socket(s)
		}
	}))
	err = errors.Join(err, tables.Tracked(ctx, nil, func(f flows.Flow) {
		for _, c := range collectors {
			c.flow(f)
		}
	}))
	facts := make([]Facts, len(questions))
	for i, c := range collectors {
		facts[i] = c.facts()
		facts[i].Blind = err
		facts[i].Through, _ = flows.Through(questions[i].Prefix.Addr()) // without a route it is not known
	}
	return facts
}

func ownAddresses() (map[netip.Addr]bool, error) {
	addrs, err := net.InterfaceAddrs()
	own := map[netip.Addr]bool{}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				own[addr.Unmap()] = true
			}
		}
	}
	return own, err
}

// collector sums up sockets and flows.
type collector struct {
	Question
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

// socket takes one that this host has accepted. One of its own making has a port that nobody listens on.
func (c *collector) socket(s flows.Socket) {
	port := s.Local.Port()
	switch {
	case s.Opening() || !c.listening[port]:
	case c.Prefix.Contains(s.Peer.Addr()):
		c.add(connKey{"tcp", s.Peer}, Conn{Protocol: "tcp", Port: port, To: s.Local, Open: s.Open()})
	case c.Rule.Closes("tcp", port):
		c.meet(s.Peer.Addr())
	}
}

// flow takes a tracked connection. Those of others that end at this host were sockets already.
func (c *collector) flow(f flows.Flow) {
	c.tracked = true
	if !f.Answered() || f.Protocol == "other" {
		return
	}
	from, to := f.Orig.Src, f.Orig.Dst
	forwarded := !c.own[f.Reply.Src.Addr()]
	switch {
	case c.own[from.Addr()] && !c.Prefix.Contains(from.Addr()):
	case c.Prefix.Contains(from.Addr()):
		key := connKey{f.Protocol, from}
		open := f.Open() && (forwarded || c.conns[key].Open)
		c.add(key, Conn{Protocol: f.Protocol, Port: to.Port(), To: f.Reply.Src, Forwarded: forwarded, Open: open})
	case forwarded && c.Rule.Closes(f.Protocol, to.Port()):
		c.meet(from.Addr())
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

func (c *collector) facts() Facts {
	f := Facts{Prefix: c.Prefix, Rule: c.Rule, Connected: c.connected, Tracked: c.tracked}
	f.Own = c.Prefix.IsSingleIP() && (c.own[c.Prefix.Addr()] || c.Prefix.Addr().IsLoopback())
	for port := range c.listening {
		f.Listening = f.Listening || c.Rule.Closes("tcp", port)
	}
	for _, conn := range c.conns {
		f.Conns = append(f.Conns, conn)
	}
	// Those that are open tell more than those that have ended.
	slices.SortFunc(f.Conns, func(a, b Conn) int {
		return cmp.Or(-compareBool(a.Open, b.Open), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), a.To.Compare(b.To))
	})
	for addr, n := range c.peers {
		f.Peers = append(f.Peers, Peer{Addr: addr, Conns: n, Trusted: c.Trusts(addr)})
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
