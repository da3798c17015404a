package config_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"gaol/action"
	"gaol/action/notice"
	"gaol/config"
	"gaol/jail"
)

// FuzzTold puts a stranger's text into all that is told of a ban, by every kind of action that tells, and looks at what
// would be sent.
func FuzzTold(f *testing.F) {
	for _, text := range []string{
		"root", "a\"b'c\\d`e`$(f)", "root\r\nBcc: evil@example.com\r\n.\r\n", `"},{"what":"unban"`, "\x00\x1b[2J\u202e\u2028\xff", "=?utf-8?q?=0d=0aBcc:_x?=",
		"{{.Text}} %s", "&ip=198.51.100.1", strings.Repeat("Ä", 5000), strings.Repeat("\xff", 5000), "--\r\n\r\nfrom 198.51.100.1 user root",
	} {
		f.Add(text, "line "+text, text)
	}
	senders := map[string]notice.Sender{}
	for _, n := range []config.Notifier{
		{Kind: "webhook", URL: "https://example.com/hook"},
		{Kind: "webhook", Name: "template", URL: "https://example.com/hook", Template: `{"text": {{json .Text}}, "user": {{json (index .Events 0).User}}}`},
		{Kind: "mail", Server: "mail.example.com", From: "gaol@example.com", To: []string{"root@example.com"}},
		{Kind: "notify", URL: "ntfy://ntfy.sh/topic"},
		{Kind: "abuseipdb", Token: action.Secret("x"), Lines: 10},
		{Kind: "blocklist.de", From: "1", Token: action.Secret("x")},
		{Kind: "xarf", Server: "mail.example.com", From: "gaol@example.com", To: []string{"abuse@example.com"}},
	} {
		if n.Lines == 0 {
			n.Lines = -1 // as many as are usual
		}
		s, err := n.Sender()
		if err != nil {
			f.Fatal(err)
		}
		senders[n.Kind+n.Name] = s
	}
	f.Fuzz(func(t *testing.T, user, line, id string) {
		byAddress := jail.Ban{Jail: "app", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: time.Unix(1773144000, 0), Failures: 5, User: user, Lines: []string{line}}
		byID := byAddress
		byID.Prefix, byID.ID = netip.Prefix{}, "x"+id
		for name, sender := range senders {
			for _, b := range []jail.Ban{byAddress, byID} {
				m := notice.Message{Host: "web1", Events: []notice.Event{notice.NewEvent(notice.Ban, b, b.Start, "")}}
				p, err := sender.Preview(t.Context(), m)
				if err != nil {
					if b.ID == "" {
						t.Errorf("%s: %v", name, err)
					}
					continue // reports are of addresses
				}
				checkTold(t, name, m.Events[0].Ban, p)
			}
		}
	})
}

func checkTold(t *testing.T, name string, b jail.Ban, p notice.Preview) {
	t.Helper()
	for _, header := range p.Headers {
		if strings.HasPrefix(strings.ToLower(header), "bcc:") || !utf8.ValidString(header) || strings.ContainsFunc(header, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			t.Errorf("%s: header %q", name, header)
		}
	}
	if len(p.Body) > 64<<10 || !utf8.ValidString(p.Body) || strings.ContainsFunc(p.Body, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
	}) {
		t.Errorf("%s: body %q", name, p.Body)
	}
	if !strings.HasPrefix(name, "webhook") {
		return
	}
	var d struct {
		User   string
		Events []notice.EventDocument
	}
	if err := json.Unmarshal([]byte(p.Body), &d); err != nil {
		t.Errorf("%s: %v in %q", name, err, p.Body)
		return
	}
	if len(d.Events) == 1 {
		d.User = d.Events[0].User
		if d.Events[0].Lines[0] != b.Lines[0] || d.Events[0].ID != b.ID {
			t.Errorf("%s: %+v", name, d.Events[0])
		}
	}
	if d.User != b.User || len(d.User) > 256 {
		t.Errorf("%s: user %q, want %q", name, d.User, b.User)
	}
}
