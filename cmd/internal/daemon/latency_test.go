package daemon_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
)

// TestLatency measures, for GAOL_LATENCY_BANS bans, from the writing of a line to the moment in which the kernel
// holds the ban: of the daemon with each firewall, and of fail2ban for at most 100 of them, as it takes about
// a second for each. Each waits for the one before, and for a random time of up to a second for fail2ban, so as not to meet
// its clock always at the same point.
func TestLatency(t *testing.T) {
	n := measured(t, "GAOL_LATENCY_BANS")
	if !actiontest.Isolate(t) {
		return
	}
	for _, c := range contestants {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, oneJail("app", fmt.Sprintf("maxretry = 1\nbantime = \"1h\"\nbanaction = %q", c.banaction)))
			s.start(c.environment(t)...)
			defer s.stop()
			logLatencies(t, c, filepath.Join(s.dir, "app.log"), n, 5*time.Millisecond)
		})
	}
	for _, c := range []contestant{
		{name: "fail2ban, iptables-ipset", banaction: "iptables-ipset", holds: inIPSet("f2b-app")},
		{name: "fail2ban, nftables-multiport", banaction: "nftables-multiport", holds: inNFTSet("f2b-table", "addr-set-app")},
	} {
		t.Run(c.name, func(t *testing.T) {
			actiontest.Need(t, "fail2ban-server", "fail2ban-client")
			logLatencies(t, c, startFail2ban(t, c.banaction), min(n, 100), time.Second)
		})
	}
}

func logLatencies(t *testing.T, c contestant, log string, n int, pause time.Duration) {
	t.Helper()
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var took []time.Duration
	for i := range n + 1 {
		time.Sleep(rand.N(pause))
		address := netip.AddrFrom4([4]byte{100, 64 + byte(i>>16), byte(i >> 8), byte(i)})
		line := failures(1, address.String())
		began := time.Now()
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		for !c.holds(t, address) {
			if time.Since(began) > 20*time.Second {
				t.Fatalf("%s is not banned after 20 seconds", address)
			}
			time.Sleep(50 * time.Microsecond) // the kernel tells nobody
		}
		if i > 0 { // the first may have to make sets
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	at := func(percent int) float64 { return float64(took[(len(took)-1)*percent/100].Microseconds()) / 1000 }
	t.Logf("%s: %d bans, ms: p50 %.2f, p99 %.2f, most %.2f", c.name, n, at(50), at(99), at(100))
}

// startFail2ban starts the fail2ban of this machine with a configuration of its own, beside which only what is installed with it is
// used, and returns the log that its one jail reads.
func startFail2ban(t *testing.T, banaction string) (log string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("/etc/fail2ban")); err != nil {
		t.Fatal(err)
	}
	log = filepath.Join(dir, "app.log")
	for name, text := range map[string]string{
		"app.log":                "",
		"fail2ban.local":         "[DEFAULT]\ndbfile = None\n",
		"filter.d/measured.conf": "[Definition]\nfailregex = ERROR Login failure <HOST>$\n",
		"jail.local": strings.Join([]string{"[app]", "enabled = true", "filter = measured", "logpath = " + log, "backend = auto",
			"maxretry = 1", "bantime = 1h", "port = 80", "banaction = " + banaction, ""}, "\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Debian's own jails have no logs here.
	if err := os.RemoveAll(filepath.Join(dir, "jail.d")); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "socket")
	server := exec.Command("fail2ban-server", "-c", dir, "-s", socket, "-p", filepath.Join(dir, "pid"),
		"--logtarget", filepath.Join(dir, "fail2ban.log"), "-f")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	deadline := time.Now().Add(20 * time.Second)
	for exec.Command("fail2ban-client", "-c", dir, "-s", socket, "status", "app").Run() != nil {
		if time.Now().After(deadline) {
			t.Fatal("fail2ban does not start")
		}
		time.Sleep(100 * time.Millisecond)
	}
	return log
}
