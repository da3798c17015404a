package denyfile_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/action/denyfile"
	"gaol/jail"
)

// TestNginx bans clients of a real nginx that learns their addresses from a proxy. It listens on a
// Unix socket, so that nothing reaches a network.
func TestNginx(t *testing.T) {
	actiontest.Need(t, "nginx")
	for _, format := range []denyfile.Format{denyfile.Deny, denyfile.Geo} {
		t.Run(string(format), func(t *testing.T) {
			folder, err := os.MkdirTemp("", "gaol") // the path of a socket has to be short
			must(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(folder) })
			must(t, os.Chmod(folder, 0o755))
			lists, geo := folder+"/deny", ""
			here := strings.NewReplacer("192.0.2.80", "unix:", "/var/lib/gaol/nginx/nginx-http-auth.conf", lists+"/web.conf", "/var/lib/gaol/nginx", lists)
			block := here.Replace(actiontest.FromPage(t, page, "nginx", "set_real_ip_from"))
			if format == denyfile.Geo {
				include := "include " + lists + "/*.conf;"
				block = strings.Replace(block, include, actiontest.FromPage(t, page, "nginx", "if ($gaol_banned)"), 1)
				geo = here.Replace(actiontest.FromPage(t, page, "nginx", "geo $gaol_banned"))
			}
			conf := filepath.Join(folder, "nginx.conf")
			must(t, os.WriteFile(conf, []byte(fmt.Sprintf(`
daemon off; pid %[1]s/pid; error_log %[1]s/error.log; worker_processes 1;
events {}
http {
	access_log off;
	%[2]s
	server {
		listen unix:%[1]s/http;
		root %[1]s;
		%[3]s
		location = /hello { try_files /nginx.conf =404; }
	}
}
`, folder, geo, block)), 0o644))
			r, err := denyfile.NewReloader([]string{"nginx", "-c", conf, "-s", "reload"}, 10*time.Millisecond, time.Minute)
			must(t, err)
			f := newFile(t, denyfile.Options{Path: lists + "/web.conf", Format: format, Server: r})
			must(t, f.Start(t.Context()))
			server := exec.Command("nginx", "-c", conf)
			server.Stderr = os.Stderr
			must(t, server.Start())
			t.Cleanup(func() {
				_ = exec.Command("nginx", "-c", conf, "-s", "stop").Run()
				_ = server.Wait()
			})
			answers(t, folder, "192.0.2.7", http.StatusOK)
			bans := []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour), actiontest.Ban("2001:db8::/64", time.Hour)}
			must(t, f.Ban(t.Context(), bans, time.Now()))
			answers(t, folder, "192.0.2.7", http.StatusForbidden)
			answers(t, folder, "2001:db8::1", http.StatusForbidden)
			answers(t, folder, "192.0.2.8", http.StatusOK)
			must(t, f.Unban(t.Context(), bans[:1]))
			answers(t, folder, "192.0.2.7", http.StatusOK)
			answers(t, folder, "2001:db8::1", http.StatusForbidden)
			must(t, f.Stop(t.Context()))
			answers(t, folder, "2001:db8::1", http.StatusOK)
		})
	}
}

// answers waits until nginx answers a client with a status: a reload goes on after the program that
// asks for it has ended.
func answers(t *testing.T, folder, client string, want int) {
	t.Helper()
	browser := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", folder+"/http")
		},
	}}
	began := time.Now()
	for {
		got := 0
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://web/hello", nil)
		must(t, err)
		request.Header.Set("X-Forwarded-For", client)
		answer, err := browser.Do(request)
		if err == nil {
			got = answer.StatusCode
			_ = answer.Body.Close()
		}
		if got == want {
			t.Logf("%s: %d after %s", client, got, time.Since(began))
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("%s: status %d (%v), want %d", client, got, err, want)
		}
		time.Sleep(5 * time.Millisecond) // nginx tells nobody
	}
}
