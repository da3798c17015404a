package denylist_test

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
	"gaol/action/denylist"
)

// The clients, in a namespace of their own. One of them is a proxy at times.
const (
	bad, good, bad6, cdn = "203.0.113.7", "203.0.113.8", "2001:db8:0:7::1", "203.0.113.80"
)

const page = "../../docs/webservers.md"

// street is a server's namespace, which is the test's own, with clients in another.
type street struct {
	t       *testing.T
	clients *actiontest.Space
	served
	list *denylist.List
	// stop ends gaol's part.
	stop func()
}

// newStreet lays out the namespaces and has gaol's lists served where the documentation has them.
func newStreet(t *testing.T) *street {
	clients := actiontest.NewSpace(t)
	actiontest.Connect(t, actiontest.Own(t), []string{"203.0.113.1/24", "2001:db8:0:7::ff/64"},
		clients, []string{bad + "/24", good + "/24", bad6 + "/64", cdn + "/24"})
	s := &street{t: t, clients: clients, served: newServed(func(o *denylist.Options) {
		o.Proxies = append(o.Proxies, prefixes(cdn+"/32")...)
	})}
	s.list = s.jail(t, "shop")
	l, err := net.Listen("tcp", "127.0.0.1:7413")
	must(t, err)
	server := &http.Server{Handler: s.Handler}
	go func() { _ = server.Serve(l) }()
	s.stop = func() { _ = server.Close() }
	t.Cleanup(s.stop)
	return s
}

// visit asks the web server for a page as a client does, over a new connection.
func (s *street) visit(client, path string, headers ...string) (status int) {
	local := net.TCPAddr{IP: net.ParseIP(client)}
	to := "203.0.113.1:80"
	if local.IP.To4() == nil {
		to = "[2001:db8:0:7::ff]:80"
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
		err = s.clients.Do(func() error {
			d := net.Dialer{LocalAddr: &local, Timeout: 10 * time.Second}
			conn, err = d.DialContext(ctx, "tcp", to)
			return err
		})
		return conn, err
	}}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://shop.example.org"+path, nil)
	must(s.t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// answers says at once what a client gets.
func (s *street) answers(client string, want int, headers ...string) {
	s.t.Helper()
	if got := s.visit(client, "/page", headers...); got != want {
		s.t.Errorf("%s %q: status %d, want %d", client, headers, got, want)
	}
}

// opens waits until the server answers a client at all by a status.
func (s *street) opens(client string, want int) {
	s.t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) { // it tells nobody
		got := s.visit(client, "/page")
		if got == want {
			return
		}
		if time.Since(began) > 30*time.Second {
			s.t.Fatalf("%s: status %d, want %d", client, got, want)
		}
	}
}

// bansAndUnbans is what each server has to do: the very next request is refused, and let in again.
func (s *street) bansAndUnbans() {
	s.t.Helper()
	s.opens(bad, 200)
	must(s.t, s.list.Ban(s.t.Context(), bansOf(bad, "2001:db8:0:7::1"), time.Now()))
	s.answers(bad, 403)
	s.answers(bad6, 403)
	s.answers(good, 200)
	// Neither what it writes itself nor what it asks for lets it in.
	s.answers(bad, 403, "X-Forwarded-For", good)
	s.answers(bad, 403, "X-Real-IP", good)
	for _, path := range []string{"/page?jail=other", "/page?/check/other", "/check/other", "/page/../check/other"} {
		if got := s.visit(bad, path); got != 403 {
			s.t.Errorf("%s: status %d, want 403", path, got)
		}
	}
	s.answers(good, 200, "X-Forwarded-For", good)
	must(s.t, s.list.Unban(s.t.Context(), bansOf(bad)))
	s.answers(bad, 200)
	s.answers(bad6, 403)
	if problems := s.misuse.Problems(); len(problems) > 0 {
		s.t.Errorf("problems: %q", problems)
	}
}

// start runs a server until the test ends.
func start(t *testing.T, env []string, argv ...string) {
	t.Helper()
	server := exec.Command(argv[0], argv[1:]...)
	server.Env = append(os.Environ(), env...)
	server.Stderr = os.Stderr
	must(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM) // killed, it would leave its workers behind
		_ = server.Wait()
	})
}

// startCaddy runs Caddy with sites of the documentation, without certificates.
func startCaddy(t *testing.T, sites string) {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "Caddyfile")
	must(t, os.WriteFile(conf, []byte("{\n\tadmin off\n\tauto_https off\n}\n"+
		strings.NewReplacer("shop.example.org {", "http://shop.example.org {", "/var/log/caddy", dir).Replace(sites)), 0o600))
	start(t, []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, "caddy", "run", "--config", conf, "--adapter", "caddyfile")
}

func TestCaddy(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "caddy")
	s := newStreet(t)
	startCaddy(t, actiontest.FromPage(t, page, "caddyfile", "forward_auth 127.0.0.1:7413 {"))
	s.bansAndUnbans()
	s.stop()
	s.answers(good, 502) // as the documentation says
}

// TestCaddyWithoutGaol is open where there is somebody else to ask.
func TestCaddyWithoutGaol(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "caddy")
	s := newStreet(t)
	startCaddy(t, actiontest.FromPage(t, page, "caddyfile", "lb_policy first"))
	s.bansAndUnbans()
	s.stop()
	s.opens(bad6, 200)
}

// TestCaddyBehindAProxy has it trust another.
func TestCaddyBehindAProxy(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "caddy")
	s := newStreet(t)
	startCaddy(t, strings.Replace(actiontest.FromPage(t, page, "caddyfile", "forward_auth 127.0.0.1:7413 {"), "uri /check", "uri /check\n\ttrusted_proxies "+cdn, 1))
	s.bansAndUnbans()
	must(t, s.list.Ban(t.Context(), bansOf("198.51.100.7"), time.Now()))
	s.answers(cdn, 403, "X-Forwarded-For", "198.51.100.7")
	s.answers(cdn, 200, "X-Forwarded-For", "198.51.100.8")
	s.answers(cdn, 403, "X-Forwarded-For", "198.51.100.8, 198.51.100.7")
	s.answers(good, 200, "X-Forwarded-For", "198.51.100.7")
}

func TestNginx(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nginx")
	s := newStreet(t)
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "page"), []byte("hello\n"), 0o644))
	conf := filepath.Join(dir, "nginx.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, `
daemon off; user root; pid %[1]s/pid; error_log stderr; worker_processes 1;
events {}
http {
	access_log off;
	server {
		listen 80; listen [::]:80;
		root %[1]s;
		%[2]s
	}
}
`, dir, actiontest.FromPage(t, page, "nginx", "auth_request")), 0o600))
	start(t, nil, "nginx", "-c", conf, "-e", "stderr")
	s.bansAndUnbans()
	s.stop()
	s.answers(bad6, 200)
}

// TestTraefik asks as Traefik's ForwardAuth does: https://doc.traefik.io/traefik/middlewares/http/forwardauth/, "Forward-Request
// Headers", for the address of the documentation's middleware, with all the headers that the client has sent.
func TestTraefik(t *testing.T) {
	s := newServed()
	s.jail(t, "shop", bad, "2001:db8:0:7::/64")
	_, rest, _ := strings.Cut(actiontest.FromPage(t, page, "yaml", "forwardAuth"), `address: "`)
	address, _, _ := strings.Cut(rest, `"`)
	for client, want := range map[string]int{bad: 403, good: 200, bad6: 403, "10.0.0.1": 200} {
		got := s.get(address, "X-Forwarded-Method", "POST", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "shop.example.org",
			"X-Forwarded-Uri", "/login?jail=other", "X-Forwarded-For", client, "Cookie", strings.Repeat("x", 10_000), "Authorization", "Basic eDp5", "X-Real-Ip", good)
		if got.Code != want {
			t.Errorf("%s: status %d, want %d", client, got.Code, want)
		}
	}
	if problems := s.misuse.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}
