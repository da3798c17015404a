package control

import (
	"net/http"
	"net/netip"
)

// operatorHeader names the address from which the request was typed, over SSH. Whoever may use the socket may
// say what he likes there, as he may ban and unban.
const operatorHeader = "Gaol-Operator"

// operatorNoter is a [Daemon] that cares who uses it.
type operatorNoter interface {
	// NoteOperator is called before the request is served. It must not block.
	NoteOperator(addr netip.Addr)
}

// notingOperators tells d who asks, and serves the request.
func notingOperators(d Daemon, next http.Handler) http.Handler {
	noter, ok := d.(operatorNoter)
	if !ok {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr, err := netip.ParseAddr(r.Header.Get(operatorHeader)); err == nil {
			noter.NoteOperator(addr)
		}
		next.ServeHTTP(w, r)
	})
}

// As makes the client say that its user sits at addr; invalid: he sits at this host. It returns the client.
func (c *Client) As(addr netip.Addr) *Client {
	c.operator = addr
	return c
}
