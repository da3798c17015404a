package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
)

// maxSaid is how much a server may say while a mail is handed in, in bytes. The library keeps each of its lines
// as a whole, however long it is.
const maxSaid = 256 << 10

// connection is the line to a server, which can be cut at any time.
type connection struct {
	// tls is with whom to speak TLS from the start; nil: with nobody.
	tls *tls.Config

	mu     sync.Mutex
	line   net.Conn
	closed bool
}

func (c *connection) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	line, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.line = line
	closed := c.closed
	c.mu.Unlock()
	if closed {
		line.Close()
	}
	bounded := &boundedConn{Conn: line, left: maxSaid}
	if c.tls == nil {
		return bounded, nil
	}
	encrypted := tls.Client(bounded, c.tls)
	return encrypted, encrypted.HandshakeContext(ctx)
}

func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.line != nil {
		c.line.Close()
	}
}

// boundedConn is a connection whose other end may say only so much.
type boundedConn struct {
	net.Conn
	left int
}

// Read implements [net.Conn].
func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, fmt.Errorf("the server says more than %d bytes", maxSaid)
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
