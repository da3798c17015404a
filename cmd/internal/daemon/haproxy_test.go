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
	"time"

	"gaol/action/actiontest"
)

// TestHAProxyIsToldWhileItRuns has a real haproxy refuse a client after lines in a log, over its socket. It begins after
// gaol does, which is a problem until then.
func TestHAProxyIsToldWhileItRuns(t *testing.T) {
	actiontest.Need(t, "haproxy")
	folder, err := os.MkdirTemp("", "gaol") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	block := func(language, words string) string {
		return strings.NewReplacer("/var/lib/gaol/haproxy", folder, "/run/haproxy", folder, "/var/log/nginx", folder).
			Replace(actiontest.FromPage(t, webserversPage, language, words))
	}
	log := filepath.Join(folder, "error.log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	jail := strings.Replace(block("toml", `name = "haproxy"`), `name = "haproxy",`, fmt.Sprintf(`name = "haproxy", path = %q,`, folder+"/web.acl"), 1)
	s := newSite(t, "[jail.sshd]\nenabled = false\n"+jail)
	s.run(bans)
	s.waitProblem("web", "action haproxy: ")
	conf := filepath.Join(folder, "haproxy.cfg")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `
global
	%s
defaults
	mode http
	timeout client 60s
	timeout connect 5s
	timeout server 5s
frontend web
	bind unix@%s/http
	http-request set-src hdr(x-forwarded-for)
	%s
	http-request return status 200
`, block("haproxy", "stats socket"), folder, block("haproxy", "http-request deny")), 0o600); err != nil {
		t.Fatal(err)
	}
	haproxy := exec.Command("haproxy", "-W", "-f", conf)
	haproxy.Stderr = os.Stderr
	if err := haproxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = haproxy.Process.Signal(syscall.SIGTERM)
		_ = haproxy.Wait()
	})
	s.wait("haproxy knows the list", func() error {
		if j := s.jail("web"); len(j.Problems) > 0 || !j.Actions[0].Healthy {
			return fmt.Errorf("got %+v", j)
		}
		return nil
	})
	line := time.Now().Format("2006/01/02 15:04:05") + " [error] 7#7: *1 user \"alice\": password mismatch, client: 203.0.113.7, server: , " +
		"request: \"GET / HTTP/1.1\", host: \"web\"\n"
	if err := os.WriteFile(log, []byte(strings.Repeat(line, 5)), 0o600); err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", folder+"/http")
	}}}
	for client, want := range map[string]int{"203.0.113.7": http.StatusForbidden, "203.0.113.8": http.StatusOK} {
		s.wait(fmt.Sprintf("%s gets %d", client, want), func() error {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://web/", nil)
			if err != nil {
				return err
			}
			r.Header.Set("X-Forwarded-For", client)
			answer, err := browser.Do(r)
			if err != nil {
				return err
			}
			if _ = answer.Body.Close(); answer.StatusCode != want {
				return fmt.Errorf("status %d", answer.StatusCode)
			}
			return nil
		})
	}
}
