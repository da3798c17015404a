package mail_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/action/mail"
	"gaol/action/notice"
	"gaol/jail"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func message(user string) notice.Message {
	b := jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: noon, End: noon.Add(10 * time.Minute),
		Count: 1, Failures: 5, User: user, Lines: []string{"first", "Failed password for " + user}, By: "jail",
	}
	return notice.Message{Host: "web1", Events: []notice.Event{notice.NewEvent(notice.Ban, b, noon, "")}}
}

func newMail(t *testing.T, server mail.Server) *mail.Mail {
	t.Helper()
	m, err := mail.New(mail.Options{Server: server, From: "gaol <gaol@example.com>", To: []string{"root@example.com", "Ops <ops@example.org>"}, Lines: 5})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// read takes a mail apart as a reader does.
func read(t *testing.T, text string) (header netmail.Header, subject, body string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, subject, strings.ReplaceAll(string(raw), "\r\n", "\n")
}

func TestMail(t *testing.T) {
	for _, tt := range []struct {
		name, tls string
		implicit  bool
	}{{"starttls", mail.StartTLS, false}, {"tls", mail.Implicit, true}, {"none", mail.None, false}} {
		t.Run(tt.name, func(t *testing.T) {
			s := actiontest.NewMailServer(t, tt.implicit)
			m := newMail(t, mail.Server{Address: s.Address, TLS: tt.tls, User: "me", Password: "s3cret", CA: s.CA})
			if err := m.Send(t.Context(), message("root")); err != nil {
				t.Fatal(err)
			}
			mails := s.Mails()
			if len(mails) != 1 {
				t.Fatalf("%d mails", len(mails))
			}
			got := mails[0]
			if got.From != "gaol@example.com" || strings.Join(got.To, " ") != "root@example.com ops@example.org" || got.Login != "me s3cret" || got.Encrypted != (tt.tls != mail.None) {
				t.Errorf("handed in %+v", got)
			}
			header, subject, body := read(t, got.Text)
			if want := "[gaol] web1: sshd banned 192.0.2.7 for 10m0s after 5 failures"; subject != want {
				t.Errorf("subject %q, want %q", subject, want)
			}
			if want := message("root").Body(5); strings.TrimSpace(body) != strings.TrimSpace(want) {
				t.Errorf("body\n%s\nwant\n%s", body, want)
			}
			for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "Content-Type": "text/plain; charset=UTF-8", "Mime-Version": "1.0"} {
				if header.Get(name) != want {
					t.Errorf("%s: %q, want %q", name, header.Get(name), want)
				}
			}
		})
	}
}

func TestHostileValues(t *testing.T) {
	s := actiontest.NewMailServer(t, false)
	m := newMail(t, mail.Server{Address: s.Address})
	for name, user := range map[string]string{
		"headers":       "root\r\nBcc: evil@example.com\r\n\r\nhello",
		"end of data":   "\r\n.\r\nMAIL FROM:<evil@example.com>\r\n",
		"dots":          ".\n..\n.",
		"shell":         "$(reboot) `id`",
		"html":          "<script>alert(1)</script>",
		"invalid UTF-8": "\xff\xfe",
		"controls":      "\x00\x1b[2J\u202e",
		"a megabyte":    strings.Repeat("Ä\n", 1<<19),
		"an encoding":   "=?utf-8?q?=0d=0aBcc:_evil=40example.com?=",
	} {
		msg := message(user)
		// As if a filter banned by such an id: the only text of a stranger's in a subject.
		b := msg.Events[0].Ban
		b.Prefix, b.ID, b.User, b.Lines = netip.Prefix{}, user, user, []string{user}
		msg.Events[0] = notice.NewEvent(notice.Ban, b, noon, "")
		if err := m.Send(t.Context(), msg); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		mails := s.Mails()
		if len(mails) != 1 || len(mails[0].To) != 2 || len(mails[0].Text) > 20_000 {
			t.Errorf("%s: %d mails, %+v", name, len(mails), mails)
			continue
		}
		header, subject, body := read(t, mails[0].Text)
		if header.Get("Bcc") != "" || strings.ContainsAny(subject, "\r\n\x00") || strings.ContainsAny(body, "\r\x00\x1b\u202e") {
			t.Errorf("%s: sent\n%s", name, mails[0].Text)
		}
		if header.Get("Content-Type") != "text/plain; charset=UTF-8" {
			t.Errorf("%s: it is %s", name, header.Get("Content-Type"))
		}
	}
}

func TestRepliesOfServers(t *testing.T) {
	for _, tt := range []struct {
		name, command, reply string
		refused, settings    bool
	}{
		{"wrong password", "AUTH", "535 5.7.8 authentication failed", false, true},
		{"sender not allowed", "MAIL", "553 not your address", false, true},
		{"no such recipient", "RCPT", "550 5.1.1 unknown", false, true},
		{"greylisting", "RCPT", "451 4.7.1 come back later", false, false},
		{"busy", "", "421 too many connections", false, false},
		{"too large", "DATA", "552 too large", true, false},
		{"disk full", "DATA", "452 no space", false, false},
		{"no STARTTLS", "STARTTLS", "454 TLS not available", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := actiontest.NewMailServer(t, false)
			s.Reply(tt.command, tt.reply)
			m := newMail(t, mail.Server{Address: s.Address, TLS: mail.StartTLS, User: "me", Password: "s3cret", CA: s.CA})
			err := m.Send(t.Context(), message("root"))
			if err == nil || !strings.Contains(err.Error(), tt.reply[4:]) || strings.Contains(err.Error(), "s3cret") {
				t.Fatalf("got %v", err)
			}
			f, _ := errors.AsType[*notice.Failure](err)
			if f == nil {
				f = &notice.Failure{}
			}
			if f.Refused != tt.refused || f.Settings != tt.settings && tt.command != "STARTTLS" {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestNothingIsSentInTheClear(t *testing.T) {
	s := actiontest.NewMailServer(t, false)
	s.Reply("EHLO", "250-mail.example.com\r\n250 AUTH PLAIN") // as if somebody took STARTTLS out
	m := newMail(t, mail.Server{Address: s.Address, TLS: mail.StartTLS, User: "me", Password: "s3cret", CA: s.CA})
	err := m.Send(t.Context(), message("root"))
	if f, _ := errors.AsType[*notice.Failure](err); f == nil || !f.Settings || len(s.Mails()) > 0 {
		t.Errorf("got %v", err)
	}
	s = actiontest.NewMailServer(t, false)
	m = newMail(t, mail.Server{Address: s.Address, TLS: mail.StartTLS})
	err = m.Send(t.Context(), message("root"))
	if f, _ := errors.AsType[*notice.Failure](err); f == nil || !f.Settings {
		t.Errorf("an unknown certificate is taken: %v", err)
	}
}

func TestAHangingServerIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := newMail(t, mail.Server{Address: l.Addr().String()}).Send(ctx, message("root")); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begin))
	}
}

// TestAnEndlessReplyIsGivenUp lets servers greet without an end. The library itself keeps the whole line.
func TestAnEndlessReplyIsGivenUp(t *testing.T) {
	for _, tls := range []string{mail.None, mail.StartTLS, mail.Implicit} {
		t.Run(tls, func(t *testing.T) {
			s := actiontest.NewMailServer(t, tls == mail.Implicit)
			s.Reply("", "220 "+strings.Repeat("x", 8<<20))
			err := newMail(t, mail.Server{Address: s.Address, TLS: tls, CA: s.CA}).Send(t.Context(), message("root"))
			if err == nil || !strings.Contains(err.Error(), "more than") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPreview(t *testing.T) {
	p, err := newMail(t, mail.Server{Address: "mail.example.com", User: "me", Password: "s3cret"}).Preview(t.Context(), message("root"))
	if err != nil {
		t.Fatal(err)
	}
	text := p.To + "\n" + strings.Join(p.Headers, "\n") + "\n" + p.Body
	for _, want := range []string{"mail through mail.example.com (starttls)", "To: <root@example.com>, \"Ops\" <ops@example.org>", "sshd banned 192.0.2.7"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "s3cret") {
		t.Errorf("it shows the password:\n%s", text)
	}
}

func TestNewRefuses(t *testing.T) {
	good := mail.Options{Server: mail.Server{Address: "mail.example.com"}, From: "a@example.com", To: []string{"b@example.com"}}
	for name, change := range map[string]func(*mail.Options){
		"no server":          func(o *mail.Options) { o.Server.Address = "" },
		"a bad port":         func(o *mail.Options) { o.Server.Address = "x:0" },
		"no sender":          func(o *mail.Options) { o.From = "" },
		"no recipient":       func(o *mail.Options) { o.To = nil },
		"lines in addresses": func(o *mail.Options) { o.To = []string{"a@example.com\r\nBcc: b@example.com"} },
		"another tls":        func(o *mail.Options) { o.Server.TLS = "ssl" },
		"a bare password":    func(o *mail.Options) { o.Server.TLS, o.Server.User = mail.None, "me" },
	} {
		t.Run(name, func(t *testing.T) {
			opts := good
			change(&opts)
			if _, err := mail.New(opts); err == nil {
				t.Error("no error")
			}
		})
	}
	if _, err := mail.New(good); err != nil {
		t.Error(err)
	}
}
