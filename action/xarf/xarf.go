// Package xarf mails reports of abuse to those who are responsible for an address, in XARF version 4
// (https://xarf.org/docs/specification/, schema connection-login-attack): a JSON document beside a text for
// people.
//
// Who is responsible is asked of Abusix' contact database by DNS
// (https://abusix.com/contactdb/), or told by the configuration.
package xarf

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"gaol/action/mail"
	"gaol/action/notice"
)

// DefaultContacts is the zone that is asked for contacts.
const DefaultContacts = "abuse-contacts.abusix.zone"

// version is that of the format.
const version = "4.2.0"

// Options say who reports, and to whom.
type Options struct {
	Server mail.Server
	// From is the reporter's address, to which answers come; required.
	From string
	// To are told instead of those responsible; none: they are looked up.
	To []string
	// Organization is the reporter's name; "": the domain of From.
	Organization string
	// Contacts is the zone that is asked; "": DefaultContacts.
	Contacts string
	// Protocol is that of the attack; "": tcp.
	Protocol string
	// Lines is how many log lines are told, masked.
	Lines int
	// Mask are further words that lines are not to show.
	Mask []string
	// LookupTXT asks for contacts; nil: net.DefaultResolver.
	LookupTXT func(ctx context.Context, name string) ([]string, error)
}

// Reporter is a sender. Use New.
type Reporter struct {
	opts   Options
	dialer *mail.Dialer
	from   *netmail.Address
	to     []*netmail.Address
	domain string
}

var _ notice.Sender = (*Reporter)(nil)

// New checks opts. It connects to nobody.
func New(opts Options) (*Reporter, error) {
	r := &Reporter{opts: opts}
	var err error
	if r.from, err = mail.ParseAddress(opts.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	for _, text := range opts.To {
		to, err := mail.ParseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
		r.to = append(r.to, to)
	}
	r.domain = r.from.Address[strings.LastIndexByte(r.from.Address, '@')+1:]
	if r.opts.Organization == "" {
		r.opts.Organization = r.domain
	}
	if r.opts.Contacts == "" {
		r.opts.Contacts = DefaultContacts
	}
	if r.opts.Protocol == "" {
		r.opts.Protocol = "tcp"
	}
	if r.opts.LookupTXT == nil {
		r.opts.LookupTXT = net.DefaultResolver.LookupTXT
	}
	r.dialer, err = mail.NewDialer(opts.Server)
	return r, err
}

// Report is the document.
type Report struct {
	Version        string     `json:"xarf_version"`
	ID             string     `json:"report_id"`
	Timestamp      time.Time  `json:"timestamp"`
	Reporter       Party      `json:"reporter"`
	Sender         Party      `json:"sender"`
	Source         string     `json:"source_identifier"`
	Category       string     `json:"category"`
	Type           string     `json:"type"`
	EvidenceSource string     `json:"evidence_source"`
	Protocol       string     `json:"protocol"`
	FirstSeen      time.Time  `json:"first_seen"`
	Description    string     `json:"description"`
	Evidence       []Evidence `json:"evidence"`
}

// Party is who reports.
type Party struct {
	Org     string `json:"org"`
	Contact string `json:"contact"`
	Domain  string `json:"domain"`
}

// Evidence is a proof; its payload is in base64.
type Evidence struct {
	ContentType string `json:"content_type"`
	Description string `json:"description"`
	Payload     string `json:"payload"`
	Hash        string `json:"hash"`
	Size        int    `json:"size"`
}

// report makes the document about a ban of address.
func (r *Reporter) report(e notice.Event, address netip.Addr) Report {
	b := e.Ban
	party := Party{Org: notice.Clean(r.opts.Organization, 200), Contact: r.from.Address, Domain: r.domain}
	report := Report{
		Version: version, ID: newID(), Timestamp: b.Start.UTC(), Reporter: party, Sender: party, Source: address.String(),
		Category: "connection", Type: "login_attack", EvidenceSource: "automated_filter", Protocol: r.opts.Protocol, FirstSeen: b.Start.UTC(),
		Description: fmt.Sprintf("%d failed logins from %s", b.Failures, address), Evidence: []Evidence{},
	}
	lines := notice.Mask(b, r.opts.Mask)
	if lines = lines[max(0, len(lines)-r.opts.Lines):]; len(lines) > 0 {
		text := strings.Join(lines, "\n") + "\n"
		sum := sha256.Sum256([]byte(text))
		report.Evidence = append(report.Evidence, Evidence{
			ContentType: "text/plain", Description: "Log lines, accounts and other addresses masked",
			Payload: base64.StdEncoding.EncodeToString([]byte(text)), Hash: "sha256:" + hex.EncodeToString(sum[:]), Size: len(text),
		})
	}
	return report
}

// newID is a UUID of version 4 (RFC 9562 section 5.4).
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// addressOf is whom m is about.
func addressOf(m notice.Message) (netip.Addr, error) {
	b := m.Events[0].Ban
	address, ok := notice.Address(b)
	if !ok {
		return address, &notice.Failure{Err: fmt.Errorf("%s is no single address", b.Target()), Refused: true}
	}
	return address, nil
}

// compose makes the mail about address.
func (r *Reporter) compose(m notice.Message, address netip.Addr, to []*netmail.Address) (*gomail.Msg, error) {
	report := r.report(m.Events[0], address)
	document, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the report: %w", err)
	}
	message := mail.NewMessage(r.from, to)
	message.Subject("Abuse report: login attack from " + address.String())
	message.SetGenHeader("X-XARF", "PLAIN")
	message.SetBodyString(gomail.TypeTextPlain, r.text(report, m.Events[0]))
	message.AttachReadSeeker("xarf.json", bytes.NewReader(document), gomail.WithFileContentType("application/json"))
	return message, nil
}

// text is the report for people.
func (r *Reporter) text(report Report, e notice.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The address %s failed to log in %d times, last at %s (UTC), and was locked out.\n"+
		"It may be used by somebody who should not. Please look after it.\n\n", report.Source, e.Ban.Failures, e.Ban.Start.UTC().Format(time.DateTime))
	lines := notice.Mask(e.Ban, r.opts.Mask)
	for _, line := range lines[max(0, len(lines)-r.opts.Lines):] {
		b.WriteString("    " + line + "\n")
	}
	fmt.Fprintf(&b, "\nThe attached xarf.json says the same to programs (https://xarf.org/). Report %s of %s.\n", report.ID, report.Reporter.Org)
	return b.String()
}

// contacts are those responsible for an address, as the zone's TXT records have it.
func (r *Reporter) contacts(ctx context.Context, address netip.Addr) ([]*netmail.Address, error) {
	name := reversed(address) + "." + r.opts.Contacts
	texts, err := r.opts.LookupTXT(ctx, name)
	if dnsErr, ok := errors.AsType[*net.DNSError](err); ok && dnsErr.IsNotFound {
		texts, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking who is responsible for %s: %w", address, err)
	}
	var to []*netmail.Address
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			// What stands there is a stranger's word; more than one recipient helps nobody.
			if a, err := mail.ParseAddress(strings.TrimSpace(part)); err == nil && len(to) == 0 {
				to = append(to, &netmail.Address{Address: a.Address})
			}
		}
	}
	if len(to) == 0 {
		return nil, &notice.Failure{Err: fmt.Errorf("nobody is known to be responsible for %s", address), Refused: true}
	}
	return to, nil
}

// reversed is an address as DNS has it: octets (RFC 1035 section 3.5) or nibbles (RFC 3596 section 2.5),
// the last one first.
func reversed(address netip.Addr) string {
	var parts []string
	if address.Is4() {
		for _, b := range address.As4() {
			parts = append([]string{fmt.Sprint(b)}, parts...)
		}
		return strings.Join(parts, ".")
	}
	for _, b := range address.As16() {
		parts = append([]string{fmt.Sprintf("%x", b&15), fmt.Sprintf("%x", b>>4)}, parts...)
	}
	return strings.Join(parts, ".")
}

// Send implements [notice.Sender].
func (r *Reporter) Send(ctx context.Context, m notice.Message) error {
	address, err := addressOf(m)
	if err != nil {
		return err
	}
	to := r.to
	if len(to) == 0 {
		if to, err = r.contacts(ctx, address); err != nil {
			return err
		}
	}
	message, err := r.compose(m, address, to)
	if err != nil {
		return err
	}
	err = r.dialer.Send(ctx, message)
	if failure, ok := errors.AsType[*notice.Failure](err); ok && failure.Settings && len(r.to) == 0 && mail.RefusedRecipient(err) {
		// It is the contact that does not exist, not our settings: the next report goes elsewhere.
		return &notice.Failure{Err: failure.Err, Refused: true}
	}
	return err
}

// Preview implements [notice.Sender]. It asks nobody who is responsible.
func (r *Reporter) Preview(_ context.Context, m notice.Message) (notice.Preview, error) {
	address, err := addressOf(m)
	if err != nil {
		return notice.Preview{}, err
	}
	message, err := r.compose(m, address, r.to)
	if err != nil {
		return notice.Preview{}, err
	}
	p, err := r.dialer.Preview(message)
	if len(r.to) == 0 {
		p.To += ", to whom " + reversed(address) + "." + r.opts.Contacts + " names"
	}
	return p, err
}
