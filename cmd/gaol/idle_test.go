package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestIdleMemory runs the daemon with the stock sshd jail, and holds what it has for itself alone: pages of the program are
// the page cache's (see PERFORMANCE.md). It is a binary as users have it that is measured: the race detector would multiply its memory.
func TestIdleMemory(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "gaol")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	var log strings.Builder
	for i := range 400 {
		fmt.Fprintf(&log, "2026-03-10T21:%02d:%02d.000000+00:00 server sshd[%d]: Failed password for root from 192.0.2.%d port 4000 ssh2\n",
			i/60, i%60, 1000+i, i%200+1)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := write("gaol.toml", fmt.Sprintf("[jail.sshd]\nenabled = true\nlogpath = [%q]\n[store]\npath = %q\n",
		write("auth.log", log.String()), filepath.Join(dir, "gaol.sqlite3")))
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	daemon := exec.Command(binary, "run", "--observe", "-c", conf, "--socket", filepath.Join(dir, "gaol.sock"))
	// With these it would not do for its memory what it does for users.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GOGC=") && !strings.HasPrefix(v, "GODEBUG=") && !strings.HasPrefix(v, "GOMEMLIMIT=") {
			daemon.Env = append(daemon.Env, v)
		}
	}
	daemon.Stderr = said
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = daemon.Process.Signal(syscall.SIGINT)
		if err := daemon.Wait(); err != nil {
			text, _ := os.ReadFile(said.Name())
			t.Errorf("%v\n%s", err, text)
		}
	}()
	// It gives back what its start has needed soon after it.
	const most = 9_000_000
	anonymous := 0
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		text, _ := os.ReadFile(said.Name())
		if !strings.Contains(string(text), "msg=started") {
			continue
		}
		if anonymous = ownMemory(t, daemon.Process.Pid); anonymous < most {
			break
		}
	}
	if anonymous == 0 || anonymous >= most {
		t.Errorf("%d bytes of its own, want less than %d", anonymous, most)
	}
	t.Logf("%d bytes of its own", anonymous)
}

// ownMemory is what a process has in memory that is no file's, in bytes (proc_pid_status(5), RssAnon).
func ownMemory(t *testing.T, pid int) (size int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	if _, err := fmt.Sscan(rest, &size); err != nil {
		t.Fatal(err)
	}
	return size * 1024
}
