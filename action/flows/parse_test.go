package flows

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func addrPort(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

func tuple(src, dst string) Tuple { return Tuple{addrPort(src), addrPort(dst)} }

// TestTrackedAnswers reads what a kernel has said of a connection to a published port of a container, of UDP in a zone
// of its own and of one that is over.
func TestTrackedAnswers(t *testing.T) {
	var got []Flow
	done, err := answers(recorded(t, "tracked"), func(data []byte) {
		if f, ok := parseFlow(data); ok {
			got = append(got, f)
		}
	})
	if !done || err != nil {
		t.Fatalf("done %v, %v", done, err)
	}
	want := []struct {
		protocol              string
		orig, reply           Tuple
		open, lives, answered bool
		zone                  []byte
	}{
		{"tcp", tuple("203.0.113.7:4096", "192.0.2.9:8080"), tuple("172.17.0.2:80", "203.0.113.7:4096"), true, true, true, nil},
		{"tcp", tuple("203.0.113.8:4097", "192.0.2.9:25"), tuple("192.0.2.9:25", "203.0.113.8:4097"), false, false, true, nil},
		{"udp", tuple("[2001:db8::7]:5060", "[2001:db8::1]:5060"), tuple("[2001:db8::1]:5060", "[2001:db8::7]:5060"), false, true, true, []byte{0, 7}},
		{"other", tuple("203.0.113.9:0", "192.0.2.9:0"), tuple("192.0.2.9:0", "203.0.113.9:0"), false, true, false, nil},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d flows, want %d", len(got), len(want))
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(f Flow) bool { return f.Orig == w.orig })
		if i < 0 {
			t.Errorf("%v is missing", w.orig)
			continue
		}
		f := got[i]
		if f.Protocol != w.protocol || f.Reply != w.reply || f.Open() != w.open || f.Lives() != w.lives || f.Answered() != w.answered {
			t.Errorf("got %+v, want %+v", f, w)
		}
		request := f.Entry().forget
		orig, _ := parseTuple(attribute(request[genBytes:], ctOrig))
		if orig != w.orig || len(attribute(request[genBytes:], ctID)) != 4 || !slices.Equal(attribute(request[genBytes:], ctZone), w.zone) {
			t.Errorf("the entry of %v: % x", w.orig, request)
		}
	}
}

// TestSocketAnswers reads what a kernel has said of sockets of both families, and of an IPv4 client at one of IPv6.
func TestSocketAnswers(t *testing.T) {
	got := map[Tuple]Socket{}
	for _, name := range []string{"sockets4", "sockets6"} {
		done, err := answers(recorded(t, name), func(data []byte) {
			if s, ok := parseSocket(data); ok {
				got[Tuple{s.Local, s.Peer}] = s
			}
		})
		if !done || err != nil {
			t.Fatalf("done %v, %v", done, err)
		}
	}
	for _, want := range []Tuple{
		tuple("127.0.0.1:1080", "127.0.0.7:4096"), tuple("127.0.0.7:4096", "127.0.0.1:1080"),
		tuple("127.0.0.1:1081", "127.0.0.8:4096"), tuple("[::1]:1081", "[::1]:4097"),
	} {
		if s, ok := got[want]; !ok || !s.Open() || s.Opening() || s.Inode == 0 {
			t.Errorf("%v: got %v, %+v", want, ok, s)
		}
	}
}

// recorded is what a kernel has answered, see record_test.go.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the answers are of a machine with its lowest byte first")
	}
	return readRecord(t, name)
}

func TestAnswersThatAreNone(t *testing.T) {
	failed := header(20, unix.NLMSG_ERROR, unix.EPERM)
	for _, tt := range []struct {
		name string
		data []byte
		done bool
		err  bool
	}{
		{"an error", failed, true, true},
		{"an error after the table", header(20, unix.NLMSG_DONE, unix.EINTR), true, true},
		{"the end", header(20, unix.NLMSG_DONE, 0), true, false},
		{"nothing", nil, false, false},
		{"a length that is too small", header(8, unix.NLMSG_DONE, 0), false, true},
		{"a length that is too large", header(24, unix.NLMSG_DONE, 0), false, true},
		{"half of a header", failed[:8], false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			done, err := answers(tt.data, func([]byte) { t.Error("no answer is passed on") })
			if done != tt.done || (err != nil) != tt.err {
				t.Errorf("got %v, %v", done, err)
			}
		})
	}
}

// header is a message with an error code.
func header(size uint32, kind uint16, code unix.Errno) []byte {
	b := binary.NativeEndian.AppendUint32(nil, size)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, make([]byte, 10)...)
	return binary.NativeEndian.AppendUint32(b, uint32(-int32(code)))
}

func FuzzAnswers(f *testing.F) {
	f.Add(recorded(f, "tracked"))
	f.Add(recorded(f, "sockets4"))
	f.Add(header(20, unix.NLMSG_ERROR, unix.EPERM))
	f.Fuzz(func(t *testing.T, b []byte) {
		passed := 0
		_, _ = answers(b, func(data []byte) { passed += unix.NLMSG_HDRLEN + len(data) })
		if passed > len(b) {
			t.Errorf("%d bytes of %d were passed on", passed, len(b))
		}
	})
}

func FuzzFlow(f *testing.F) {
	_, _ = answers(recorded(f, "tracked"), func(data []byte) { f.Add(slices.Clone(data)) })
	f.Fuzz(func(t *testing.T, data []byte) {
		flow, ok := parseFlow(data)
		if !ok {
			return
		}
		for _, end := range []netip.AddrPort{flow.Orig.Src, flow.Orig.Dst, flow.Reply.Src, flow.Reply.Dst} {
			if !end.IsValid() || end.Addr().Is4In6() {
				t.Errorf("a flow that is none: %+v", flow)
			}
		}
		if len(flow.Entry().forget) > align(len(data)) {
			t.Error("the entry is longer than what it is of")
		}
	})
}

func FuzzSocket(f *testing.F) {
	_, _ = answers(recorded(f, "sockets6"), func(data []byte) { f.Add(slices.Clone(data)) })
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := parseSocket(data)
		if ok && (!s.Local.IsValid() || !s.Peer.IsValid() || s.Peer.Addr().Is4In6()) {
			t.Errorf("a socket that is none: %+v", s)
		}
		if ok != (len(data) >= socketBytes) {
			t.Errorf("%d bytes: %v", len(data), ok)
		}
	})
}

func FuzzAttributes(f *testing.F) {
	f.Add(appendAttribute(appendAttribute(nil, 1, []byte("abc")), 2, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		for kind, value := range attributes(data) {
			again = appendAttribute(again, kind, value)
		}
		if len(again) > align(len(data)) {
			t.Errorf("%d bytes of attributes in %d", len(again), len(data))
		}
	})
}
