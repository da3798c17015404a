package daemon_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// The proxy, in a namespace of its own, and the web server behind it.
const proxyAddress, webAddress = "10.0.2.2", "10.0.2.1"

const webserversPage = "../../../docs/webservers.md"

// webHost is a real nginx with a page behind a password, which hears its clients through a proxy, and gaol that reads
// nginx's log.
type webHost struct {
	*site
	proxy *httputil.ReverseProxy
}

// newWebHost sets up both as docs/webservers.md has it. realIP false leaves out what tells nginx its clients' addresses.
func newWebHost(t *testing.T, realIP bool) *webHost {
	actiontest.Need(t, "nginx")
	proxy := actiontest.NewSpace(t)
	actiontest.Connect(t, actiontest.Own(t), []string{webAddress + "/24"}, proxy, []string{proxyAddress + "/24"})

	s := newSite(t, "")
	if err := os.Chmod(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("192.0.2.80", proxyAddress, "/var/lib/gaol/nginx/", s.dir+"/deny/")
	server := here.Replace(actiontest.FromPage(t, webserversPage, "nginx", "set_real_ip_from"))
	if !realIP {
		server = regexp.MustCompile(`(?m)^(set_real_ip_from|real_ip_header).*$`).ReplaceAllString(server, "")
	}
	conf := filepath.Join(s.dir, "nginx.conf")
	s.append("page", "hello\n")
	s.append("users", "alice:{PLAIN}right\n")
	s.append("error.log", "")
	s.append("nginx.conf", fmt.Sprintf(`
daemon off; user root; pid %[1]s/pid; error_log %[1]s/error.log; worker_processes 1;
events {}
http {
	access_log off;
	server {
		listen %[2]s:80;
		root %[1]s;
		%[3]s
		location / { auth_basic "staff"; auth_basic_user_file %[1]s/users; try_files /page =404; }
	}
}
`, s.dir, webAddress, server))
	nginx := []string{"nginx", "-c", conf, "-e", filepath.Join(s.dir, "error.log")}
	jail := here.Replace(actiontest.FromPage(t, webserversPage, "toml", "[jail.nginx-http-auth]"))
	jail = strings.Replace(jail, `action = ["nginx"]`, fmt.Sprintf("logpath = [\"DIR/error.log\"]\naction = { name = \"nginx\", path = \"DIR/deny/web.conf\", reload = [\"%s\"] }",
		strings.Join(append(nginx, "-s", "reload"), `", "`)), 1)
	s.configure("[jail.sshd]\nenabled = false\n" + jail)

	running := exec.Command(nginx[0], nginx[1:]...)
	running.Stderr = os.Stderr
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = running.Process.Signal(syscall.SIGTERM)
		_ = running.Wait()
	})
	to := &url.URL{Scheme: "http", Host: webAddress + ":80"}
	return &webHost{site: s, proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.SetXForwarded()
		},
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
			err = proxy.Do(func() error {
				var d net.Dialer
				conn, err = d.DialContext(ctx, network, address)
				return err
			})
			return conn, err
		}},
	}}
}

// visit is a client's request, through the proxy.
func (h *webHost) visit(client, password string) int {
	r := httptest.NewRequest(http.MethodGet, "http://web/", nil)
	r.RemoteAddr = client + ":40000"
	r.SetBasicAuth("alice", password)
	w := httptest.NewRecorder()
	h.proxy.ServeHTTP(w, r.WithContext(h.t.Context()))
	return w.Code
}

func (h *webHost) waitVisit(client, password string, want int) {
	h.t.Helper()
	h.wait(fmt.Sprintf("%s gets %d", client, want), func() error {
		if got := h.visit(client, password); got != want {
			return fmt.Errorf("status %d", got)
		}
		return nil
	})
}

// TestNginxBehindAProxy goes all the way from a wrong password to the refusal of the client's next request, for which
// nginx has read its deny file again. All others come from the same address and are served.
func TestNginxBehindAProxy(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newWebHost(t, true)
	h.waitVisit("203.0.113.7", "right", http.StatusOK)
	h.start()
	for range 5 {
		if got := h.visit("203.0.113.7", "wrong"); got != http.StatusUnauthorized {
			t.Errorf("status %d", got)
		}
	}
	h.waitVisit("203.0.113.7", "right", http.StatusForbidden)
	if got := h.visit("203.0.113.8", "right"); got != http.StatusOK {
		t.Errorf("another client: status %d", got)
	}
	if all := h.banned(); len(all) != 1 || all[0].Prefix != "203.0.113.7" && all[0].Prefix != "203.0.113.7/32" {
		t.Errorf("banned: %+v", all)
	}
	if j := h.jail("nginx-http-auth"); len(j.Problems) > 0 || !j.Actions[0].Healthy {
		t.Errorf("got %+v", j)
	}
	if _, err := h.client.Unban(t.Context(), control.UnbanRequest{All: true}); err != nil {
		t.Fatal(err)
	}
	h.waitVisit("203.0.113.7", "right", http.StatusOK)
	h.stop()
}

// TestNginxThatDoesNotKnowItsClients logs the proxy's address for all of them. Nobody is banned, which is a problem that
// has a name, and everybody is served.
func TestNginxThatDoesNotKnowItsClients(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	h := newWebHost(t, false)
	h.waitVisit("203.0.113.7", "right", http.StatusOK)
	h.start()
	for range 10 {
		h.visit("203.0.113.7", "wrong")
	}
	h.waitProblem("nginx-http-auth", "lines accuse the trusted proxy 10.0.2.2: nobody is banned for them: let the address of the client be logged "+
		"that is behind it (nginx: real_ip_header, Apache: mod_remoteip)")
	h.wait("all lines are read", func() error {
		if s := h.jail("nginx-http-auth").Sources; len(s) != 1 || s[0].Matched < 10 {
			return fmt.Errorf("sources: %+v", s)
		}
		return nil
	})
	if all := h.banned(); len(all) > 0 {
		t.Errorf("banned: %+v", all)
	}
	for _, client := range []string{"203.0.113.7", "203.0.113.8"} {
		if got := h.visit(client, "right"); got != http.StatusOK {
			t.Errorf("%s: status %d", client, got)
		}
	}
	h.stop()
}
