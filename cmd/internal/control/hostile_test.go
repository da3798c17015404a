package control_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/control"
)

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestHugeRequestIsRefused(t *testing.T) {
	server := httptest.NewServer(control.Handler(&far{}))
	defer server.Close()
	resp, err := http.Post(server.URL+"/v1/ban", "application/json", io.MultiReader(strings.NewReader("{"), endless{}))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %s %s", resp.Status, text)
	}
}

func TestSecondRequestInOneBodyIsRefused(t *testing.T) {
	f := &far{}
	server := httptest.NewServer(control.Handler(f))
	defer server.Close()
	resp, err := http.Post(server.URL+"/v1/unban", "application/json", strings.NewReader(`{"addresses":["192.0.2.7"]} {"all":true}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest || f.request != nil {
		t.Errorf("got %s, and the daemon was asked for %+v", resp.Status, f.request)
	}
}

// deadlines notes the read deadlines that are set on its connection.
type deadlines struct {
	net.Listener
	set chan time.Time
}

func (d *deadlines) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	return &deadlineConn{c, d.set}, err
}

type deadlineConn struct {
	net.Conn
	set chan time.Time
}

func (c *deadlineConn) SetReadDeadline(t time.Time) error {
	select {
	case c.set <- t:
	default:
	}
	return c.Conn.SetReadDeadline(t)
}

func TestSlowRequestHasADeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	set := make(chan time.Time, 100)
	server := httptest.NewUnstartedServer(control.Handler(&far{}))
	server.Listener.Close()
	server.Listener = &deadlines{l, set}
	server.Start()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	defer conn.Close()
	fmt.Fprint(conn, "POST /v1/ban HTTP/1.1\r\nHost: gaol\r\nContent-Length: 1000\r\n\r\n{")
	for {
		select {
		case at := <-set:
			if until := time.Until(at); !at.IsZero() && until > 0 && until < time.Minute {
				return
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it may take for ever")
		}
	}
}

// flood sends events without end.
type flood struct {
	far
	ended chan struct{}
}

func (f *flood) Events(_ context.Context, listening func(), tell func(control.Event) error) error {
	defer close(f.ended)
	listening()
	for {
		if err := tell(control.Event{What: "failure", Line: strings.Repeat("x", 1000)}); err != nil {
			return err
		}
	}
}

// shortWrites makes deadlines of half a minute come soon.
type shortWrites struct{ net.Listener }

func (s shortWrites) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	return shortWriteConn{c}, err
}

type shortWriteConn struct{ net.Conn }

func (c shortWriteConn) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() {
		t = time.Now().Add(time.Until(t) / 1000)
	}
	return c.Conn.SetWriteDeadline(t)
}

func TestListenerWhoDoesNotReadIsCutOff(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &flood{ended: make(chan struct{})}
	server := httptest.NewUnstartedServer(control.Handler(f))
	server.Listener.Close()
	server.Listener = shortWrites{l}
	server.Start()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	defer conn.Close()
	fmt.Fprint(conn, "GET /v1/events HTTP/1.1\r\nHost: gaol\r\n\r\n")
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	select {
	case <-f.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the daemon still writes to somebody who does not read")
	}
}
