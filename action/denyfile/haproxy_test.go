package denyfile_test

import (
	"bufio"
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

// TestHAProxy bans clients of a real haproxy that learns their addresses from a proxy before it. It listens on a Unix
// socket, so that nothing reaches a network. A master that is sent SIGUSR2 reloads (haproxy's management guide, 4).
func TestHAProxy(t *testing.T) {
	actiontest.Need(t, "haproxy")
	folder, err := os.MkdirTemp("", "gaol") // the path of a socket has to be short
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	list, conf, pid := folder+"/web.acl", filepath.Join(folder, "haproxy.cfg"), filepath.Join(folder, "pid")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, `
defaults
	mode http
	timeout client 5s
	timeout connect 5s
	timeout server 5s
frontend web
	bind unix@%s/http
	http-request set-src hdr(x-forwarded-for)
	http-request deny if { src -f %s }
	http-request return status 200
`, folder, list), 0o644))
	// A second signal while the master begins anew would end it, so that the program waits for its new worker. One that
	// comes before it heeds signals again is lost, so that it is sent once more after a long while.
	reload := []string{"/bin/sh", "-c", `master=$(cat "$0"); before=$(pgrep -n -P "$master")
for i in $(seq 400); do
	[ $((i % 100)) = 1 ] && kill -USR2 "$master"
	now=$(pgrep -n -P "$master") && [ "$now" != "$before" ] && exit 0
	sleep 0.05
done
echo "no new worker" >&2; exit 1`, pid}
	r, err := denyfile.NewReloader(reload, 10*time.Millisecond, time.Minute)
	must(t, err)
	f := newFile(t, denyfile.Options{Path: list, Format: denyfile.Plain, Server: r})
	// It could not be started without the file, and there is nobody to reload yet.
	must(t, os.WriteFile(list, nil, 0o644))
	server := exec.Command("haproxy", "-W", "-f", conf, "-p", pid, "-S", folder+"/master")
	server.Stderr = os.Stderr
	must(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	waitForMaster(t, folder+"/master")
	answers(t, folder, "192.0.2.7", http.StatusOK)
	must(t, f.Start(t.Context()))
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
}

// waitForMaster waits until haproxy's master answers over its socket, after which it may be sent signals.
func waitForMaster(t *testing.T, socket string) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(10 * time.Millisecond) { // it tells nobody
		conn, err := net.Dial("unix", socket)
		if err != nil {
			continue
		}
		_ = conn.SetDeadline(began.Add(30 * time.Second))
		_, err = conn.Write([]byte("show proc\n"))
		for lines := bufio.NewScanner(conn); err == nil && lines.Scan(); {
			if strings.Contains(lines.Text(), "worker") {
				_ = conn.Close()
				return
			}
		}
		_ = conn.Close()
	}
	t.Fatal("haproxy did not start within thirty seconds")
}
