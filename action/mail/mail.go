// Package mail tells of bans by mail, through a server of the user's (SMTP, RFC 5321).
//
// What comes from a log stands in the body alone, as plain text; a subject names jails, addresses and
// counts. [notice.NewEvent] has taken line ends and control characters out of all of it, and the library
// encodes headers (RFC 2047), so that nobody adds headers or recipients.
package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"gaol/action/notice"
)

// Options say who is told, by whom.
type Options struct {
	Server Server
	// From and To are addresses, with or without a name; required.
	From string
	To   []string
	// Lines is how many log lines are told of a ban.
	Lines int
}

// Mail is a sender. Use New.
type Mail struct {
	opts   Options
	dialer *Dialer
	from   *netmail.Address
	to     []*netmail.Address
}

var _ notice.Sender = (*Mail)(nil)

// New checks opts. It connects to nobody.
func New(opts Options) (*Mail, error) {
	m := &Mail{opts: opts}
	var err error
	if m.from, err = ParseAddress(opts.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if len(opts.To) == 0 {
		return nil, errors.New("to: there is nobody to write to")
	}
	for _, text := range opts.To {
		to, err := ParseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
		m.to = append(m.to, to)
	}
	m.dialer, err = NewDialer(opts.Server)
	return m, err
}

// ParseAddress reads an address (RFC 5322 section 3.4).
func ParseAddress(text string) (*netmail.Address, error) {
	a, err := netmail.ParseAddress(text)
	if err != nil || strings.ContainsAny(text, "\r\n\x00") {
		return nil, fmt.Errorf("%q is no address, such as root@example.com", text)
	}
	return a, nil
}

// compose makes the mail.
func (m *Mail) compose(msg notice.Message) *gomail.Msg {
	mail := NewMessage(m.from, m.to)
	// A stranger's text must not be read as an encoded word (RFC 2047), which could hold anything.
	mail.Subject("[gaol] " + strings.ReplaceAll(msg.Subject(), "=?", "= ?"))
	mail.SetBodyString(gomail.TypeTextPlain, msg.Body(m.opts.Lines))
	return mail
}

// NewMessage is a mail of a program: dated, numbered, and not to be answered by another one (RFC 3834).
func NewMessage(from *netmail.Address, to []*netmail.Address) *gomail.Msg {
	mail := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	mail.FromMailAddress(from)
	mail.ToMailAddress(to...)
	mail.SetDate()
	mail.SetMessageID()
	mail.SetGenHeader("Auto-Submitted", "auto-generated")
	return mail
}

// Send implements [notice.Sender].
func (m *Mail) Send(ctx context.Context, msg notice.Message) error {
	return m.dialer.Send(ctx, m.compose(msg))
}

// Preview implements [notice.Sender].
func (m *Mail) Preview(_ context.Context, msg notice.Message) (notice.Preview, error) {
	return m.dialer.Preview(m.compose(msg))
}
