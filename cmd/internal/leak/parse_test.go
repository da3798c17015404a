package leak

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The lines are as a machine with its lowest byte first writes them.
func TestSockets(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the lines are of another machine")
	}
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 21334 1
   1: 0100000A:0050 0271000A:D431 01 00000000:00000000 02:000A7213 00000000     0        0 0 2
   2: 000080FE00000000FF005450B6AE9DFE:0016 B80D0120000000000000000007000000:C001 06 00000000:00000000 00:00000000
   3: 0000000000000000FFFF0000010200C0:0050 0000000000000000FFFF0000077100CB:1000 01
   4: 0100000A:0050 0271000A 01
   nonsense
`
	var got []string
	err := scanSockets(strings.NewReader(text), func(s socket) { got = append(got, s.local.String()+" "+s.peer.String()) })
	want := "127.0.0.1:53 0.0.0.0:0|10.0.0.1:80 10.0.113.2:54321|[fe80::5054:ff:fe9d:aeb6]:22 [2001:db8::7]:49153|192.0.2.1:80 203.0.113.7:4096"
	if strings.Join(got, "|") != want || err != nil {
		t.Errorf("got %s, %v\nwant %s", strings.Join(got, "|"), err, want)
	}
}

// attr writes an attribute, padded.
func attr(kind uint16, data ...[]byte) []byte {
	var body []byte
	for _, d := range data {
		body = append(body, d...)
	}
	out := binary.NativeEndian.AppendUint16(nil, uint16(4+len(body)))
	out = binary.NativeEndian.AppendUint16(out, kind)
	out = append(out, body...)
	return append(out, make([]byte, align(len(out))-len(out))...)
}

func tuple(kind uint16, protocol byte, from, to string) []byte {
	src, dst := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	source, dest := uint16(ipv4Source), uint16(ipv4Destination)
	if src.Addr().Is6() {
		source, dest = ipv6Source, ipv6Destination
	}
	return attr(kind|unix.NLA_F_NESTED,
		attr(tupleIP|unix.NLA_F_NESTED, attr(source, src.Addr().AsSlice()), attr(dest, dst.Addr().AsSlice())),
		attr(tupleProto|unix.NLA_F_NESTED, attr(protoNumber, []byte{protocol}),
			attr(protoSourcePort, binary.BigEndian.AppendUint16(nil, src.Port())), attr(protoDestPort, binary.BigEndian.AppendUint16(nil, dst.Port()))))
}

func message(kind uint16, body []byte) []byte {
	out := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
	out = binary.NativeEndian.AppendUint16(out, kind)
	out = append(out, make([]byte, 10)...)
	return append(out, body...)
}

func someFlow() []byte {
	return append([]byte{unix.AF_INET, 0, 0, 0}, append(append(append(
		tuple(attrOriginal, unix.IPPROTO_TCP, "203.0.113.7:4096", "192.0.2.1:8080"),
		tuple(attrReply, unix.IPPROTO_TCP, "172.17.0.2:80", "203.0.113.7:4096")...),
		attr(attrStatus, []byte{0, 0, 0, statusSeenReply | statusAssured})...),
		attr(attrProtoInfo, attr(infoTCP, attr(infoTCPState, []byte{tcpEstablished})))...)...)
}

func TestFlows(t *testing.T) {
	data := append(message(subsystemConntrack<<8, someFlow()), message(unix.NLMSG_DONE, nil)...)
	var got []flow
	done, err := readFlows(data, func(f flow) { got = append(got, f) })
	want := flow{
		protocol: unix.IPPROTO_TCP, from: netip.MustParseAddrPort("203.0.113.7:4096"), to: netip.MustParseAddrPort("192.0.2.1:8080"),
		answeredFrom: netip.MustParseAddrPort("172.17.0.2:80"), open: true, answered: true,
	}
	if !done || err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, %v, %v", got, done, err)
	}
}

func FuzzReadFlows(f *testing.F) {
	f.Add(append(message(subsystemConntrack<<8, someFlow()), message(unix.NLMSG_DONE, nil)...))
	f.Add(message(unix.NLMSG_ERROR, []byte{0xff, 0xff, 0xff, 0xff}))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = readFlows(data, func(f flow) {
			if !f.from.IsValid() || !f.to.IsValid() || !f.answeredFrom.IsValid() || f.protocol != unix.IPPROTO_TCP && f.protocol != unix.IPPROTO_UDP {
				t.Errorf("a flow that is none: %+v", f)
			}
		})
	})
}

func FuzzParseSocket(f *testing.F) {
	f.Add("   1: 0100000A:0050 0271000A:D431 01 00000000:00000000")
	f.Add("   3: 0000000000000000FFFF0000010200C0:0050 0000000000000000FFFF0000077100CB:1000 01")
	f.Fuzz(func(t *testing.T, line string) {
		if s, ok := parseSocket(line); ok && (!s.local.IsValid() || !s.peer.IsValid() || s.local.Addr().Is4In6()) {
			t.Errorf("%q: a socket that is none: %+v", line, s)
		}
	})
}
