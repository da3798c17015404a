// Package fetch asks for lists that are kept elsewhere, on the web or in files, again and again.
// Begin with [Page]. What the lists mean is for others.
package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxRedirects are followed by a request.
const maxRedirects = 3

// StatusError says that a server answered, and not with what was asked for.
type StatusError struct {
	// Code is the status of HTTP, Status its words.
	Code   int
	Status string
}

func (e StatusError) Error() string { return fmt.Sprintf("it answers %q", e.Status) }

// Page is a resource on the web. Use [NewPage]. It is for one goroutine at a time.
type Page struct {
	url    *url.URL
	client *http.Client
	// CA is a file of certificates to trust besides the system's, read anew each time; "": there is none. With one, NewPage's
	// transport is not used.
	CA string
	// Version names what was read last, for the server to say that there is no other.
	Version Validators
}

// Validators name a version of a page (RFC 9110 section 8.8).
type Validators struct{ ETag, Modified string }

// NewPage makes a page of u, which [CheckURL] allows. transport carries the requests; nil: one of its own.
func NewPage(u *url.URL, transport http.RoundTripper) *Page {
	if transport == nil {
		transport = NewTransport()
	}
	return &Page{url: u, client: &http.Client{Transport: transport, CheckRedirect: checkRedirect}}
}

// NewTransport keeps no connection for the next time, which is minutes away.
func NewTransport() *http.Transport {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true}
}

// checkRedirect follows no way that leads out of TLS, and none of them for long.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("it was sent on more than %d times", maxRedirects)
	case req.URL.Scheme != via[0].URL.Scheme:
		return fmt.Errorf("it was sent on from %s to %s", via[0].URL.Scheme, req.URL.Scheme)
	}
	return CheckURL(req.URL)
}

// CheckURL says what is wrong with the address of a list. Without TLS, whoever stands in between could
// change it, so it must come from this host.
func CheckURL(u *url.URL) error {
	switch {
	case u.Hostname() == "":
		return fmt.Errorf("%q: the host is missing", u.Redacted())
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q: only https is safe from those in between: write https://", u.Redacted())
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Get asks for the page and has read read it, unless it is the version that was read last: same says so. A
// version counts as read once read returns nil. An error names neither the address nor a password in
// it; it is a [StatusError] where the server has something else than the page.
func (p *Page) Get(ctx context.Context, read func(io.Reader) error) (same bool, err error) {
	same, err = p.get(ctx, read)
	// The error of package http has the URL once more, with a password in it.
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
	}
	return same, err
}

// trusting is the client that trusts who is to be trusted.
func (p *Page) trusting() (*http.Client, error) {
	if p.CA == "" {
		return p.client, nil
	}
	roots, err := Roots(p.CA)
	if err != nil {
		return nil, err
	}
	transport := NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}, nil
}

func (p *Page) get(ctx context.Context, read func(io.Reader) error) (same bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url.String(), nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("User-Agent", "gaol")
	if p.Version.ETag != "" {
		req.Header.Set("If-None-Match", p.Version.ETag)
	}
	if p.Version.Modified != "" {
		req.Header.Set("If-Modified-Since", p.Version.Modified)
	}
	client, err := p.trusting()
	if err != nil {
		return false, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && p.Version != (Validators{}):
		return true, nil
	case resp.StatusCode != http.StatusOK:
		return false, StatusError{resp.StatusCode, strings.TrimSpace(resp.Status)}
	}
	if err := read(resp.Body); err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx) // a server that sees this end leave may end a half answer as if it were whole
	}
	p.Version = Validators{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}
	return false, nil
}
