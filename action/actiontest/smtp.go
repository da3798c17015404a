package actiontest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// MailServer is a mail server that keeps what it is handed in.
type MailServer struct {
	// Address is host and port, on this host; CA the file of its certificate.
	Address, CA string

	tls      *tls.Config
	implicit bool

	mu    sync.Mutex
	reply map[string]string
	mails []Mail
}

// Mail is a mail as it was handed in.
type Mail struct {
	From string
	To   []string
	// Login is the user and password, with a blank between them; "": nobody logged in. Encrypted says
	// that the connection was.
	Login     string
	Encrypted bool
	Text      string
}

// NewMailServer starts a server. With implicit, it speaks TLS from the start, else by STARTTLS.
func NewMailServer(t *testing.T, implicit bool) *MailServer {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate, which is one of 127.0.0.1 and example.com
	certificate, raw := web.TLS.Certificates[0], web.Certificate().Raw
	web.Close()
	s := &MailServer{implicit: implicit, tls: &tls.Config{Certificates: []tls.Certificate{certificate}}, reply: map[string]string{}}
	s.CA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(s.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Address = l.Addr().String()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return s
}

// Reply makes the server answer a command (RFC 5321 section 4.1) in this way, such as "MAIL" by "451 busy".
func (s *MailServer) Reply(command, reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply[command] = reply
}

// Mails returns what has been handed in since the last call.
func (s *MailServer) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	mails := s.mails
	s.mails = nil
	return mails
}

func (s *MailServer) replyTo(command, usual string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reply, ok := s.reply[command]; ok {
		return reply
	}
	return usual
}

// serve speaks with one client.
func (s *MailServer) serve(c net.Conn) {
	defer func() { c.Close() }()
	var m Mail
	if s.implicit {
		c, m.Encrypted = tls.Server(c, s.tls), true
	}
	in := bufio.NewReader(c)
	say := func(reply string) { _, _ = c.Write([]byte(reply + "\r\n")) }
	say(s.replyTo("", "220 mail.example.com ESMTP"))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		command, argument, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		switch command = strings.ToUpper(command); command {
		case "EHLO", "HELO":
			more := "250-AUTH PLAIN LOGIN\r\n"
			if !m.Encrypted {
				more += "250-STARTTLS\r\n"
			}
			say(s.replyTo(command, "250-mail.example.com\r\n"+more+"250 8BITMIME"))
		case "STARTTLS":
			reply := s.replyTo(command, "220 go on")
			say(reply)
			if strings.HasPrefix(reply, "220") {
				c, m.Encrypted = tls.Server(c, s.tls), true
				in = bufio.NewReader(c)
			}
		case "AUTH":
			_, initial, _ := strings.Cut(argument, " ")
			text, _ := base64.StdEncoding.DecodeString(initial)
			m.Login = strings.TrimSpace(strings.ReplaceAll(string(text), "\x00", " "))
			say(s.replyTo(command, "235 welcome"))
		case "MAIL":
			m.From, m.To = bracketed(argument), nil
			say(s.replyTo(command, "250 fine"))
		case "RCPT":
			m.To = append(m.To, bracketed(argument))
			say(s.replyTo(command, "250 fine"))
		case "DATA":
			say("354 go on")
			m.Text = ""
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				m.Text += strings.TrimPrefix(line, ".")
			}
			reply := s.replyTo(command, "250 taken")
			if strings.HasPrefix(reply, "250") {
				s.mu.Lock()
				s.mails = append(s.mails, m)
				s.mu.Unlock()
			}
			say(reply)
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// bracketed is what stands between < and >.
func bracketed(argument string) string {
	_, rest, _ := strings.Cut(argument, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
