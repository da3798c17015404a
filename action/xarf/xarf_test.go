package xarf_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/action/mail"
	"gaol/action/notice"
	"gaol/action/xarf"
	"gaol/jail"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func message(prefix, user string) notice.Message {
	b := jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix(prefix), Start: noon, Count: 1, Failures: 5, User: user,
		Lines: []string{"web1 sshd[1]: Failed password for " + user + " from 192.0.2.7 to 203.0.113.9"}, By: "jail",
	}
	return notice.Message{Host: "web1", Events: []notice.Event{notice.NewEvent(notice.Ban, b, noon, "")}}
}

// zone answers as the contact database does.
type zone map[string][]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if texts, ok := z[name]; ok {
		return texts, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func newReporter(t *testing.T, opts xarf.Options) *xarf.Reporter {
	t.Helper()
	opts.From, opts.Lines, opts.Mask = "Abuse desk <abuse@example.com>", 10, []string{"web1"}
	r, err := xarf.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read takes the two parts out of a mail.
func read(t *testing.T, text string) (header netmail.Header, body string, report map[string]any) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return m.Header, body, report
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(part)
		if part.FileName() == "" {
			body = string(raw)
			continue
		}
		if part.Header.Get("Content-Transfer-Encoding") == "base64" {
			raw, _ = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(raw), "\r\n", ""))
		}
		if err := json.Unmarshal(raw, &report); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
	}
}

// TestReport checks the document against the schemas xarf-core and connection-login-attack of XARF 4:
// required fields, their forms, and none that those forbid.
func TestReport(t *testing.T) {
	s := actiontest.NewMailServer(t, false)
	contacts := zone{"7.2.0.192." + xarf.DefaultContacts: {"abuse@provider.example"}}
	r := newReporter(t, xarf.Options{Server: mail.Server{Address: s.Address}, LookupTXT: contacts.LookupTXT})
	if err := r.Send(t.Context(), message("192.0.2.7/32", "alice")); err != nil {
		t.Fatal(err)
	}
	mails := s.Mails()
	if len(mails) != 1 || strings.Join(mails[0].To, " ") != "abuse@provider.example" || mails[0].From != "abuse@example.com" {
		t.Fatalf("sent %+v", mails)
	}
	header, body, report := read(t, mails[0].Text)
	if header.Get("Subject") != "Abuse report: login attack from 192.0.2.7" || !strings.Contains(body, "The address 192.0.2.7 failed to log in 5 times") {
		t.Errorf("sent %v\n%s", header, body)
	}
	for field, form := range map[string]string{
		"xarf_version": `^4\.[0-9]+\.[0-9]+$`, "report_id": `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		"timestamp": `^2026-03-10T12:00:00Z$`, "source_identifier": `^192\.0\.2\.7$`, "category": "^connection$", "type": "^login_attack$",
		"evidence_source": "^automated_filter$", "protocol": "^(tcp|udp|icmp|sctp)$", "first_seen": "^2026-03-10T12:00:00Z$", "description": "^.{1,1000}$",
	} {
		if value, _ := report[field].(string); !regexp.MustCompile(form).MatchString(value) {
			t.Errorf("%s is %v, want %s", field, report[field], form)
		}
	}
	for _, field := range []string{"reporter", "sender"} {
		party, _ := report[field].(map[string]any)
		if len(party) != 3 || party["org"] != "example.com" || party["contact"] != "abuse@example.com" || party["domain"] != "example.com" {
			t.Errorf("%s is %v", field, party)
		}
	}
	evidence := report["evidence"].([]any)[0].(map[string]any)
	payload, err := base64.StdEncoding.DecodeString(evidence["payload"].(string))
	if want := "[hidden] sshd[1]: Failed password for [account] from 192.0.2.7 to [address]\n"; err != nil || string(payload) != want {
		t.Errorf("evidence %q, %v", payload, err)
	}
	if hash, _ := evidence["hash"].(string); evidence["content_type"] != "text/plain" || !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(hash) || len(evidence) != 5 {
		t.Errorf("evidence %v", evidence)
	}
	if strings.Contains(mails[0].Text, "web1") || strings.Contains(string(payload)+body, "alice") {
		t.Errorf("it tells of us:\n%s", mails[0].Text)
	}
}

func TestContacts(t *testing.T) {
	s := actiontest.NewMailServer(t, false)
	nibbles := "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	for _, tt := range []struct {
		name, prefix string
		zone         zone
		want         string
		refused      bool
	}{
		{"IPv6", "2001:db8:0:7::1/128", zone{nibbles + xarf.DefaultContacts: {"v6@provider.example"}}, "v6@provider.example", false},
		{"several", "192.0.2.7/32", zone{"7.2.0.192." + xarf.DefaultContacts: {"a@provider.example,b@provider.example", "c@provider.example"}}, "a@provider.example", false},
		{"hostile", "192.0.2.7/32", zone{"7.2.0.192." + xarf.DefaultContacts: {"x@y\r\nBcc: z@example.com"}}, "", true},
		{"nobody", "192.0.2.7/32", zone{}, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := newReporter(t, xarf.Options{Server: mail.Server{Address: s.Address}, LookupTXT: tt.zone.LookupTXT}).Send(t.Context(), message(tt.prefix, "root"))
			f, _ := errors.AsType[*notice.Failure](err)
			if (f != nil && f.Refused) != tt.refused || !tt.refused && err != nil {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, m := range s.Mails() {
				got = append(got, m.To...)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("sent to %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPreviewAsksNobody(t *testing.T) {
	r := newReporter(t, xarf.Options{Server: mail.Server{Address: "localhost"}, LookupTXT: func(context.Context, string) ([]string, error) {
		t.Error("it asked")
		return nil, nil
	}})
	p, err := r.Preview(t.Context(), message("192.0.2.7/32", "root"))
	if err != nil || p.To != "mail through localhost (none), to whom 7.2.0.192."+xarf.DefaultContacts+" names" || !strings.Contains(p.Body, "192.0.2.7") {
		t.Errorf("preview %+v, %v", p, err)
	}
}

func TestAContactThatDoesNotExist(t *testing.T) {
	s := actiontest.NewMailServer(t, false)
	s.Reply("RCPT", "550 unknown")
	contacts := zone{"7.2.0.192." + xarf.DefaultContacts: {"abuse@provider.example"}}
	err := newReporter(t, xarf.Options{Server: mail.Server{Address: s.Address}, LookupTXT: contacts.LookupTXT}).Send(t.Context(), message("192.0.2.7/32", "root"))
	if f, _ := errors.AsType[*notice.Failure](err); f == nil || !f.Refused {
		t.Errorf("got %v", err)
	}
}

func TestHostileValues(t *testing.T) {
	s := actiontest.NewMailServer(t, false)
	r := newReporter(t, xarf.Options{Server: mail.Server{Address: s.Address}, To: []string{"desk@example.org"}})
	for _, user := range []string{"x\r\nBcc: evil@example.com", "\r\n.\r\n", `","type":"spam`, "\xff\xfe", "\x00\x1b[2J\u202e", strings.Repeat("A ", 1<<19), "$(reboot)"} {
		if err := r.Send(t.Context(), message("192.0.2.7/32", user)); err != nil {
			t.Errorf("%.20q: %v", user, err)
			continue
		}
		mails := s.Mails()
		if len(mails) != 1 || len(mails[0].To) != 1 || len(mails[0].Text) > 20_000 {
			t.Errorf("%.20q: %d mails", user, len(mails))
			continue
		}
		if header, body, report := read(t, mails[0].Text); report["type"] != "login_attack" || header.Get("Bcc") != "" || strings.ContainsAny(body, "\x00\x1b") {
			t.Errorf("%.20q: sent\n%s", user, mails[0].Text)
		}
	}
}
