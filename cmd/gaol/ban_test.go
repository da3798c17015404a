package main

import (
	"bytes"
	"context"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"gaol/cmd/internal/control"
)

// banning is a daemon that answers each ban in the same way, and nothing else.
type banning struct {
	control.Daemon
	reply control.BanReply
}

func (b banning) Ban(context.Context, control.BanRequest) (control.BanReply, error) {
	return b.reply, nil
}

func TestBanExitStatus(t *testing.T) {
	refused := control.Ban{Jail: "app", Prefix: "192.0.2.7/32"}
	held := refused
	held.Enforced = true
	for _, tt := range []struct {
		name   string
		reply  control.BanReply
		status int
		shown  string
	}{
		{"enforced", control.BanReply{Banned: []control.Ban{held}}, exitYes, "for ever"},
		{"refused by the kernel", control.BanReply{Banned: []control.Ban{refused}, Unenforced: 1, Warnings: []string{"operation not permitted"}},
			exitNo, "not enforced\nwarning: operation not permitted"},
		{"refused once of twice", control.BanReply{Banned: []control.Ban{held, refused}, Unenforced: 1}, exitNo, "not enforced"},
		{"no firewall, as when observing", control.BanReply{Banned: []control.Ban{refused}}, exitYes, "not enforced"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socket := serveDaemon(t, banning{reply: tt.reply})
			for _, flags := range [][]string{nil, {"--json"}} {
				var out, fault bytes.Buffer
				args := append([]string{"--socket", socket, "ban", "192.0.2.7"}, flags...)
				if got := run(t.Context(), args, nil, &out, &fault); got != tt.status {
					t.Errorf("%v: exit status %d, want %d: %s", flags, got, tt.status, fault.String())
				}
				if fault.Len() > 0 {
					t.Errorf("%v: on standard error: %s", flags, fault.String())
				}
				if flags == nil && !strings.Contains(out.String(), tt.shown) {
					t.Errorf("got %q, want %q in it", out.String(), tt.shown)
				}
			}
		})
	}
}

// serveDaemon serves d at a socket and returns its path.
func serveDaemon(t *testing.T, d control.Daemon) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gaol.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(control.Handler(d))
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return path
}
