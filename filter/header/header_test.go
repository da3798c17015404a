package header_test

import (
	"strings"
	"testing"

	"gaol/filter/header"
)

// The date is what stands between the marks « and », which are taken out.
func TestParse(t *testing.T) {
	tests := []struct {
		name, line              string
		host, daemon, pid, text string
	}{
		{"syslog", "«Mar 10 21:31:23» host sshd[123]: Failed password", "host", "sshd", "123", "Failed password"},
		{"padded day", "«Mar  9 21:31:23» host sshd-session[1]: x", "host", "sshd-session", "1", "x"},
		{"priority", "<38>«Oct 11 22:14:15» mymachine su: 'su root' failed", "mymachine", "su", "", "'su root' failed"},
		{"rsyslog, precise", "«2026-03-10T21:31:23.899123+01:00» host postfix/smtpd[9]: x", "host", "postfix/smtpd", "9", "x"},
		{"journalctl short-iso", "«2026-03-10T21:31:23+0100» host sshd[1]: x", "host", "sshd", "1", "x"},
		{"journalctl short-precise", "«Mar 10 21:31:23.123456» host sshd[1]: x", "host", "sshd", "1", "x"},
		{"journalctl short-unix", "«1773178283.123456» host sshd[1]: x", "host", "sshd", "1", "x"},
		{"journalctl --no-hostname", "«Mar 10 21:31:23» sshd[1]: x", "", "sshd", "1", "x"},
		{"journal", "host sshd[123]: x", "host", "sshd", "123", "x"},
		{"journal, no pid", "host dovecot: imap-login: x", "host", "dovecot", "", "imap-login: x"},
		{"old PAM", "«Mar 10 21:31:23» host sshd(pam_unix)[9]: x", "host", "sshd(pam_unix)", "9", "x"},
		{"path as tag", "«Mar 10 21:31:23» host /usr/sbin/cron[9]: x", "host", "/usr/sbin/cron", "9", "x"},
		{"IPv6 host", "«Mar 10 21:31:23» 2001:db8::1 sshd[9]: x", "2001:db8::1", "sshd", "9", "x"},
		{"BusyBox", "«Mar 10 21:31:23» host auth.info sshd[9]: x", "host", "sshd", "9", "x"},
		{"kernel", "«Mar 10 21:31:23» host kernel: [   12.345678] DROP IN=eth0", "host", "kernel", "", "DROP IN=eth0"},
		{"kernel without uptime", "«Mar 10 21:31:23» host kernel: [UFW BLOCK] IN=eth0", "host", "kernel", "", "[UFW BLOCK] IN=eth0"},
		{"uptime only for the kernel", "«Mar 10 21:31:23» host app: [   12.345678] x", "host", "app", "", "[   12.345678] x"},
		{"empty message", "«Mar 10 21:31:23» host sshd[1]: ", "host", "sshd", "1", ""},
		{"nothing behind the colon", "«Mar 10 21:31:23» host sshd[1]:", "host", "sshd", "1", ""},
		{"message keeps its own blank", "«Mar 10 21:31:23» host sshd[1]:  x", "host", "sshd", "1", " x"},
		{"header in the message", "«Mar 10 21:31:23» host sshd[1]: Mar 10 00:00:00 h su[2]: x", "host", "sshd", "1", "Mar 10 00:00:00 h su[2]: x"},
		{"repeated", "«Mar 10 21:31:23» host sshd[1]: message repeated 2 times: [ x]", "host", "sshd", "1", "message repeated 2 times: [ x]"},
		{"RFC 5424", "<34>1 «2003-10-11T22:14:15.003Z» mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed",
			"mymachine.example.com", "su", "", "'su root' failed"},
		{"RFC 5424, no BOM", "<165>1 «2003-08-24T05:14:15.000003-07:00» 192.0.2.1 myproc 8710 - - %% It's time",
			"192.0.2.1", "myproc", "8710", "%% It's time"},
		{"RFC 5424, structured data", `<165>1 «2003-10-11T22:14:15.003Z» h ev - ID47 [a@1 x="3" y="]"][b@1 z="\"\]\\"] m`, "h", "ev", "", "m"},
		{"RFC 5424, no message", `<165>1 «2003-10-11T22:14:15.003Z» h ev 7 ID47 [a@1 x="3"]`, "h", "ev", "7", ""},
		{"RFC 5424, empty element", `<165>1 «2003-10-11T22:14:15.003Z» - - - - [a] m`, "", "", "", "m"},
		{"RFC 5424, no time", `<165>1 - h ev 7 - - m`, "h", "ev", "7", "m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line, start, end := unmark(tt.line)
			got, ok := header.Parse(line, start, end)
			if !ok {
				t.Fatalf("no header in %q", line)
			}
			if want := (header.Header{Host: tt.host, Daemon: tt.daemon, PID: tt.pid, Message: got.Message}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if text := line[got.Message:]; text != tt.text {
				t.Errorf("message is %q, want %q", text, tt.text)
			}
		})
	}
}

func unmark(marked string) (line string, start, end int) {
	before, rest, ok := strings.Cut(marked, "«")
	if !ok {
		return marked, 0, 0
	}
	date, after, _ := strings.Cut(rest, "»")
	return before + date + after, len(before), len(before) + len(date)
}

func TestNoHeader(t *testing.T) {
	tests := []struct{ name, line string }{
		{"date inside the message", "user Mar x: «Mar 10 21:31:23» host sshd[1]: x"},
		{"date in brackets", "[«Mar 10 21:31:23»] host sshd[1]: x"},
		{"priority without end", "<38«Mar 10 21:31:23» host sshd[1]: x"},
		{"priority of four digits", "<3800>«Mar 10 21:31:23» host sshd[1]: x"},
		{"no tag", "«Mar 10 21:31:23» host last message repeated 2 times"},
		{"tag with a blank", "«Mar 10 21:31:23» host my daemon[1]: x"},
		{"no colon behind the pid", "«Mar 10 21:31:23» host sshd[1] x"},
		{"pid with a blank", "«Mar 10 21:31:23» host sshd[1 2]: x"},
		{"pid is not closed", "«Mar 10 21:31:23» host sshd[1"},
		{"empty pid", "«Mar 10 21:31:23» host sshd[]: x"},
		{"no tag before the pid", "«Mar 10 21:31:23» host [1]: x"},
		{"tag is an address", "«Mar 10 21:31:23» host 2001:db8::1 x"},
		{"two blanks before the host", "«Mar 10 21:31:23»  host sshd[1]: x"},
		{"two blanks before the tag", "«Mar 10 21:31:23» host  sshd[1]: x"},
		{"control character in the host", "«Mar 10 21:31:23» ho\x1bst sshd[1]: x"},
		{"control character in the tag", "«Mar 10 21:31:23» host ss\x00hd[1]: x"},
		{"text of an application", "«2026-03-10 21:31:23,899» ERROR Login failure 192.0.2.6"},
		{"nothing behind the date", "«Mar 10 21:31:23»"},
		{"nothing behind the host", "«Mar 10 21:31:23» host "},
		{"journal without host", "sshd[123]: x"},
		{"empty", ""},
		{"RFC 5424, too few fields", "<34>1 «2003-10-11T22:14:15.003Z» h su -"},
		{"RFC 5424, no structured data", "<34>1 «2003-10-11T22:14:15.003Z» h su - ID47 message"},
		{"RFC 5424, open element", `<34>1 «2003-10-11T22:14:15.003Z» h su - ID47 [a x="]"`},
		{"RFC 5424, open value", `<34>1 «2003-10-11T22:14:15.003Z» h su - ID47 [a x="\"] m`},
		{"RFC 5424, glued message", `<34>1 «2003-10-11T22:14:15.003Z» h su - ID47 [a]m`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line, start, end := unmark(tt.line)
			if got, ok := header.Parse(line, start, end); ok {
				t.Errorf("%q has the header %+v", line, got)
			}
		})
	}
}

func TestParseBadSpan(t *testing.T) {
	for _, span := range [][2]int{{-1, 3}, {3, 2}, {0, 99}} {
		if _, ok := header.Parse("host sshd[1]: x", span[0], span[1]); ok {
			t.Errorf("a header with the date at %v", span)
		}
	}
}

// TestMessageCannotShift: whatever is behind the header, the header is the same.
func TestMessageCannotShift(t *testing.T) {
	const head = "Mar 10 21:31:23 host sshd[1]: "
	want, ok := header.Parse(head, 0, 15)
	if !ok {
		t.Fatal("no header")
	}
	for _, message := range []string{" ", ": x", "[2]: x", "x su[2]: y", "<38>1 - h a 1 - - m", "\x00", "a: b: c", "] ["} {
		if got, ok := header.Parse(head+message, 0, 15); !ok || got != want {
			t.Errorf("with the message %q: %+v, want %+v", message, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Mar 10 21:31:23 host sshd[1]: x", 0, 15)
	f.Add("<34>1 2003-10-11T22:14:15.003Z h ev - ID47 [a@1 x=\"\\]\"] m", 6, 30)
	f.Add("host kernel: [   12.345678] x", 0, 0)
	f.Add("<34>1 - h su 1 - - \xef\xbb\xbfm", 0, 0)
	f.Fuzz(func(t *testing.T, text string, start, end int) {
		h, ok := header.Parse(text, start, end)
		if !ok {
			if h != (header.Header{}) {
				t.Errorf("no header, but %+v", h)
			}
			return
		}
		if h.Message < end || h.Message > len(text) {
			t.Fatalf("message at %d, date ends at %d, text at %d", h.Message, end, len(text))
		}
		for _, s := range []string{h.Host, h.Daemon, h.PID} {
			if !strings.Contains(text[:h.Message], s) {
				t.Errorf("%q does not stand before the message", s)
			}
			if strings.ContainsAny(s, " \n\x00") {
				t.Errorf("%q holds a blank or a control character", s)
			}
		}
		// The message may be anything, and the header stays.
		if got, ok := header.Parse(text[:h.Message]+"other: [x] text", start, end); !ok || got != h {
			if h.Daemon != "kernel" && h.Message > 0 && text[h.Message-1] == ' ' {
				t.Errorf("with another message: %+v, want %+v", got, h)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	lines := []struct{ name, line string }{
		{"syslog", "«Mar 10 21:31:23» host sshd[123]: Failed password for root from 192.0.2.6 port 22 ssh2"},
		{"RFC 5424", `<165>1 «2003-10-11T22:14:15.003Z» host sshd 123 ID47 [a@1 x="3"] Failed password for root`},
		{"journal", "host sshd[123]: Failed password for root from 192.0.2.6 port 22 ssh2"},
		{"none", "«2026-03-10 21:31:23,899» ERROR Login failure 192.0.2.6"},
	}
	for _, line := range lines {
		b.Run(line.name, func(b *testing.B) {
			text, start, end := unmark(line.line)
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				header.Parse(text, start, end)
			}
		})
	}
}
