package flows

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action/actiontest"
)

func readRecord(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestRecord writes the answers of this kernel that the other tests read: RECORD=1 go test ./action/flows -run TestRecord
func TestRecord(t *testing.T) {
	if os.Getenv("RECORD") == "" || !actiontest.Isolate(t) {
		return
	}
	track(t, unix.IPPROTO_TCP, "203.0.113.7:4096", "192.0.2.9:8080", "172.17.0.2:80", tcpEstablished, statusSeenReply|statusAssured, 0)
	track(t, unix.IPPROTO_TCP, "203.0.113.8:4097", "192.0.2.9:25", "192.0.2.9:25", tcpTimeWait, statusSeenReply|statusAssured, 0)
	track(t, unix.IPPROTO_UDP, "[2001:db8::7]:5060", "[2001:db8::1]:5060", "[2001:db8::1]:5060", 0, statusSeenReply, 7)
	track(t, unix.IPPROTO_ESP, "203.0.113.9:0", "192.0.2.9:0", "192.0.2.9:0", 0, 0, 0)
	for _, c := range []struct{ network, server, client string }{
		{"tcp4", "127.0.0.1:1080", "127.0.0.7:4096"},
		{"tcp", "[::]:1081", "127.0.0.8:4096"},
		{"tcp", "[::]:1081", "[::1]:4097"},
	} {
		connect(t, c.network, c.server, c.client)
	}
	write(t, "tracked", unix.NETLINK_NETFILTER, netlink.Message{Header: netlink.Header{Type: ctGet}, Data: make([]byte, genBytes)})
	for name, family := range map[string]byte{"sockets4": unix.AF_INET, "sockets6": unix.AF_INET6} {
		write(t, name, unix.NETLINK_SOCK_DIAG, netlink.Message{Header: netlink.Header{Type: sockDiagByFamily}, Data: diagRequest(family, connectedStates, nil)})
	}
}

// write records what the kernel says to a request.
func write(t *testing.T, name string, family int, request netlink.Message) {
	t.Helper()
	conn, err := dial(t.Context(), family)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	request.Header.Flags = netlink.Request | netlink.Dump
	if _, err := conn.Send(request); err != nil {
		t.Fatal(err)
	}
	var all []byte
	err = datagrams(conn, func(b []byte) (bool, error) {
		all = append(all, b...)
		return answers(b, func([]byte) {})
	})
	if err == nil {
		err = os.WriteFile(filepath.Join("testdata", name), all, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// track has the kernel track a connection of client to server, which answered answers.
func track(t *testing.T, protocol byte, client, server, answered string, state byte, status uint32, zone uint16) {
	t.Helper()
	from := netip.MustParseAddrPort(client)
	family := byte(unix.AF_INET)
	if from.Addr().Is6() {
		family = unix.AF_INET6
	}
	body := []byte{family, 0, 0, 0}
	body = appendTuple(body, ctOrig, protocol, from, netip.MustParseAddrPort(server))
	body = appendTuple(body, ctReply, protocol, netip.MustParseAddrPort(answered), from)
	body = appendAttribute(body, ctStatus, binary.BigEndian.AppendUint32(nil, status|statusConfirmed))
	body = appendAttribute(body, 7, binary.BigEndian.AppendUint32(nil, 600)) // CTA_TIMEOUT
	if zone != 0 {
		body = appendAttribute(body, ctZone, binary.BigEndian.AppendUint16(nil, zone))
	}
	if state != 0 {
		info := appendAttribute(nil, infoTCP|unix.NLA_F_NESTED, appendAttribute(nil, tcpState, []byte{state}))
		body = appendAttribute(body, ctProtoInfo|unix.NLA_F_NESTED, info)
	}
	conn, err := dial(context.Background(), unix.NETLINK_NETFILTER)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Execute(netlink.Message{
		Header: netlink.Header{Type: ctNew, Flags: netlink.Request | netlink.Create | netlink.Acknowledge}, Data: body,
	})
	if err != nil {
		t.Fatalf("tracking %s: %v", client, err)
	}
}

func appendTuple(b []byte, kind uint16, protocol byte, from, to netip.AddrPort) []byte {
	src := uint16(ipv4Src)
	if from.Addr().Is6() {
		src = ipv6Src
	}
	ip := appendAttribute(appendAttribute(nil, src, from.Addr().AsSlice()), src+1, to.Addr().AsSlice())
	proto := appendAttribute(nil, protoNum, []byte{protocol})
	proto = appendAttribute(proto, protoSrcPort, binary.BigEndian.AppendUint16(nil, from.Port()))
	proto = appendAttribute(proto, protoDstPort, binary.BigEndian.AppendUint16(nil, to.Port()))
	value := appendAttribute(appendAttribute(nil, tupleIP|unix.NLA_F_NESTED, ip), tupleProto|unix.NLA_F_NESTED, proto)
	return appendAttribute(b, kind|unix.NLA_F_NESTED, value)
}

// connect opens a connection that lasts as long as the test.
func connect(t *testing.T, network, server, client string) {
	t.Helper()
	to, from := netip.MustParseAddrPort(server), netip.MustParseAddrPort(client)
	l, err := net.ListenTCP(network, net.TCPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	host := to.Addr()
	if host.IsUnspecified() {
		host = netip.IPv6Loopback()
		if from.Addr().Is4() {
			host = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
	}
	conn, err := net.DialTCP("tcp", net.TCPAddrFromAddrPort(from), net.TCPAddrFromAddrPort(netip.AddrPortFrom(host, to.Port())))
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	t.Cleanup(func() { _ = conn.Close(); _ = accepted.Close() })
}
