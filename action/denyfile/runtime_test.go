package denyfile_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/denyfile"
	"gaol/jail"
)

const page = "../../docs/webservers.md"

// proxy is a real haproxy with a socket, as docs/webservers.md sets it up. It listens on Unix sockets alone.
type proxy struct {
	t      *testing.T
	folder string
	server *exec.Cmd
}

// newProxy makes the configuration for jails, with the lines of the documentation.
func newProxy(t *testing.T, jails ...string) *proxy {
	actiontest.Need(t, "haproxy")
	folder, err := os.MkdirTemp("", "gaol") // the path of a socket has to be short
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	p := &proxy{t: t, folder: folder}
	denied := ""
	for _, jail := range jails {
		denied += "\t" + strings.Replace(actiontest.FromPage(t, page, "haproxy", "http-request deny if"), "/var/lib/gaol/haproxy/web.acl", p.list(jail), 1) + "\n"
		must(t, os.WriteFile(p.list(jail), nil, 0o644)) // it does not start without
	}
	must(t, os.WriteFile(p.conf(), fmt.Appendf(nil, `
global
	%[1]s
defaults
	mode http
	timeout client 60s
	timeout connect 5s
	timeout server 5s
frontend web
	bind unix@%[2]s/http
	%[4]s
%[3]s
	http-request return status 200
`, strings.Replace(actiontest.FromPage(t, page, "haproxy", "stats socket"), "/run/haproxy/admin.sock", p.socket(), 1), folder, denied,
		strings.Replace(actiontest.FromPage(t, page, "haproxy", "set-src"), "if { src 192.0.2.80 }", "", 1)), 0o644)) // who connects has no address
	return p
}

func (p *proxy) list(jail string) string { return filepath.Join(p.folder, jail+".acl") }
func (p *proxy) conf() string            { return filepath.Join(p.folder, "haproxy.cfg") }
func (p *proxy) socket() string          { return filepath.Join(p.folder, "admin.sock") }

// file is the action of a jail.
func (p *proxy) file(jail string) *denyfile.File {
	return newFile(p.t, denyfile.Options{Path: p.list(jail), Format: denyfile.Plain, Server: denyfile.NewRuntime(p.socket(), p.list(jail), 0)})
}

func (p *proxy) start() {
	p.t.Helper()
	master := filepath.Join(p.folder, "master")
	p.server = exec.Command("haproxy", "-W", "-f", p.conf(), "-S", master)
	p.server.Stderr = os.Stderr
	must(p.t, p.server.Start())
	p.t.Cleanup(p.stop)
	waitForMaster(p.t, master)
	answers(p.t, p.folder, "198.51.100.1", http.StatusOK)
}

func (p *proxy) stop() {
	_ = p.server.Process.Signal(syscall.SIGTERM)
	_ = p.server.Wait()
}

// worker is the process that serves, which is another after a reload.
func (p *proxy) worker() int {
	p.t.Helper()
	out, err := exec.Command("pgrep", "-n", "-P", strconv.Itoa(p.server.Process.Pid)).Output()
	must(p.t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	must(p.t, err)
	return pid
}

// session is a connection that stays open.
type session struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (p *proxy) session() *session {
	p.t.Helper()
	conn, err := net.Dial("unix", filepath.Join(p.folder, "http"))
	must(p.t, err)
	p.t.Cleanup(func() { _ = conn.Close() })
	return &session{p.t, conn, bufio.NewReader(conn)}
}

// says is what the server answers to the session's next request, for a client, at once.
func (s *session) says(client string, want int) {
	s.t.Helper()
	_, err := fmt.Fprintf(s.conn, "GET / HTTP/1.1\r\nHost: web\r\nX-Forwarded-For: %s\r\n\r\n", client)
	must(s.t, err)
	must(s.t, s.conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	answer, err := http.ReadResponse(s.in, nil)
	must(s.t, err)
	_ = answer.Body.Close()
	if answer.StatusCode != want {
		s.t.Errorf("%s: status %d, want %d", client, answer.StatusCode, want)
	}
}

func TestRuntimeContract(t *testing.T) {
	p := newProxy(t, "web", "web6")
	p.start()
	actiontest.Test(t, actiontest.Suite{
		New:      func(_ *testing.T, name string) action.Action { return p.file(name) },
		Prefixes: true, Many: 20_000,
		Damage: map[string]func(*testing.T){
			"a file that is gone": func(*testing.T) { _ = os.Remove(p.list("web")) },
		},
		Clean: func(t *testing.T) { p.session().says("192.0.2.7", http.StatusOK) },
	})
}

// TestRuntime bans and unbans while one connection stays open. Nothing is reloaded, and the next request is refused.
func TestRuntime(t *testing.T) {
	p := newProxy(t, "web")
	p.start()
	f := p.file("web")
	must(t, f.Start(t.Context()))
	must(t, f.Check(t.Context()))
	worker, open := p.worker(), p.session()
	open.says("192.0.2.7", http.StatusOK)
	bans := []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour), actiontest.Ban("2001:db8::/64", time.Hour)}
	must(t, f.Ban(t.Context(), bans, time.Now()))
	open.says("192.0.2.7", http.StatusForbidden)
	open = p.session() // haproxy closes one that it refuses
	open.says("192.0.2.8", http.StatusOK)
	p.session().says("2001:db8::1", http.StatusForbidden)
	must(t, f.Unban(t.Context(), bans[:1]))
	open.says("192.0.2.7", http.StatusOK)
	if text, err := os.ReadFile(p.list("web")); err != nil || string(text) != "2001:db8::/64\n" {
		t.Errorf("the file has %q, %v", text, err)
	}
	began := time.Now()
	var many []jail.Ban
	for i := range 50_000 {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		many = append(many, actiontest.Ban(addr.String(), time.Hour))
	}
	must(t, f.Ban(t.Context(), many, time.Now()))
	t.Logf("50,000 bans in %s", time.Since(began))
	began = time.Now()
	must(t, f.Ban(t.Context(), []jail.Ban{actiontest.Ban("192.0.2.9", time.Hour)}, time.Now()))
	t.Logf("one more in %s", time.Since(began))
	p.session().says("10.0.195.79", http.StatusForbidden)
	open.says("192.0.2.8", http.StatusOK) // the connection of before
	if now := p.worker(); now != worker {
		t.Errorf("another worker: %d, before %d", now, worker)
	}
	must(t, f.Stop(t.Context()))
	open.says("2001:db8::1", http.StatusOK)
	open.says("10.0.195.79", http.StatusOK)
}

// TestRuntimeOfAServerThatWasDown has bans made while haproxy is away, or just begins anew and has read the file too early.
func TestRuntimeOfAServerThatWasDown(t *testing.T) {
	p := newProxy(t, "web")
	f := p.file("web")
	must(t, f.Start(t.Context()))
	bans := []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour)}
	for _, err := range []error{f.Ban(t.Context(), bans, time.Now()), f.Check(t.Context()), f.Start(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), p.socket()) || !strings.Contains(err.Error(), "is it running, with this stats socket in its configuration?") {
			t.Errorf("got %v", err)
		}
	}
	p.start()
	p.session().says("192.0.2.7", http.StatusForbidden) // by the file
	must(t, f.Start(t.Context()))
	must(t, f.Ban(t.Context(), bans, time.Now()))
	must(t, f.Check(t.Context()))
	p.session().says("192.0.2.7", http.StatusForbidden)

	// It begins with a file that somebody else has emptied meanwhile, and put back.
	text, err := os.ReadFile(p.list("web"))
	must(t, err)
	info, err := os.Stat(p.list("web"))
	must(t, err)
	p.stop()
	must(t, os.WriteFile(p.list("web"), nil, 0o644))
	p.start()
	p.session().says("192.0.2.7", http.StatusOK)
	must(t, os.WriteFile(p.list("web"), text, 0o644))
	must(t, os.Chtimes(p.list("web"), info.ModTime(), info.ModTime()))
	must(t, f.Check(t.Context()))
	p.session().says("192.0.2.7", http.StatusForbidden)
}

func TestRuntimeSaysWhatIsMissing(t *testing.T) {
	p := newProxy(t, "web")
	p.start()
	f := p.file("other")
	must(t, f.Start(t.Context()))
	err := f.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "its configuration does not use "+p.list("other")+": write http-request deny if { src -f "+p.list("other")+" } and reload it") {
		t.Errorf("got %v", err)
	}
}
