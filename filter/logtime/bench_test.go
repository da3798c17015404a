package logtime_test

import (
	"strings"
	"testing"
	"time"
)

func BenchmarkFind(b *testing.B) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	lines := []struct {
		name, line string
		patterns   []string
	}{
		{"iso", "2026-03-10 21:31:23,899 ERROR Login failure 192.0.2.6", nil},
		{"iso zone", "2026-03-10T21:31:23.899123+01:00 host sshd[123]: Failed password for root from 192.0.2.6 port 22 ssh2", nil},
		{"syslog", "Mar 10 21:31:23 host sshd[123]: Failed password for root from 192.0.2.6 port 22 ssh2", nil},
		{"nginx access", `192.0.2.6 - - [10/Mar/2026:22:31:23 +0100] "POST /admin/login/ HTTP/1.1" 200 1543 "-" "Mozilla/5.0"`, nil},
		{"nginx error", "2026/03/10 21:31:23 [error] 7#7: *1 user \"x\": password mismatch, client: 192.0.2.6", nil},
		{"apache error", "[Tue Mar 10 21:31:23.123456 2026] [auth_basic:error] [pid 7] user x not found", nil},
		{"epoch", "1773178283.250 x", nil},
		{"miss", "host sshd[123]: Failed password for root from 192.0.2.6 port 22 ssh2, again and again and again", nil},
		{"hostile miss", "x" + strings.Repeat("1:1:1 Jan 32 2026-13-01 ", 500), nil},
		{"plain pattern", "2026-03-10 21:31:23,899 ERROR Login failure 192.0.2.6", []string{"^%Y-%m-%d %H:%M:%S,%f"}},
		{"plain pattern inside", `192.0.2.6 - - [10/Mar/2026:22:31:23 +0100] "POST /admin/login/ HTTP/1.1" 200`, []string{`\[%d/%b/%Y:%H:%M:%S %z\]`}},
		{"regexp pattern", "2026-03-10 21:31:23,899 ERROR Login failure 192.0.2.6", []string{`^%Y-%m-%d %H:%M:%S(?:,%f)?`}},
	}
	for _, line := range lines {
		b.Run(line.name, func(b *testing.B) {
			f := newFinder(b, berlin, line.patterns...)
			b.ReportAllocs()
			b.SetBytes(int64(len(line.line)))
			for b.Loop() {
				f.Find(line.line, now)
			}
		})
	}
}
