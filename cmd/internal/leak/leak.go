// Package leak finds out why failures go on coming from an address that the firewall locks out.
//
// [Diagnose] is a plain function from [Facts] to a [Diagnosis]; it looks at nothing itself. [Collect] gathers
// those facts that the kernel's tables of sockets and of tracked connections tell. The rest of
// them, what the firewall holds and refuses, is for the caller to fill in.
package leak

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"gaol/action"
)

// Kind names a way past a ban.
type Kind string

// The kinds there are.
const (
	// Local: the address is the host's own.
	Local Kind = "local"
	// Family: the firewall bans no addresses of this family.
	Family Kind = "family"
	// Lost: the firewall does not hold the address.
	Lost Kind = "lost"
	// Container: destination NAT leads its connections to another host, past chain INPUT.
	Container Kind = "container"
	// Chain: its connections end at this host, and the jail's chains don't see them.
	Chain Kind = "chain"
	// Port and Protocol: it is connected to what the jail does not close.
	Port     Kind = "port"
	Protocol Kind = "protocol"
	// Interface: its packets come in through an interface that the jail's rule is not for.
	Interface Kind = "interface"
	// Established: a connection of before the ban is open still, and its packets are refused or none come.
	Established Kind = "established"
	// Proxy: the service is connected to somebody else, who speaks for the address.
	Proxy Kind = "proxy"
	// Partly: some of its packets are refused, and others arrive nobody knows how.
	Partly Kind = "partly"
	// Unseen: nothing of it was seen on this host.
	Unseen Kind = "unseen"
)

// Diagnosis is why a ban does not stop somebody.
type Diagnosis struct {
	Kind Kind
	// Text says it in a sentence without capital and full stop, whose subject is "it", and what to do.
	Text string
}

// Facts are what is known of an address that fails though it is banned.
type Facts struct {
	// Prefix is what the failures are charged to; a single address mostly.
	Prefix netip.Prefix
	// Rule is what the jail closes, Backend the banaction that does it.
	Rule    action.Rule
	Backend string
	// Notes are what the action leaves out on purpose.
	Notes []string
	// Asked says that the firewall could tell whether it holds the prefix, Held that it does, and Refused that it has
	// refused packets of it a moment ago.
	Asked, Held, Refused bool
	// Own says that the prefix is an address of this host.
	Own bool
	// Through is the interface by which this host sends to the prefix, "": not known.
	Through string
	// Conns are the connections that were made from the prefix to this host or through it.
	Conns []Conn
	// Peers are those others that are connected to what the jail closes, the most frequent first; Connected is
	// how many connections they have together.
	Peers     []Peer
	Connected int
	// Listening says that a TCP socket of this host listens on what the jail closes.
	Listening bool
	// Blind is why not all connections were seen; nil: they were.
	Blind error
	// Tracked says that the kernel tracks connections, so that those that ended a moment ago are known.
	Tracked bool
}

// Conn is a connection that was made from somewhere else.
type Conn struct {
	// Protocol is "tcp" or "udp".
	Protocol string
	// Port is the one that the client has connected to, To where that leads after NAT.
	Port uint16
	To   netip.AddrPort
	// Forwarded says that To is not of this host.
	Forwarded bool
	// Open says that both ends can send.
	Open bool
}

// Peer is a host that is connected to what a jail closes.
type Peer struct {
	Addr  netip.Addr
	Conns int
	// Trusted says that it is declared as a proxy.
	Trusted bool
}

// Diagnose says why failures come from the prefix. It knows what was seen; where nothing was, it says that.
func Diagnose(f Facts) Diagnosis {
	for _, look := range []func(Facts) Diagnosis{local, lost, container, chain, port, throughInterface, established, proxy, partly} {
		if d := look(f); d.Kind != "" {
			return d
		}
	}
	return unseen(f)
}

func because(kind Kind, format string, args ...any) Diagnosis {
	return Diagnosis{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

func local(f Facts) Diagnosis {
	if !f.Own {
		return Diagnosis{}
	}
	return because(Local, "it is an address of this host itself: a program here, or a proxy on this host that passes no client on, connects to the service")
}

// lost looks at what the firewall holds. A family that is left out is not held either, and won't come back.
func lost(f Facts) Diagnosis {
	if !f.Asked || f.Held {
		return Diagnosis{}
	}
	if f.Prefix.Addr().Is6() {
		for _, note := range f.Notes {
			if strings.Contains(note, "IPv6") {
				return because(Family, "it comes by IPv6, and the firewall holds no such addresses (%s)", note)
			}
		}
	}
	return because(Lost, "the firewall does not hold it any more, as another program has taken it out: gaol puts it back")
}

func container(f Facts) Diagnosis {
	for _, c := range f.Conns {
		if c.Forwarded && f.Backend == "iptables" && !slices.ContainsFunc(f.chains(), action.IsForwarding) {
			return because(Container, "it goes to %s by published %s port %d, past chain %s: add the chain that such packets pass to the jail's chains (DOCKER-USER or FORWARD), or use banaction nftables",
				c.To, c.Protocol, c.Port, strings.Join(f.chains(), " and "))
		}
	}
	return Diagnosis{}
}

// chains are those that iptables jumps from.
func (f Facts) chains() []string {
	if len(f.Rule.Chains) == 0 {
		return []string{"INPUT", "DOCKER-USER"}
	}
	return f.Rule.Chains
}

func chain(f Facts) Diagnosis {
	for _, c := range f.Conns {
		if !c.Forwarded && f.Backend == "iptables" && !slices.Contains(f.chains(), "INPUT") {
			return because(Chain, "it reaches %s port %d of this host by chain INPUT, and the jail has chain %s only: add INPUT to it",
				c.Protocol, c.To.Port(), strings.Join(f.chains(), " and "))
		}
	}
	return Diagnosis{}
}

func port(f Facts) Diagnosis {
	for _, c := range f.Conns {
		p := f.portOf(c)
		switch {
		case f.Rule.Closes(c.Protocol, p):
		case f.Rule.Closes(f.Rule.Protocol, p):
			return because(Protocol, "it comes by %s to port %d, of which the jail closes %s only: set protocol = \"all\", or let another jail close it",
				c.Protocol, p, f.Rule.Protocol)
		case p != c.Port:
			return because(Port, "it connects to port %d, which NAT turns into %d before chain INPUT: add %d to the jail's port, or use banaction nftables", c.Port, p, p)
		default:
			return because(Port, "it connects to %s port %d, which the jail does not close: if the service answers there, add it to port", c.Protocol, p)
		}
	}
	return Diagnosis{}
}

// portOf is the port by which the firewall knows a connection: iptables sees packets for this host after NAT.
func (f Facts) portOf(c Conn) uint16 {
	if f.Backend == "iptables" && !c.Forwarded {
		return c.To.Port()
	}
	return c.Port
}

// throughInterface takes the way to the prefix for the way from it, which the kernel's tables don't tell. Where nobody else is
// connected who may speak for the prefix, it need not have a connection just now.
func throughInterface(f Facts) Diagnosis {
	if f.Through == "" || f.Rule.Covers(f.Through) || f.Backend == "route" || f.Refused || len(f.Conns) == 0 && f.Connected > 0 {
		return Diagnosis{}
	}
	return because(Interface, "it comes in through interface %s, as the route to it says, and the jail closes %s only: add %s to interface, or leave interface out",
		f.Through, strings.Join(f.Rule.Interfaces, " and "), f.Through)
}

// established comes after those that look for a way past the rule: what is left are connections that it closes.
func established(f Facts) Diagnosis {
	for _, c := range f.Conns {
		if c.Open {
			return because(Established, "it holds a connection to %s port %d that was opened before the ban, or that another rule of the firewall lets by: set established = \"end\" in the jail and reload, end it by hand (ss -K, conntrack -D), or restart the service",
				c.Protocol, c.Port)
		}
	}
	return Diagnosis{}
}

// proxies are how many connections somebody who is neither declared nor on a private network must have to be taken for a
// proxy: more than half, and of at least so many.
const proxies = 4

func proxy(f Facts) Diagnosis {
	if len(f.Conns) > 0 || f.Connected == 0 {
		return Diagnosis{}
	}
	for _, p := range f.Peers {
		if p.Trusted {
			return because(Proxy, "it arrives through the trusted proxy %s, with which the service's connections are: a firewall here cannot stop it: ban at the proxy, or with an action that the proxy heeds", p.Addr)
		}
	}
	for _, p := range f.Peers {
		if LooksLikeProxy(p.Addr) {
			return because(Proxy, "it arrives through a proxy: the service's connections come from %s: ban at the proxy, or with an action that the proxy heeds, and declare it with trusted", p.Addr)
		}
	}
	if p := f.Peers[0]; f.Connected >= proxies && p.Conns*2 > f.Connected {
		return because(Proxy, "it seems to arrive through a proxy: %d of %d connections of the service come from %s: ban there, and declare it with trusted",
			p.Conns, f.Connected, p.Addr)
	}
	return Diagnosis{}
}

func partly(f Facts) Diagnosis {
	if !f.Refused {
		return Diagnosis{}
	}
	return because(Partly, "its packets are refused here, and still failures come: a part of its traffic takes another way, such as a proxy, or lines are written late")
}

func unseen(f Facts) Diagnosis {
	if f.Blind != nil {
		return because(Unseen, "none of its packets were seen, but gaol cannot look at everything here: %v", f.Blind)
	}
	text := "none of its packets are seen on this host: the log may be another host's, or a proxy writes the address into it"
	if len(f.Rule.Ports) > 0 && !f.Listening && len(f.Conns) == 0 && f.Connected == 0 {
		text += "; nothing listens on the jail's ports here, so the service may be reached by a local socket"
	}
	if !f.Tracked {
		text += "; the kernel tracks no connections, so that short ones can't be seen"
	}
	return Diagnosis{Kind: Unseen, Text: text}
}
