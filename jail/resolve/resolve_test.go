package resolve_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"gaol/jail/resolve"
)

// zone is what a name server on loopback says of a name.
type zone struct {
	// ttls of the A, AAAA and CNAME records; 0: there is none.
	a, aaaa, cname uint32
	// truncate says nothing by UDP.
	truncate bool
	// code is what is answered in place of records.
	code dnsmessage.RCode
	// garbage is sent ahead of the answer.
	garbage []byte
}

// answer is the message that answers query.
func (z zone) answer(t *testing.T, query []byte, tcp bool) []byte {
	var p dnsmessage.Parser
	header, err := p.Start(query)
	if err != nil {
		t.Error(err)
		return nil
	}
	question, err := p.Question()
	if err != nil {
		t.Error(err)
		return nil
	}
	m := dnsmessage.Message{Questions: []dnsmessage.Question{question}}
	m.Header = dnsmessage.Header{ID: header.ID, Response: true, RecursionAvailable: true, RCode: z.code, Truncated: z.truncate && !tcp}
	owner := question.Name
	add := func(kind dnsmessage.Type, ttl uint32, body dnsmessage.ResourceBody) {
		if ttl > 0 && !m.Header.Truncated && z.code == dnsmessage.RCodeSuccess {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: owner, Type: kind, Class: dnsmessage.ClassINET, TTL: ttl}, Body: body,
			})
		}
	}
	if z.cname > 0 {
		target := dnsmessage.MustNewName("target.example.")
		add(dnsmessage.TypeCNAME, z.cname, &dnsmessage.CNAMEResource{CNAME: target})
		owner = target
	}
	switch question.Type {
	case dnsmessage.TypeA:
		add(question.Type, z.a, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 6}})
	case dnsmessage.TypeAAAA:
		add(question.Type, z.aaaa, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::6").As16()})
	}
	packed, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return packed
}

// serve is a name server on loopback; its dial is one for package net's resolver.
func (z zone) serve(t *testing.T) (dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close(); tcp.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			if z.garbage != nil {
				_, _ = udp.WriteTo(z.garbage, from)
			}
			_, _ = udp.WriteTo(z.answer(t, buf[:n], false), from)
		}
	}()
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			var length [2]byte
			if _, err := io.ReadFull(conn, length[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(conn, query); err != nil {
				return
			}
			packed := z.answer(t, query, true)
			message := append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)
			for len(message) > 0 { // in small pieces, as a network may
				n := min(7, len(message))
				_, _ = conn.Write(message[:n])
				message = message[n:]
			}
			conn.Close()
		}
	}()
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		address := udp.LocalAddr().String()
		if strings.HasPrefix(network, "tcp") {
			address = tcp.Addr().String()
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

func TestLookup(t *testing.T) {
	long := strings.Repeat("\xff", 600)
	for _, tt := range []struct {
		name  string
		zone  zone
		addrs []string
		ttl   time.Duration
	}{
		{"IPv4 alone", zone{a: 120}, []string{"192.0.2.6"}, 2 * time.Minute},
		{"the least of both", zone{a: 120, aaaa: 60}, []string{"192.0.2.6", "2001:db8::6"}, time.Minute},
		{"the name that it leads to", zone{a: 300, cname: 45}, []string{"192.0.2.6"}, 45 * time.Second},
		{"too much for a packet", zone{a: 90, truncate: true}, []string{"192.0.2.6"}, 90 * time.Second},
		{"no more than a day", zone{a: 1 << 30}, []string{"192.0.2.6"}, 24 * time.Hour},
		{"garbage ahead of the answer", zone{a: 90, garbage: []byte(long)}, []string{"192.0.2.6"}, 90 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addrs, ttl, err := resolve.Resolver{Dial: tt.zone.serve(t)}.Lookup(t.Context(), "office.example.")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range addrs {
				got = append(got, a.Unmap().String())
			}
			slices.Sort(got)
			if !slices.Equal(got, tt.addrs) || ttl != tt.ttl {
				t.Errorf("got %q for %v, want %q for %v", got, ttl, tt.addrs, tt.ttl)
			}
		})
	}
}

func TestLookupOfNobody(t *testing.T) {
	addrs, _, err := resolve.Resolver{Dial: zone{code: dnsmessage.RCodeNameError}.serve(t)}.Lookup(t.Context(), "gone.example.")
	if failed, ok := errors.AsType[*net.DNSError](err); !ok || !failed.IsNotFound || len(addrs) > 0 {
		t.Errorf("got %v, %v", addrs, err)
	}
}

func TestLookupInHostsFile(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no name server") }
	addrs, ttl, err := resolve.Resolver{Dial: dial}.Lookup(t.Context(), "localhost")
	if err != nil || ttl != 0 || len(addrs) == 0 || !addrs[0].Unmap().IsLoopback() {
		t.Errorf("got %v, %v, %v", addrs, ttl, err)
	}
}
