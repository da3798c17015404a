package flows

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gaol/action/actiontest"
)

// TestTables asks a kernel for what few prefixes have and for what many have, and takes it out.
func TestTables(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	connect(t, "tcp4", "127.0.0.1:1080", "127.0.0.7:4096")
	connect(t, "tcp", "[::]:1081", "127.0.0.8:4096") // to a socket of IPv6
	connect(t, "tcp", "[::]:1081", "[::1]:4097")
	track(t, unix.IPPROTO_TCP, "203.0.113.7:4096", "192.0.2.9:8080", "172.17.0.2:80", tcpEstablished, statusSeenReply|statusAssured, 0)
	track(t, unix.IPPROTO_UDP, "10.0.0.1:4096", "203.0.113.7:53", "203.0.113.7:53", 0, statusSeenReply, 7)
	track(t, unix.IPPROTO_UDP, "[2001:db8::7]:5060", "[2001:db8::1]:5060", "[2001:db8::1]:5060", 0, statusSeenReply, 0)
	others := func(n int) (list []netip.Prefix) {
		for addr := netip.MustParseAddr("198.51.100.1"); len(list) < n; addr = addr.Next() {
			list = append(list, netip.PrefixFrom(addr, 32))
		}
		return list
	}
	for _, tt := range []struct {
		name    string
		of      []netip.Prefix
		sockets string
		// exact says that the kernel leaves out all others.
		exact bool
	}{
		{"an address", []netip.Prefix{netip.MustParsePrefix("127.0.0.7/32")}, "127.0.0.7:4096", true},
		{"an IPv4 address at a socket of IPv6", []netip.Prefix{netip.MustParsePrefix("127.0.0.8/32")}, "127.0.0.8:4096", true},
		{"a network of IPv6, where clients of IPv4 are too", []netip.Prefix{netip.MustParsePrefix("::/64")}, "127.0.0.8:4096 [::1]:1081 [::1]:4097", true},
		{"a network of IPv4", []netip.Prefix{netip.MustParsePrefix("127.0.0.4/30")}, "127.0.0.7:4096", true},
		{"both families, and the last", append(others(6), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("127.0.0.8/32")), "127.0.0.8:4096 [::1]:1081 [::1]:4097", true},
		{"the first of as many", append([]netip.Prefix{netip.MustParsePrefix("127.0.0.7/32")}, others(7)...), "127.0.0.7:4096", true},
		{"too many for a filter", others(9), "127.0.0.7:4096 127.0.0.8:4096 [::1]:4097", false},
	} {
		t.Run("sockets of "+tt.name, func(t *testing.T) {
			var tables Tables
			var got []string
			err := tables.Connected(t.Context(), tt.of, func(s Socket) { got = append(got, s.Peer.String()) })
			slices.Sort(got)
			if err != nil || tables.Walks != 2 {
				t.Fatalf("%d walks, %v", tables.Walks, err)
			}
			if tt.exact && strings.Join(got, " ") != tt.sockets {
				t.Errorf("got %s, want %s", got, tt.sockets)
			}
			for want := range strings.FieldsSeq(tt.sockets) {
				if !slices.Contains(got, want) {
					t.Errorf("%s is missing of %s", want, got)
				}
			}
		})
	}
	t.Run("flows", func(t *testing.T) {
		var tables Tables
		var got []Flow
		err := tables.Tracked(t.Context(), []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, func(f Flow) { got = append(got, f) })
		if err != nil || tables.Walks != 2 || len(got) != 2 || got[0].Protocol != "tcp" || got[1].Orig.Src != addrPort("10.0.0.1:4096") {
			t.Errorf("of an address: got %+v in %d walks, %v", got, tables.Walks, err)
		}
		var entries []Entry
		for of, want := range map[string]int{"2001:db8::7/128": 1, "2001:db8::/64": 3} {
			entries, tables = nil, Tables{}
			err = tables.Tracked(t.Context(), []netip.Prefix{netip.MustParsePrefix(of)}, func(f Flow) { entries = append(entries, f.Entry()) })
			if err != nil || len(entries) != want {
				t.Errorf("of %s: got %d, want %d, %v", of, len(entries), want, err)
			}
		}
		entries = nil
		err = tables.Tracked(t.Context(), nil, func(f Flow) { entries = append(entries, f.Entry()) })
		if err != nil || len(entries) != 3 {
			t.Fatalf("all: got %d, %v", len(entries), err)
		}
		gone := 0
		err = tables.Forget(t.Context(), append(entries, entries...), func(int) { gone++ })
		if err != nil || gone != 3 {
			t.Errorf("%d are forgotten, %v", gone, err)
		}
	})
	t.Run("destroyed", func(t *testing.T) {
		var tables Tables
		var list []Socket
		if err := tables.Connected(t.Context(), nil, func(s Socket) { list = append(list, s) }); err != nil || len(list) != 6 {
			t.Fatalf("got %d, %v", len(list), err)
		}
		gone := 0
		err := tables.Destroy(t.Context(), append(list, list...), func(int) { gone++ })
		// The other end of one that is destroyed is reset, and may have gone by itself.
		if err != nil || gone < 3 || gone > 6 {
			t.Errorf("%d are destroyed, %v", gone, err)
		}
	})
}
