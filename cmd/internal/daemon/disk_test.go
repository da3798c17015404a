package daemon_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
)

// disk is a small one of its own, which only who enters its mount namespace sees.
type disk struct {
	s *site
	// enter is a program with its arguments that runs another one there, path where that sees it.
	enter []string
	// root is where the disk is seen from here.
	root string
}

// newDisk mounts a disk of so many kB at the site's folder disk.
func newDisk(t *testing.T, s *site, size int) *disk {
	t.Helper()
	actiontest.Need(t, "unshare", "nsenter")
	path := filepath.Join(s.dir, "disk")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	holder := exec.Command("unshare", "-m", "sh", "-c", fmt.Sprintf("mount -t tmpfs -o size=%dk none %s && echo mounted && exec sleep infinity", size, path))
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "mounted\n" {
		t.Fatalf("mounting: %q, %v", line, err)
	}
	pid := fmt.Sprint(holder.Process.Pid)
	return &disk{s: s, enter: []string{"nsenter", "-m", "-t", pid, "--"}, root: filepath.Join("/proc", pid, "root", path)}
}

// fill leaves no room.
func (d *disk) fill() {
	d.s.t.Helper()
	f, err := os.Create(filepath.Join(d.root, "filler"))
	if err != nil {
		d.s.t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
}

func (d *disk) empty() {
	d.s.t.Helper()
	if err := os.Remove(filepath.Join(d.root, "filler")); err != nil {
		d.s.t.Fatal(err)
	}
}

// waitDiskIsFull makes the store write until it can no more, and the daemon says so.
func (s *site) waitDiskIsFull() {
	s.t.Helper()
	s.wait("the disk is shown to be full", func() error {
		s.append("app.log", failures(5, fmt.Sprintf("198.51.100.%d", time.Now().UnixMicro()%250)))
		if problems := s.status().Problems; !strings.Contains(strings.Join(problems, ""), "free some space") {
			return fmt.Errorf("problems: %q", problems)
		}
		return nil
	})
}

// TestFullDisk fills the disk that the store is on. The kernel must get its bans all the same, and the
// store all that has happened once there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nft")
	s := newSite(t, oneJail("app", "banaction = \"nftables\"\nbantime = \"1h\"")+"[store]\npath = \"DIR/disk/gaol.sqlite3\"\n")
	disk := newDisk(t, s, 1024)
	s.wrapper = disk.enter
	s.start()
	disk.fill()
	s.waitDiskIsFull()
	s.append("app.log", failures(5, "203.0.113.1")+failures(4, "203.0.113.2"))
	s.waitBanned("203.0.113.1")
	if text := s.metrics(); !strings.Contains(text, "gaol_problems{jail=\"\"} 1\n") {
		t.Errorf("metrics:\n%s", text)
	}
	if log := s.log(); !strings.Contains(log, "level=WARN msg=problem") || !strings.Contains(log, "free some space") {
		t.Errorf("log:\n%s", log)
	}

	disk.empty()
	s.waitWell("")
	if text := s.metrics(); !strings.Contains(text, "gaol_problems{jail=\"\"} 0\n") {
		t.Errorf("metrics:\n%s", text)
	}
	if log := s.log(); !strings.Contains(log, "problem solved") {
		t.Errorf("log:\n%s", log)
	}
	before := s.banned()
	s.kill()
	s.start()
	s.waitBanned("203.0.113.1")
	s.wait("all that was banned is so again", func() error {
		if got := len(s.banned()); got != len(before) {
			return fmt.Errorf("%d of %d are", got, len(before))
		}
		return nil
	})
	s.append("app.log", failures(1, "203.0.113.2"))
	s.waitBanned("203.0.113.2")
	s.stop()
}

// TestStartOnAFullDisk starts a daemon whose store has no room for a single page more. It must know all
// that it knew before, and store what happens once there is room.
func TestStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t, oneJail("app", "bantime = \"1h\"")+"[store]\npath = \"DIR/disk/gaol.sqlite3\"\n")
	disk := newDisk(t, s, 1024)
	s.wrapper = disk.enter
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", failures(5, "203.0.113.1")+failures(4, "203.0.113.2"))
	s.waitDecided("203.0.113.1")
	s.waitFailures("app", 4)
	s.stop()
	disk.fill()
	s.start("GAOL_TEST_OBSERVE=1")
	s.waitDecided("203.0.113.1")
	s.waitDiskIsFull()
	s.append("app.log", failures(1, "203.0.113.2")+failures(5, "203.0.113.3"))
	s.waitDecided("203.0.113.2")
	s.waitDecided("203.0.113.3")

	disk.empty()
	s.waitWell("")
	s.kill()
	s.start("GAOL_TEST_OBSERVE=1")
	for _, address := range []string{"203.0.113.1", "203.0.113.2", "203.0.113.3"} {
		s.waitDecided(address)
	}
}
