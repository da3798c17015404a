package leak_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"gaol/action"
	"gaol/cmd/internal/leak"
)

func end(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

func TestDiagnose(t *testing.T) {
	web := action.Rule{Jail: "web", Protocol: "tcp", Ports: []action.Port{{First: 80, Last: 80}, {First: 443, Last: 443}}}
	all := action.Rule{Jail: "web", Protocol: "all"}
	through := func(names ...string) action.Rule { r := web; r.Interfaces = names; return r }
	chained := func(chains ...string) action.Rule { r := web; r.Chains = chains; return r }
	peer := func(addr string, conns int, trusted bool) leak.Peer {
		return leak.Peer{Addr: netip.MustParseAddr(addr), Conns: conns, Trusted: trusted}
	}
	conn := func(port uint16, to string) leak.Conn {
		return leak.Conn{Protocol: "tcp", Port: port, To: end(to)}
	}
	open := func(c leak.Conn) leak.Conn { c.Open = true; return c }
	forwarded := func(c leak.Conn) leak.Conn { c.Forwarded = true; return c }
	udp := func(c leak.Conn) leak.Conn { c.Protocol = "udp"; return c }

	for _, tt := range []struct {
		name  string
		facts leak.Facts
		kind  leak.Kind
		text  string
	}{
		{"the host itself", leak.Facts{Rule: web, Own: true, Asked: true}, leak.Local, "this host itself"},
		{"not held", leak.Facts{Rule: web, Asked: true}, leak.Lost, "gaol puts it back"},
		{"not held, but of IPv4 where IPv6 is left out", leak.Facts{Rule: web, Asked: true, Notes: []string{"IPv6 addresses are not banned: no ip6tables"}},
			leak.Lost, "gaol puts it back"},
		{"IPv6 left out", leak.Facts{Prefix: netip.MustParsePrefix("2001:db8::7/128"), Rule: web, Asked: true,
			Notes: []string{"IPv6 addresses are not banned: no ip6tables"}}, leak.Family, "no ip6tables"},
		{"a container past INPUT", leak.Facts{Rule: chained("INPUT"), Backend: "iptables", Held: true, Conns: []leak.Conn{forwarded(conn(80, "172.17.0.2:8080"))}},
			leak.Container, "172.17.0.2:8080 by published tcp port 80, past chain INPUT"},
		{"a container, with nftables", leak.Facts{Rule: chained("INPUT"), Backend: "nftables", Held: true, Conns: []leak.Conn{forwarded(conn(8080, "172.17.0.2:80"))}},
			leak.Port, "port 8080"},
		{"a container by a chain it passes", leak.Facts{Rule: chained("FORWARD"), Backend: "iptables", Held: true, Conns: []leak.Conn{forwarded(conn(8080, "172.17.0.2:80"))}},
			leak.Port, "port 8080"},
		{"the host, with chains for containers alone", leak.Facts{Rule: chained("DOCKER-USER"), Backend: "iptables", Held: true, Conns: []leak.Conn{conn(80, "192.0.2.1:80")}},
			leak.Chain, "add INPUT"},
		{"another port", leak.Facts{Rule: web, Backend: "nftables", Held: true, Conns: []leak.Conn{open(conn(8080, "192.0.2.1:8080"))}}, leak.Port, "tcp port 8080"},
		{"a port that NAT changes, with iptables", leak.Facts{Rule: web, Backend: "iptables", Held: true, Conns: []leak.Conn{conn(80, "192.0.2.1:8080")}},
			leak.Port, "NAT turns into 8080"},
		{"a port that NAT changes, with nftables", leak.Facts{Rule: web, Backend: "nftables", Held: true, Tracked: true, Conns: []leak.Conn{conn(80, "192.0.2.1:8080")}},
			leak.Unseen, "none of its packets"},
		{"another protocol", leak.Facts{Rule: web, Held: true, Conns: []leak.Conn{udp(conn(443, "192.0.2.1:443"))}}, leak.Protocol, "by udp to port 443"},
		{"a connection of before", leak.Facts{Rule: web, Held: true, Conns: []leak.Conn{open(conn(80, "192.0.2.1:80"))}}, leak.Established, "before the ban"},
		{"a connection of before, all ports closed", leak.Facts{Rule: all, Held: true, Conns: []leak.Conn{open(conn(25, "192.0.2.1:25"))}}, leak.Established, "tcp port 25"},
		{"another interface", leak.Facts{Rule: through("eth0"), Held: true, Through: "wg1", Conns: []leak.Conn{open(conn(80, "192.0.2.1:80"))}},
			leak.Interface, "through interface wg1, as the route to it says, and the jail closes eth0 only: add wg1"},
		{"another interface, no connection", leak.Facts{Rule: through("eth0", "ppp+"), Held: true, Through: "wg1"}, leak.Interface, "eth0 and ppp+ only"},
		{"another interface, and a proxy", leak.Facts{Rule: through("eth0"), Held: true, Through: "wg1", Connected: 1, Peers: []leak.Peer{peer("10.0.0.5", 1, false)}},
			leak.Proxy, "10.0.0.5"},
		{"another interface, and refused", leak.Facts{Rule: through("eth0"), Held: true, Refused: true, Through: "wg1"}, leak.Partly, "another way"},
		{"the interface that is closed", leak.Facts{Rule: through("wg+"), Held: true, Through: "wg1", Conns: []leak.Conn{open(conn(80, "192.0.2.1:80"))}},
			leak.Established, "before the ban"},
		{"an unknown interface", leak.Facts{Rule: through("eth0"), Held: true, Conns: []leak.Conn{open(conn(80, "192.0.2.1:80"))}}, leak.Established, "before the ban"},
		{"another port of another interface", leak.Facts{Rule: through("eth0"), Held: true, Through: "wg1", Conns: []leak.Conn{conn(8080, "192.0.2.1:8080")}},
			leak.Port, "8080"},
		{"a trusted proxy", leak.Facts{Rule: web, Held: true, Connected: 9, Peers: []leak.Peer{peer("198.51.100.1", 1, true), peer("10.0.0.9", 8, false)}},
			leak.Proxy, "trusted proxy 198.51.100.1"},
		{"a proxy on a private network", leak.Facts{Rule: web, Held: true, Connected: 9, Peers: []leak.Peer{peer("198.51.100.1", 8, false), peer("10.0.0.5", 1, false)}},
			leak.Proxy, "come from 10.0.0.5"},
		{"somebody who has most connections", leak.Facts{Rule: web, Held: true, Connected: 9, Peers: []leak.Peer{peer("198.51.100.1", 8, false)}},
			leak.Proxy, "8 of 9 connections"},
		{"a few visitors", leak.Facts{Rule: web, Held: true, Tracked: true, Connected: 3, Peers: []leak.Peer{peer("198.51.100.1", 2, false), peer("198.51.100.2", 1, false)}},
			leak.Unseen, "none of its packets"},
		{"refused and failing", leak.Facts{Rule: web, Held: true, Refused: true}, leak.Partly, "another way"},
		{"nothing listens", leak.Facts{Rule: web, Held: true, Tracked: true}, leak.Unseen, "local socket"},
		{"nothing can be seen", leak.Facts{Rule: web, Held: true, Blind: errors.New("listing sockets: not permitted")}, leak.Unseen, "listing sockets: not permitted"},
		{"nothing at all", leak.Facts{Rule: web, Held: true, Listening: true}, leak.Unseen, "tracks no connections"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.facts.Prefix.IsValid() {
				tt.facts.Prefix = netip.MustParsePrefix("203.0.113.7/32")
			}
			if !tt.facts.Asked {
				tt.facts.Asked = tt.facts.Held
			}
			if got := leak.Diagnose(tt.facts); got.Kind != tt.kind || !strings.Contains(got.Text, tt.text) {
				t.Errorf("got %+v, want %s: %s", got, tt.kind, tt.text)
			}
		})
	}
}
