package daemon

import (
	"net"
	"net/netip"
	"sync"
)

const (
	// proxiesAtOnce are the connections that proxies may have; more of them wait.
	proxiesAtOnce = 1024
	// strangersAtOnce are those that all others may have together; more are closed. Nobody else can keep proxies from asking.
	strangersAtOnce = 64
)

// limited is a listener that bounds the connections there are at a time.
type limited struct {
	net.Listener
	isProxy            func(netip.Addr) bool
	proxies, strangers chan struct{} // a place for each
	closed             chan struct{}
	once               sync.Once
}

func newLimited(l net.Listener, isProxy func(netip.Addr) bool) *limited {
	return &limited{
		Listener: l, isProxy: isProxy, closed: make(chan struct{}),
		proxies: make(chan struct{}, proxiesAtOnce), strangers: make(chan struct{}, strangersAtOnce),
	}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		places := l.strangers
		if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok && l.isProxy(tcp.AddrPort().Addr().Unmap().WithZone("")) {
			places = l.proxies
		}
		if l.take(places) {
			return &placed{Conn: conn, places: places}, nil
		}
		_ = conn.Close()
	}
}

// take takes one of places; proxies wait for one.
func (l *limited) take(places chan struct{}) bool {
	if places == l.proxies {
		select {
		case places <- struct{}{}:
			return true
		case <-l.closed:
			return false
		}
	}
	select {
	case places <- struct{}{}:
		return true
	default:
		return false
	}
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// placed is a connection that has a place, until it is closed.
type placed struct {
	net.Conn
	places chan struct{}
	once   sync.Once
}

// Close implements net.Conn.
func (p *placed) Close() error {
	p.once.Do(func() { <-p.places })
	return p.Conn.Close()
}
