package daemon_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// TestCaddyAsksGaol goes all the way from a wrong password to the refusal of the client's next request, with a real Caddy
// that is set up as docs/webservers.md has it, writes the log that gaol reads, and is never reloaded.
func TestCaddyAsksGaol(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "caddy")
	clients := actiontest.NewSpace(t)
	actiontest.Connect(t, actiontest.Own(t), []string{"203.0.113.1/24"}, clients, []string{"203.0.113.7/24", "203.0.113.8/24"})
	s := newSite(t, "")
	here := strings.NewReplacer("/var/log/caddy", s.dir, "shop.example.org {", "http://shop.example.org {")
	hash, err := exec.Command("caddy", "hash-password", "--plaintext", "right").Output()
	if err != nil {
		t.Fatal(err)
	}
	s.append("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+strings.Replace(here.Replace(actiontest.FromPage(t, webserversPage, "caddyfile", "output file")),
		`respond "hello"`, fmt.Sprintf("basicauth {\n\t\t\talice %s\n\t\t}\n\t\trespond \"hello\"", strings.TrimSpace(string(hash))), 1))
	s.append("access.log", "")
	s.configure("[jail.sshd]\nenabled = false\n" + here.Replace(actiontest.FromPage(t, webserversPage, "toml", `action = ["caddy"]`)))
	caddy := exec.Command("caddy", "run", "--config", filepath.Join(s.dir, "Caddyfile"), "--adapter", "caddyfile")
	caddy.Env = append(os.Environ(), "HOME="+s.dir, "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir)
	caddy.Stderr = os.Stderr
	if err := caddy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = caddy.Process.Signal(syscall.SIGTERM)
		_ = caddy.Wait()
	})
	s.start()
	visit := func(client, password string) int {
		transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
			err = clients.Do(func() error {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}}
				conn, err = d.DialContext(ctx, network, "203.0.113.1:80")
				return err
			})
			return conn, err
		}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://shop.example.org/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("alice", password)
		answer, err := transport.RoundTrip(r)
		if err != nil {
			return 0
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	get := func(client, password string, want int) {
		t.Helper()
		s.wait(fmt.Sprintf("%s gets %d", client, want), func() error {
			if got := visit(client, password); got != want {
				return fmt.Errorf("status %d", got)
			}
			return nil
		})
	}
	get("203.0.113.7", "right", http.StatusOK)
	for range 5 {
		if got := visit("203.0.113.7", "wrong"); got != http.StatusUnauthorized {
			t.Errorf("status %d", got)
		}
	}
	get("203.0.113.7", "right", http.StatusForbidden)
	if got := visit("203.0.113.7", "wrong"); got != http.StatusForbidden {
		t.Errorf("whoever is banned goes on guessing: status %d", got)
	}
	if got := visit("203.0.113.8", "right"); got != http.StatusOK {
		t.Errorf("another client: status %d", got)
	}
	if j := s.jail("shop"); len(j.Problems) > 0 || j.Banned.Current != 1 {
		t.Errorf("got %+v", j)
	}
	if _, err := s.client.Unban(t.Context(), control.UnbanRequest{All: true}); err != nil {
		t.Fatal(err)
	}
	get("203.0.113.7", "right", http.StatusOK)
	s.stop()
}
