// Package mail tells of bans by mail, through a server of the user's (SMTP, RFC 5321).
//
// What comes from a log stands in the body alone, as plain text; a subject names jails, addresses and
// counts. [notice.NewEvent] has taken line ends and control characters out of all of it, and the library
// encodes headers (RFC 2047), so that nobody adds headers or recipients.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"gaol/action"
	"gaol/action/notice"
	"gaol/jail/fetch"
)

// How the connection is kept secret.
const (
	// StartTLS begins in the clear and must turn to TLS (RFC 3207).
	StartTLS = "starttls"
	// Implicit is TLS from the start (RFC 8314).
	Implicit = "tls"
	// None is for a server on this host.
	None = "none"
)

// Server is where mails are handed in.
type Server struct {
	// Address is a host with or without a port; without, it is that of TLS: 587, 465 or 25.
	Address string
	// TLS is StartTLS, Implicit or None; "": None for this host, else StartTLS.
	TLS string
	// User and Password log in; without a user nobody does. They are never sent in the clear, but
	// to this host.
	User     string
	Password action.Secret
	// CA is a file of further certificates to trust.
	CA string
}

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

// Dialer hands in mails. Use NewDialer.
type Dialer struct {
	server  Server
	host    string
	options []gomail.Option
}

// NewDialer checks a server's settings. It connects to nobody.
func NewDialer(s Server) (*Dialer, error) {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		host, port = strings.Trim(s.Address, "[]"), ""
	}
	if host == "" || strings.ContainsAny(host, " /@\r\n") {
		return nil, fmt.Errorf("server: %q is no host, such as mail.example.com:587", s.Address)
	}
	local := isLocal(host)
	if s.TLS == "" {
		s.TLS = StartTLS
		if local {
			s.TLS = None
		}
	}
	if s.TLS == None && s.User != "" && !local {
		return nil, errors.New("tls: a password is not sent in the clear to another host: use starttls or tls")
	}
	number, err := portOf(port, s.TLS)
	if err != nil {
		return nil, err
	}
	roots, err := fetch.Roots(s.CA)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	d := &Dialer{server: s, host: host, options: []gomail.Option{gomail.WithPort(number), gomail.WithTLSConfig(config)}}
	switch s.TLS {
	case Implicit:
		d.options = append(d.options, gomail.WithSSL())
	case StartTLS:
		d.options = append(d.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case None:
		d.options = append(d.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("tls: %q is none of starttls, tls and none", s.TLS)
	}
	if s.User != "" {
		method := gomail.SMTPAuthAutoDiscover
		if s.TLS == None {
			method = gomail.SMTPAuthPlainNoEnc
		}
		d.options = append(d.options, gomail.WithSMTPAuth(method), gomail.WithUsername(s.User), gomail.WithPassword(s.Password.Reveal()))
	}
	return d, nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func portOf(text, tls string) (int, error) {
	if text == "" {
		return map[string]int{StartTLS: 587, Implicit: 465}[tls] + map[string]int{None: 25}[tls], nil
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 {
		return 0, fmt.Errorf("server: %q is no port", text)
	}
	return int(number), nil
}

// Send hands in a mail. Its error is a [*notice.Failure] where the server has said why.
func (d *Dialer) Send(ctx context.Context, mail *gomail.Msg) error {
	patience := time.Minute
	if deadline, ok := ctx.Deadline(); ok {
		patience = max(time.Until(deadline), time.Millisecond)
	}
	line := &connection{}
	// The library leaves a connection open where the greeting is refused, and ends with ctx while it
	// dials only. One with TLS from the start it has to open itself, to know that it is encrypted; that
	// ends at the time-out.
	defer line.close()
	options := append([]gomail.Option{gomail.WithTimeout(patience)}, d.options...)
	if d.server.TLS != Implicit {
		options = append(options, gomail.WithDialContextFunc(line.dial))
	}
	client, err := gomail.NewClient(d.host, options...)
	if err != nil {
		return &notice.Failure{Err: err, Settings: true}
	}
	defer context.AfterFunc(ctx, line.close)()
	if err = client.DialAndSendWithContext(ctx, mail); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return explain(err)
}

// connection is the line to a server, which can be cut at any time.
type connection struct {
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
	return line, nil
}

func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.line != nil {
		c.line.Close()
	}
}

// explain says how to go on after a reply of a server (RFC 5321 section 4.2.1): 4yz may pass, 5yz will not.
func explain(err error) error {
	if err == nil {
		return nil
	}
	text := &reply{text: notice.Clean(err.Error(), 500), cause: err}
	code := replyCode(err)
	switch {
	case code == 530, code == 534, code == 535, code == 538, code == 550, code == 553, code == 554:
		// Not logged in as it wants (RFC 4954 section 6), or this sender or recipient is not
		// allowed.
		return &notice.Failure{Err: text, Settings: true}
	case code/100 == 5:
		return &notice.Failure{Err: text, Refused: code == 552}
	}
	certificate, _ := errors.AsType[*tls.CertificateVerificationError](err)
	if certificate != nil || errors.Is(err, gomail.ErrNoSupportedAuthDiscovered) || strings.Contains(err.Error(), "STARTTLS") {
		return &notice.Failure{Err: text, Settings: true}
	}
	return text
}

// reply is an error with what it says made harmless, as a server's words are in it.
type reply struct {
	text  string
	cause error
}

func (r *reply) Error() string { return r.text }
func (r *reply) Unwrap() error { return r.cause }

// RefusedRecipient says of an error of Send that the server would not take one of the recipients.
func RefusedRecipient(err error) bool {
	sent, ok := errors.AsType[*gomail.SendError](err)
	return ok && sent.Reason == gomail.ErrSMTPRcptTo
}

// replyCode is the server's code, 0 where there is none.
func replyCode(err error) int {
	if sent, ok := errors.AsType[*gomail.SendError](err); ok && sent.ErrorCode() > 0 {
		return sent.ErrorCode()
	}
	for _, word := range strings.Fields(err.Error()) {
		if code, err := strconv.Atoi(strings.Trim(word, ":-")); err == nil && code >= 400 && code < 600 {
			return code
		}
	}
	return 0
}

// Preview shows a mail and where it would be handed in.
func (d *Dialer) Preview(mail *gomail.Msg) (notice.Preview, error) {
	var text bytes.Buffer
	if _, err := mail.WriteTo(&text); err != nil {
		return notice.Preview{}, fmt.Errorf("writing the mail: %w", err)
	}
	headers, body, _ := strings.Cut(strings.ReplaceAll(text.String(), "\r\n", "\n"), "\n\n")
	return notice.Preview{
		To:      fmt.Sprintf("mail through %s (%s)", d.server.Address, d.server.TLS),
		Headers: strings.Split(headers, "\n"), Body: body,
	}, nil
}
