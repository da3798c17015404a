package jail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// maxRedirects are followed by a request.
const maxRedirects = 3

// ignoreURL is a list on the web: text as in a file, or a JSON array of texts.
type ignoreURL struct {
	url    *url.URL
	client *http.Client
	every  time.Duration
	// etag and modified name the version that was taken last, for the server to say that there is no other
	// (RFC 9110 section 13.1).
	etag, modified string
}

func newIgnoreURL(u *url.URL, opts IgnoreOptions) *ignoreURL {
	return &ignoreURL{url: u, every: opts.Every, client: &http.Client{Transport: opts.Transport, CheckRedirect: checkRedirect}}
}

// newTransport keeps no connection for the next time, which is minutes away.
func newTransport() *http.Transport {
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
	return checkURL(req.URL)
}

// checkURL says what is wrong with the address of a list. Without TLS, whoever stands in between could
// add himself to it, so it must come from this host.
func checkURL(u *url.URL) error {
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

// ask implements origin.
func (u *ignoreURL) ask(ctx context.Context) (answer, error) {
	a, err := u.get(ctx)
	if err != nil {
		// The error of package http has the URL once more, with a password in it.
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			err = fmt.Errorf("no answer within %s", listWait)
		}
		return answer{}, fmt.Errorf("asking %s: %w", u.url.Redacted(), err)
	}
	a.holds = u.every
	return a, nil
}

func (u *ignoreURL) get(ctx context.Context) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url.String(), nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("User-Agent", "gaol")
	if u.etag != "" {
		req.Header.Set("If-None-Match", u.etag)
	}
	if u.modified != "" {
		req.Header.Set("If-Modified-Since", u.modified)
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && u.etag+u.modified != "":
		return answer{same: true}, nil
	case resp.StatusCode != http.StatusOK:
		return answer{}, fmt.Errorf("it answers %q", strings.TrimSpace(resp.Status))
	}
	text, err := readAll(resp.Body, maxAnswer)
	if err != nil {
		return answer{}, err
	}
	prefixes, err := parseAnswer(text)
	if err != nil {
		return answer{}, err
	}
	u.etag, u.modified = resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
	return answer{prefixes: prefixes}, nil
}
