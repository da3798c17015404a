package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// patience is how long a client waits for the page before it gives up.
const patience = 2 * time.Second

// reply is what a client has seen.
type reply struct {
	status string
	// took is from the start of the connection to the answer or the refusal.
	took time.Duration
	err  error
}

func (r reply) served() bool { return r.err == nil }

// get opens the login page.
func (h *host) get() reply {
	return h.request(http.MethodGet, nil)
}

// login sends a name and a password, each time over a new connection.
func (h *host) login(name, password string) reply {
	return h.request(http.MethodPost, url.Values{"username": {name}, "password": {password}})
}

func (h *host) request(method string, form url.Values) reply {
	var r reply
	h.do(func() {
		start := time.Now()
		r.status, r.err = request(method, form)
		r.took = time.Since(start)
	})
	return r
}

// request speaks HTTP over a connection that it makes on this very thread, which is what
// puts the socket into the host's namespace; net/http would dial on another one.
func request(method string, form url.Values) (string, error) {
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(context.Background(), "tcp4", net.JoinHostPort(pageAddress, pagePort))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}}
	req, err := http.NewRequest(method, "http://"+pageAddress+loginPath, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", fmt.Errorf("reading the page: %w", err)
	}
	return resp.Status, nil
}
