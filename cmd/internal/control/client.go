package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
)

// ErrNotRunning is in the chain of an error that means no daemon answers at the
// socket.
var ErrNotRunning = errors.New("gaol is not running")

// Error is what the daemon answers to a request that it refuses.
type Error struct {
	// Status is the HTTP status: 404 for a jail that is not there, 400 for an
	// argument that makes no sense, 403 for what is done by force only, 500 for a fault of the daemon.
	Status  int    `json:"-"`
	Message string `json:"error"`
}

func (e *Error) Error() string { return e.Message }

// Client asks a running daemon. Safe for several goroutines.
type Client struct {
	socket string
	http   *http.Client
	// operator is where the user sits; invalid: at this host.
	operator netip.Addr
}

// Dial returns a client of the daemon at the socket. It connects with the first
// request.
func Dial(socket string) *Client {
	var dialer net.Dialer
	return &Client{
		socket: socket,
		http: &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", socket)
			},
		}},
	}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status asks for the state of the daemon; jail "" means all jails.
func (c *Client) Status(ctx context.Context, jail string) (Status, error) {
	query := url.Values{}
	if jail != "" {
		query.Set("jail", jail)
	}
	return ask[Status](ctx, c, http.MethodGet, "status", query, nil)
}

// Banned asks for the bans in force; addrs, if any, are addresses or prefixes
// to look for.
func (c *Client) Banned(ctx context.Context, addrs []string) ([]Ban, error) {
	return ask[[]Ban](ctx, c, http.MethodGet, "banned", url.Values{"address": addrs}, nil)
}

// Why asks for all that is known of an address, a prefix or "id:…".
func (c *Client) Why(ctx context.Context, address string) (Why, error) {
	return ask[Why](ctx, c, http.MethodGet, "why", url.Values{"address": {address}}, nil)
}

// Ban bans by hand and returns when the kernel holds the bans.
func (c *Client) Ban(ctx context.Context, r BanRequest) (BanReply, error) {
	return ask[BanReply](ctx, c, http.MethodPost, "ban", nil, r)
}

// Unban lifts bans and forgets counted failures, and returns when the kernel
// has let go.
func (c *Client) Unban(ctx context.Context, r UnbanRequest) (UnbanReply, error) {
	return ask[UnbanReply](ctx, c, http.MethodPost, "unban", nil, r)
}

// Reload makes the daemon read its configuration again.
func (c *Client) Reload(ctx context.Context) (ReloadReply, error) {
	return ask[ReloadReply](ctx, c, http.MethodPost, "reload", nil, nil)
}

// Version asks which version is running.
func (c *Client) Version(ctx context.Context) (Version, error) {
	return ask[Version](ctx, c, http.MethodGet, "version", nil, nil)
}

// Backup writes a copy of the daemon's store to w, and says how many bytes it has. After an error
// what was written is no copy.
func (c *Client) Backup(ctx context.Context, w io.Writer) (size int64, err error) {
	resp, err := c.do(ctx, http.MethodGet, "backup", nil, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if size, err = io.Copy(w, resp.Body); err != nil {
		return 0, fmt.Errorf("reading the backup: %w", err)
	}
	return size, nil
}

// Events hands each event to f as it happens, until ctx ends or f returns an
// error. After is called once events are sure to be seen; nil: not.
func (c *Client) Events(ctx context.Context, after func(), f func(Event) error) error {
	resp, err := c.do(ctx, http.MethodGet, "events", nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if after != nil {
		after()
	}
	for dec := json.NewDecoder(resp.Body); ; {
		var e Event
		switch err := dec.Decode(&e); {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("reading events: %w", io.ErrUnexpectedEOF)
		case err != nil:
			return fmt.Errorf("reading events: %w", err)
		}
		if err := f(e); err != nil {
			return err
		}
	}
}

func ask[T any](ctx context.Context, c *Client, method, what string, query url.Values, body any) (T, error) {
	var answer T
	resp, err := c.do(ctx, method, what, query, body)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("reading the daemon's answer to %s: %w", what, err)
	}
	return answer, nil
}

// do sends one request and turns whatever is no success into an error.
func (c *Client) do(ctx context.Context, method, what string, query url.Values, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("writing the request %s: %w", what, err)
		}
		content = bytes.NewReader(text)
	}
	// The host is a formality: the socket is the address.
	target := url.URL{Scheme: "http", Host: "gaol", Path: "/v1/" + what, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), content)
	if err != nil {
		return nil, fmt.Errorf("writing the request %s: %w", what, err)
	}
	if c.operator.IsValid() {
		req.Header.Set(operatorHeader, c.operator.String())
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	refused := &Error{Status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(refused); err != nil || refused.Message == "" {
		refused.Message = fmt.Sprintf("the daemon answered %s to %s", resp.Status, what)
	}
	return nil, refused
}

// explain says what a failed connection means and what to do about it.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("asking the daemon at %s: %w: start it with \"systemctl start gaol\" or \"gaol run\", or name its socket with --socket",
			c.socket, ErrNotRunning)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("asking the daemon at %s: %w: be root, or a member of the group gaol", c.socket, fs.ErrPermission)
	default:
		return fmt.Errorf("asking the daemon at %s: %w", c.socket, err)
	}
}
