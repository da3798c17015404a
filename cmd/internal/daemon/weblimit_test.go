package daemon

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestStrangersCannotCrowdOutProxies fills the places of strangers, who come from another address of loopback.
func TestStrangersCannotCrowdOutProxies(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := netip.MustParseAddr("127.0.0.2")
	l := newLimited(inner, func(a netip.Addr) bool { return a == proxy })
	defer l.Close()
	accepted := make(chan net.Conn, 200)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	dial := func(from string) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
		conn, err := d.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	var strangers []net.Conn
	for range strangersAtOnce {
		dial("127.0.0.1")
		strangers = append(strangers, <-accepted)
	}
	if _, err := dial("127.0.0.1").Read(make([]byte, 1)); err == nil {
		t.Error("one stranger too many has got something")
	}
	dial("127.0.0.2")
	if conn := <-accepted; conn.RemoteAddr().(*net.TCPAddr).IP.String() != "127.0.0.2" {
		t.Errorf("accepted %s, want the proxy", conn.RemoteAddr())
	}
	for _, conn := range strangers {
		_ = conn.Close()
		_ = conn.Close() // gives back one place all the same
	}
	dial("127.0.0.1")
	if conn := <-accepted; conn.RemoteAddr().(*net.TCPAddr).IP.String() != "127.0.0.1" {
		t.Errorf("accepted %s, want a stranger", conn.RemoteAddr())
	}
	if len(l.strangers) != 1 || len(l.proxies) != 1 {
		t.Errorf("%d strangers and %d proxies have places", len(l.strangers), len(l.proxies))
	}
}
