package notice_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gaol/action/notice"
	"gaol/jail"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func sample() jail.Ban {
	return jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: noon, End: noon.Add(10 * time.Minute),
		Count: 2, Failures: 5, User: "root", Lines: []string{"first line", "second line"}, By: "jail",
	}
}

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "root", "root"},
		{"line ends", "a\r\nBcc: b@x.org", "a  Bcc: b@x.org"},
		{"escape sequence", "\x1b[2J\x00x", " [2J x"},
		{"bad UTF-8", "a\xffb", "a\ufffdb"},
		{"right to left", "a\u202eb\u200bc", "abc"},
		{"separators", "a\u2028b\u0085c", "a b c"},
		{"quotes stay", `"'$(reboot)`, `"'$(reboot)`},
		{"too long", strings.Repeat("ü", 1<<20), strings.Repeat("ü", 10)},
		{"too long and bad", strings.Repeat("\xff", 1<<20), strings.Repeat("\ufffd", 6)},
	} {
		if got := notice.Clean(tt.text, 20); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\n\xff\u202e", 10)
	f.Add(strings.Repeat("\xffü", 100), 7)
	f.Fuzz(func(t *testing.T, text string, longest int) {
		longest = max(0, longest%1000)
		got := notice.Clean(text, longest)
		if len(got) > longest || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00\x1b\u2028\u202e") {
			t.Errorf("got %q", got)
		}
		if again := notice.Clean(got, longest); again != got {
			t.Errorf("cleaned again it is %q, not %q", again, got)
		}
	})
}

func TestTexts(t *testing.T) {
	ban := notice.NewEvent(notice.Ban, sample(), noon, "")
	forever := ban
	forever.Ban.End = time.Time{}
	forever.Ban.Count, forever.Ban.Failures = 1, 0
	unban := notice.NewEvent(notice.Unban, sample(), noon, "hand")
	flood := notice.Message{Host: "web1"}
	for range 30 {
		flood.Events = append(flood.Events, ban)
	}
	flood.Events = append(flood.Events, unban)
	flood.Events[0].More = 100
	for _, tt := range []struct {
		name          string
		m             notice.Message
		subject, body string
	}{
		{"a ban", notice.Message{Host: "web1", Events: []notice.Event{ban}},
			"web1: sshd banned 192.0.2.7 for 10m0s after 5 failures, ban no. 2",
			"2026-03-10T12:00:00Z sshd banned 192.0.2.7 for 10m0s after 5 failures, ban no. 2\nAccount tried last: root\n" +
				"\"gaol why 192.0.2.7\" tells the whole story, \"gaol unban 192.0.2.7\" lets it in again.\n    second line\n"},
		{"for ever, observed", notice.Message{Observe: true, Events: []notice.Event{forever}}, "sshd would have banned 192.0.2.7 for ever", ""},
		{"an unban", notice.Message{Events: []notice.Event{unban}}, "sshd let 192.0.2.7 in again (hand)", ""},
		{"a flood", flood, "web1: 30 bans (sshd 30), 1 unban (sshd 1), 100 more before", ""},
	} {
		if got := tt.m.Subject(); got != tt.subject {
			t.Errorf("%s: subject %q, want %q", tt.name, got, tt.subject)
		}
		if got := tt.m.Body(1); tt.body != "" && got != tt.body {
			t.Errorf("%s: body\n%s\nwant\n%s", tt.name, got, tt.body)
		}
	}
	if got := flood.Body(0); !strings.Contains(got, "The last 20 of 131:") || strings.Count(got, "\n") != 24 {
		t.Errorf("the flood's body is\n%s", got)
	}
}

func TestEventsAreBounded(t *testing.T) {
	b := sample()
	b.User = strings.Repeat("\xff\n$(reboot)", 1<<20)
	b.Lines = nil
	for range 1000 {
		b.Lines = append(b.Lines, b.User)
	}
	e := notice.NewEvent(notice.Ban, b, noon, "")
	if len(e.Ban.User) > 256 || len(e.Ban.Lines) != 10 || len(e.Ban.Lines[9]) > 1024 || strings.Contains(e.Ban.User+e.Ban.Lines[0], "\n") {
		t.Errorf("%d bytes of user, %d lines", len(e.Ban.User), len(e.Ban.Lines))
	}
}
