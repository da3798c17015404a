package header_test

import (
	"testing"
	"time"

	"gaol/filter/header"
	"gaol/filter/logtime"
)

// TestLines reads whole lines as programs write them, with the date that package
// logtime finds. Those of logger were recorded (util-linux 2.38.1), the
// others follow rsyslog.conf(5) and journalctl(1).
func TestLines(t *testing.T) {
	tests := []struct {
		name, line string
		want       header.Header
		text       string
	}{
		{"logger --rfc3164", "<38>Nov 24 21:06:59 server sshd-session[22093]: Failed password",
			header.Header{Host: "server", Daemon: "sshd-session", PID: "22093"}, "Failed password"},
		{"logger --rfc5424", `<13>1 2026-11-24T21:06:58.897814+00:00 server sshd 22079 ID47 [timeQuality tzKnown="1" isSynced="0"][zoo@123 tiger="hun\]gry"] Failed password`,
			header.Header{Host: "server", Daemon: "sshd", PID: "22079"}, "Failed password"},
		{"logger without pid", "<13>Nov 24 21:06:04 server sshd: x", header.Header{Host: "server", Daemon: "sshd"}, "x"},
		{"rsyslog's file format", "2026-11-24T21:06:59.123456+01:00 server sshd[7]: Invalid user 2020-01-01 00:00:00 h su: x from 192.0.2.6",
			header.Header{Host: "server", Daemon: "sshd", PID: "7"}, "Invalid user 2020-01-01 00:00:00 h su: x from 192.0.2.6"},
		{"rsyslog's traditional file format", "Nov  4 21:06:59 server kernel: [12345.678901] gaol: IN=eth0",
			header.Header{Host: "server", Daemon: "kernel"}, "gaol: IN=eth0"},
		{"journalctl -o short-iso-precise", "2026-11-24T21:06:59.123456+0100 server systemd-logind[7]: x", header.Header{Host: "server", Daemon: "systemd-logind", PID: "7"}, "x"},
		{"journalctl -o short-unix", "1795554419.123456 server sshd[7]: x", header.Header{Host: "server", Daemon: "sshd", PID: "7"}, "x"},
	}
	dates, err := logtime.New(logtime.Options{Location: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			date, ok := dates.Find(tt.line, time.Date(2026, 11, 24, 21, 7, 0, 0, time.UTC))
			if !ok {
				t.Fatal("no date")
			}
			got, ok := header.Parse(tt.line, date.Start, date.End)
			tt.want.Message = len(tt.line) - len(tt.text)
			if !ok || got != tt.want {
				t.Errorf("found %v %+v, want %+v", ok, got, tt.want)
			}
		})
	}
}
