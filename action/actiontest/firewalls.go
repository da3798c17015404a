package actiontest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// StartFirewalld runs firewalld with a bus of its own, in the namespace of the test, and returns a function that runs
// firewall-cmd. backend is "nftables" or "iptables". A command that fails is tried again, and fails the test where
// it measures, see Rounds.
func StartFirewalld(t *testing.T, backend string) (command func(t *testing.T, args ...string)) {
	t.Helper()
	Need(t, "firewalld", "firewall-cmd", "dbus-daemon")
	dir := t.TempDir()
	config := filepath.Join(dir, "firewalld")
	if err := os.Mkdir(config, 0o755); err != nil {
		t.Fatal(err)
	}
	// It must not unload modules, which are the whole machine's.
	text := "DefaultZone=public\nCleanupModulesOnExit=no\nFirewallBackend=" + backend + "\n"
	if err := os.WriteFile(filepath.Join(config, "firewalld.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "bus")
	env := append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+socket)
	start := func(name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.Env = env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
	start("dbus-daemon", "--config-file=/usr/share/dbus-1/session.conf", "--address=unix:path="+socket, "--nofork", "--nopidfile")
	run := func(args ...string) (string, error) {
		cmd := exec.Command("firewall-cmd", args...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	until := time.Now().Add(20 * time.Second)
	for {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal("dbus-daemon does not start")
		}
		time.Sleep(20 * time.Millisecond)
	}
	start("firewalld", "--nofork", "--nopid", "--system-config", config)
	for {
		out, err := run("--state")
		if err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("firewalld does not start: %s", out)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return func(t *testing.T, args ...string) {
		t.Helper()
		var out string
		var err error
		for range 3 {
			if out, err = run(args...); err == nil {
				return
			}
			// Its iptables backend gives up now and then where others change rules at the same time.
			report := t.Logf
			if _, measured := Rounds(); measured {
				report = t.Errorf
			}
			report("firewall-cmd %s: %v: %s", strings.Join(args, " "), err, out)
		}
		t.Fatalf("firewall-cmd %s failed three times", strings.Join(args, " "))
	}
}

// UFW returns a function that runs ufw with a copy of the host's configuration.
func UFW(t *testing.T) (command func(t *testing.T, args ...string)) {
	t.Helper()
	Need(t, "ufw", "unshare")
	dir := t.TempDir()
	for _, from := range []string{"/etc/ufw", "/etc/default"} {
		if err := os.CopyFS(filepath.Join(dir, filepath.Base(from)), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	const script = `mount --make-rprivate / && mount --bind "$0/ufw" /etc/ufw && mount --bind "$0/default" /etc/default && ` +
		`mount -t tmpfs none /run && exec ufw "$@"`
	return func(t *testing.T, args ...string) {
		t.Helper()
		out, err := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, dir}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("ufw %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
}
