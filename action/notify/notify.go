// Package notify tells of bans through the chat and push services that shoutrrr knows: ntfy, Gotify,
// Telegram, Slack, Discord, Matrix, Pushover, Teams and more, each by a URL of its own
// (https://shoutrrr.nickfedor.com/).
package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"gaol/action"
	"gaol/action/notice"
)

// Options say whom a Notify tells.
type Options struct {
	// URL names the service and holds what it asks for, such as ntfy://ntfy.sh/TOPIC; required.
	URL action.Secret
	// Lines is how many log lines are told of a ban.
	Lines int
	// CA is a file of further certificates to trust; for ntfy and Gotify alone.
	CA string
}

// Notify is a sender. Use New.
type Notify struct {
	opts    Options
	scheme  string
	service types.Service // nil: not made yet; for who holds the token of busy
	// busy holds a token while the service works: most of the library can't be interrupted, and one that hangs
	// must not be joined by another.
	busy chan struct{}
	// attempt is that of the message under way; for who holds the token of busy.
	attempt context.Context
}

var _ notice.Sender = (*Notify)(nil)

// maxText is how much is told at once, in bytes: Discord takes 2,000 characters, Telegram 4,096.
const maxText = 1800

// New checks opts. It connects to nobody.
func New(opts Options) (*Notify, error) {
	u, err := url.Parse(opts.URL.Reveal())
	if err != nil || u.Scheme == "" {
		return nil, errors.New("url is not one: expected such as ntfy://ntfy.sh/TOPIC")
	}
	if u.Scheme == "logger" || u.Scheme == "smtp" {
		return nil, fmt.Errorf("url: %s:// is not for this: use the action mail", u.Scheme)
	}
	n := &Notify{opts: opts, scheme: u.Scheme, busy: make(chan struct{}, 1), attempt: context.Background()}
	if u.Scheme == "matrix" {
		return n, nil // to make the service logs in already
	}
	return n, n.open()
}

// open makes the service, which checks the URL.
func (n *Notify) open() error {
	sender, err := router.New(nil)
	if err != nil {
		return err
	}
	if n.service, err = sender.Locate(n.opts.URL.Reveal()); err != nil {
		return fmt.Errorf("url: %s", action.Scrub(err.Error(), notice.URLSecrets(n.opts.URL.Reveal())))
	}
	return n.bind()
}

// send hands a message to the service; a service that could not be made is made again.
func (n *Notify) send(title, body string) error {
	if n.service == nil {
		if err := n.open(); err != nil {
			return err
		}
	}
	params := types.Params{}
	params.SetTitle(title)
	return n.service.Send(title+"\n\n"+body, &params)
}

// text is what is told.
func (n *Notify) text(m notice.Message) (title, body string) {
	body = m.Body(n.opts.Lines)
	if len(body) > maxText {
		body = notice.Shorten(body, maxText) + "…"
	}
	return m.Subject(), body
}

// Send implements [notice.Sender].
func (n *Notify) Send(ctx context.Context, m notice.Message) error {
	select {
	case n.busy <- struct{}{}:
		n.attempt = ctx
	case <-ctx.Done():
		return fmt.Errorf("the last message still hangs: %w", ctx.Err())
	}
	title, body := n.text(m)
	sent := make(chan error, 1)
	go func() {
		defer func() { <-n.busy }()
		sent <- n.send(title, body)
	}()
	select {
	case err := <-sent:
		return n.explain(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// statusIn finds an HTTP status in the words of the library, which has no other way to tell. ntfy's codes have two
// digits more (https://github.com/binwiederhier/ntfy/blob/main/server/errors.go): 40101 is a 401.
var statusIn = regexp.MustCompile(`\b([345]\d\d)(?:\d\d)?\b`)

// explain says how to go on after an error.
func (n *Notify) explain(err error) error {
	if err == nil {
		return nil
	}
	text := fmt.Errorf("%s: %s", n.scheme, notice.Clean(action.Scrub(err.Error(), notice.URLSecrets(n.opts.URL.Reveal())), 500))
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &notice.Failure{Err: fmt.Errorf("%w: %s", text, notice.NameCA), Settings: true}
	}
	found := statusIn.FindStringSubmatch(text.Error())
	if found == nil {
		return text
	}
	status, _ := strconv.Atoi(found[1]) // of three digits
	f := notice.StatusFailure(status, 0, text)
	// A number in words may be another one: nothing is given up for it.
	f.Settings, f.Refused = f.Settings || f.Refused, false
	return f
}

// Preview implements [notice.Sender].
func (n *Notify) Preview(_ context.Context, m notice.Message) (notice.Preview, error) {
	title, body := n.text(m)
	return notice.Preview{To: "notify " + n.scheme + "://***", Headers: []string{"Title: " + title}, Body: title + "\n\n" + body}, nil
}
