package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatAJailReads(t *testing.T) {
	logs := []logReport{{Path: "/var/log/auth.log", Found: []string{"/var/log/auth.log"}}, {Path: "/var/log/secure"}}
	none := []logReport{{Path: "/var/log/auth.log"}, {Path: "/var/log/secure"}}
	for _, tt := range []struct {
		name   string
		report jailReport
		want   string
	}{
		{"a stock jail whose log has one name here", jailReport{Logs: logs, files: true, guessed: true}, "/var/log/auth.log"},
		{"the user's own list", jailReport{Logs: logs, files: true}, "/var/log/auth.log|/var/log/secure: not there now"},
		{"no log and no journal", jailReport{Logs: none, files: true, guessed: true},
			"none there now; looked for /var/log/auth.log, /var/log/secure"},
		{"a log in another format", jailReport{Logs: []logReport{{Path: "/var/log/*.log", Found: []string{"/var/log/a.log"}, Strange: []string{"/var/log/a.log"}}}, files: true},
			"/var/log/a.log|/var/log/a.log: the filter knows none of its last lines: is the format another one?"},
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

func TestPasswordsAreNotShown(t *testing.T) {
	got := withoutPasswords([]string{"192.0.2.7", "https://gaol:secret@office.example/", "2001:db8::/32"})
	if text := strings.Join(got, " "); text != "192.0.2.7 https://gaol:xxxxx@office.example/ 2001:db8::/32" {
		t.Errorf("got %s", text)
	}
}

func TestWhoIsNeverBanned(t *testing.T) {
	here := filepath.Join(t.TempDir(), "allow.txt")
	if err := os.WriteFile(here, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := jailReport{IgnoreIP: []string{"192.0.2.7", "file:" + here}, IgnoreSelf: true}
	if text, all := r.ignored(); text != "192.0.2.7, file:"+here+", this host itself" || !all {
		t.Errorf("got %q, %v", text, all)
	}
	r.IgnoreIP = []string{"file:" + here + ".gone", "command:" + here + " x", "command:" + here + ".gone x"}
	if text, all := r.ignored(); text != "file:"+here+".gone (not there now), command:"+here+" x, command:"+here+".gone x (not there now), this host itself" || all {
		t.Errorf("got %q, %v", text, all)
	}
}
