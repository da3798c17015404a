package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"

	"gaol/action/notice"
)

const (
	// maxAnswer is how much of an answer is read: the library would read all there is.
	maxAnswer = 64 << 10
	// longest is how long a request may take that no attempt bounds.
	longest = time.Minute
)

// Bounded returns a transport that reads no more than 64 KiB of an answer, and ends what takes longer than a
// minute. A program that uses this package makes it http.DefaultTransport: most of the library's services take
// no other one, and some would wait for ever.
func Bounded(inner http.RoundTripper) http.RoundTripper {
	return &bounded{inner: inner, attempt: context.Background}
}

// bounded is a transport whose requests belong to an attempt, and end with it.
type bounded struct {
	inner   http.RoundTripper
	attempt func() context.Context
}

// RoundTrip implements [http.RoundTripper].
func (b *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), longest)
	context.AfterFunc(b.attempt(), cancel)
	answer, err := b.inner.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	answer.Body = &boundedBody{ReadCloser: answer.Body, left: maxAnswer, end: cancel}
	return answer, nil
}

// boundedBody is an answer of which only so much is read.
type boundedBody struct {
	io.ReadCloser
	left int
	end  context.CancelFunc
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// Close implements [io.Closer].
func (b *boundedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// bind gives the service a client whose requests end with the attempts of n. Those that take none go by
// http.DefaultTransport.
func (n *Notify) bind() error {
	client, err := notice.NewClient(n.opts.CA)
	if err != nil {
		return err
	}
	transport := client.Transport.(*http.Transport)
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("it redirects, which is not followed")
	}
	client.Transport = &bounded{inner: transport, attempt: func() context.Context { return n.attempt }}
	switch service := n.service.(type) {
	case *ntfy.Service:
		transport.TLSClientConfig.InsecureSkipVerify = service.Config.DisableTLSVerification // as its URL asks for
		service.SetHTTPClient(client)
	case *gotify.Service:
		transport.TLSClientConfig.InsecureSkipVerify = service.Config.InsecureSkipVerify // as its URL asks for
		*service.GetHTTPClient() = *client
	default:
		if n.opts.CA != "" {
			return fmt.Errorf("ca: %s:// trusts the system's certificates alone: leave it out", n.scheme)
		}
	}
	return nil
}
