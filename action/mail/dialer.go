package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
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

// Dialer hands in mails. Use NewDialer.
type Dialer struct {
	server  Server
	host    string
	tls     *tls.Config
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
	d := &Dialer{server: s, host: host, tls: config, options: []gomail.Option{gomail.WithPort(number), gomail.WithTLSConfig(config)}}
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
		// The library does not see that a connection of ours is encrypted, so it can't choose itself. Each of these
		// that shows the password demands TLS.
		methods := gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1PLUS,
			gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
		if s.TLS == None {
			methods = gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc)
		}
		d.options = append(d.options, methods, gomail.WithUsername(s.User), gomail.WithPassword(s.Password.Reveal()))
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
		patience = max(time.Until(deadline), 0) + time.Second // ctx comes first, and says why
	}
	// The library leaves a connection open where the greeting is refused, and ends with ctx while it
	// dials only.
	line := &connection{}
	defer line.close()
	if d.server.TLS == Implicit {
		line.tls = d.tls
	}
	options := append([]gomail.Option{gomail.WithTimeout(patience), gomail.WithDialContextFunc(line.dial)}, d.options...)
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
