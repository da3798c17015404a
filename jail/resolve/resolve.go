// Package resolve looks up host names and says how long the answer holds.
//
// It is package net's resolver that asks (/etc/hosts, /etc/resolv.conf with its search list, several
// servers, TCP where UDP is too small), which keeps the TTL to itself. So [Resolver] reads along:
// what the name servers send passes through it on its way.
package resolve

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Resolver looks up names. The zero value is ready; it is safe for several goroutines.
type Resolver struct {
	// Dial connects to a name server; nil: as package net does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Lookup returns the IPv4 and IPv6 addresses of name and for how long they hold: the least TTL
// of all records that led to them, at most that of [maxTTL]. 0: the answer has none, as from
// /etc/hosts. It blocks until there is an answer or ctx ends.
//
// Whoever can send packets to this host might make the TTL smaller or greater, not the
// addresses: those are checked by package net as ever.
func (r Resolver) Lookup(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
	var seen ttl
	dial := r.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	// One for each look-up, as look-ups of the same name by one resolver share an answer.
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if udp, ok := conn.(*net.UDPConn); ok {
			return packets{udp, &seen}, nil
		}
		return &stream{Conn: conn, seen: &seen}, nil
	}}
	addrs, err := resolver.LookupNetIP(ctx, "ip", name)
	return addrs, seen.least(), err
}

// maxTTL bounds what is believed. RFC 2181 section 8 allows 68 years.
const maxTTL = 24 * time.Hour

// ttl is the least TTL of all answers to a look-up, which asks for both families at a time.
type ttl struct {
	mu    sync.Mutex
	known bool
	value time.Duration
}

func (t *ttl) least() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value
}

// read takes the TTLs out of a message; what is none is passed over.
func (t *ttl) read(message []byte) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || !header.Response || header.RCode != dnsmessage.RCodeSuccess || p.SkipAllQuestions() != nil {
		return
	}
	for {
		record, err := p.AnswerHeader()
		if err != nil {
			return
		}
		switch record.Type {
		case dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeCNAME:
			t.add(min(time.Duration(record.TTL)*time.Second, maxTTL))
		}
		if p.SkipAnswer() != nil {
			return
		}
	}
}

func (t *ttl) add(value time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known || value < t.value {
		t.known, t.value = true, value
	}
}

// packets is a connection whose every read is a message. It stays a net.PacketConn, by which package net
// knows that.
type packets struct {
	*net.UDPConn
	seen *ttl
}

func (p packets) Read(b []byte) (int, error) {
	n, err := p.UDPConn.Read(b)
	p.seen.read(b[:n])
	return n, err
}

// stream is a connection on which each message comes behind its length (RFC 1035 section 4.2.2).
type stream struct {
	net.Conn
	seen *ttl
	// read is what has come of a message so far, its length included.
	read []byte
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.read = append(s.read, b[:n]...)
	for len(s.read) >= 2 {
		end := 2 + int(binary.BigEndian.Uint16(s.read))
		if len(s.read) < end {
			break
		}
		s.seen.read(s.read[2:end])
		s.read = s.read[end:]
	}
	return n, err
}
