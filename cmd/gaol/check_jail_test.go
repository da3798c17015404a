package main

import (
	"strings"
	"testing"
)

func TestWhatAJailReads(t *testing.T) {
	logs := []logReport{{"/var/log/auth.log", []string{"/var/log/auth.log"}}, {"/var/log/secure", nil}}
	none := []logReport{{"/var/log/auth.log", nil}, {"/var/log/secure", nil}}
	for _, tt := range []struct {
		name   string
		report jailReport
		want   string
	}{
		{"a stock jail whose log has one name here", jailReport{Logs: logs, files: true, guessed: true}, "/var/log/auth.log"},
		{"the user's own list", jailReport{Logs: logs, files: true}, "/var/log/auth.log|/var/log/secure: not there now"},
		{"no log and no journal", jailReport{Logs: none, files: true, guessed: true},
			"/var/log/auth.log: not there now|/var/log/secure: not there now"},
		{"the journal instead of an old log", jailReport{Logs: logs, guessed: true, Journal: true, Journalmatch: []string{"_COMM=sshd"}},
			"journal _COMM=sshd"},
		{"both", jailReport{Logs: logs[:1], files: true, Journal: true}, "/var/log/auth.log|journal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			tt.report.writeSources(func(_, value string, _ style) { got = append(got, value) })
			if got := strings.Join(got, "|"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
