package source_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/jail/source"
)

// What cannot be followed is a problem with advice, and is followed as soon as it
// can be; meanwhile another file is.
func TestProblemsAreTemporary(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		make    func(t *testing.T, path string)
		problem string
	}{
		{"file of the kernel", func(t *testing.T, path string) { os.Symlink("/proc/version", path) }, "a file of the kernel, not a log: name the log file itself"},
		{"directory", func(t *testing.T, path string) { os.Mkdir(path, 0o755) }, "not a regular file: name the log file itself"},
		{"pipe", mkfifo, "not a regular file"},
		{"device", func(t *testing.T, path string) {
			if err := os.Symlink("/dev/zero", path); err != nil {
				t.Fatal(err)
			}
		}, "not a regular file"},
		{"link to itself", func(t *testing.T, path string) {
			if err := os.Symlink(path, path); err != nil {
				t.Fatal(err)
			}
		}, "the symbolic link leads back to itself"},
		{"link to nothing", func(t *testing.T, path string) {
			if err := os.Symlink(path+".not", path); err != nil {
				t.Fatal(err)
			}
		}, "the symbolic link leads to no file"},
		{"nothing", func(t *testing.T, path string) {}, "no file matches"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			log, other := filepath.Join(dir, "x.log"), filepath.Join(dir, "other.log")
			tt.make(t, log)
			write(t, other, "")
			f := run(t, options(log, other))
			f.untilStatus("the problem", hasProblem(tt.problem))
			f.ready(other)
			write(t, other, "1\n")
			f.expect("1")
			os.Remove(log)
			write(t, log+".new", "2\n")
			rename(t, log+".new", log)
			f.until("a line of it, or its position", func() bool { return len(f.positions) == 2 })
			write(t, log, "3\n")
			f.until("the line", func() bool { return f.lines[len(f.lines)-1] == "3" })
			f.untilStatus("no problem", func(all []source.Status) bool { return all[0].Problem == "" && all[1].Problem == "" })
		})
	}
}

// asNobody is set in the environment of a copy of this test that runs without
// root's rights.
const asNobody = "GAOL_TEST_AS_NOBODY"

func TestPermissionDenied(t *testing.T) {
	if os.Getenv(asNobody) == "" && os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "x.log")
	hidden := filepath.Join(dir, "hidden")
	write(t, log, "before\n")
	if err := os.Chmod(log, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(hidden, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(hidden, "y.log"), "before\n")
	if err := os.Chmod(hidden, 0); err != nil {
		t.Fatal(err)
	}
	f := run(t, options(log, filepath.Join(hidden, "y.log"), filepath.Join(hidden, "*.log")))
	f.untilStatus("three problems", func(all []source.Status) bool {
		for _, s := range all {
			if !strings.Contains(s.Problem, "permission denied: run gaol as root, or let its user read it") {
				return false
			}
		}
		return len(all) == 3
	})
	os.Chmod(log, 0o600)
	os.Chmod(hidden, 0o700)
	f.ready(log, filepath.Join(hidden, "y.log"))
	write(t, log, "1\n")
	f.expect("1") // it had been there from the start, and begins at its end
	write(t, filepath.Join(hidden, "y.log"), "2\n")
	f.expect("1", "2")
}

// TestDirectoryThatCannotBeWatched has one that may be entered but not listed.
func TestDirectoryThatCannotBeWatched(t *testing.T) {
	if os.Getenv(asNobody) == "" && os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.Mkdir(path("open"), 0o755), os.Mkdir(path("blind"), 0o755)); err != nil {
		t.Fatal(err)
	}
	write(t, path("open/a.log"), "")
	write(t, path("blind/b.log"), "")
	write(t, path("blind/real.log"), "")
	if err := os.Symlink(path("blind/real.log"), path("open/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path("blind"), 0o311); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(path("blind"), 0o700)
	o := options(path("open/a.log"), path("open/*.log"), path("open/link"), path("blind/b.log"), path("blind/no.log"), path("*/*.log"))
	o.Rescan = 10 * time.Millisecond
	f := run(t, o)
	f.ready(path("open/a.log"), path("open/link"), path("blind/b.log"))
	problem := "watching " + path("blind") + ": using inotify: permission denied"
	want := map[string]string{
		path("open/a.log"):   "",
		path("open/link"):    problem,
		path("blind/b.log"):  problem,
		path("blind/no.log"): "no file matches; " + problem,
		path("*/*.log"):      problem,
	}
	f.untilStatus("the problem of one directory", func(all []source.Status) bool {
		got := map[string]string{}
		for _, s := range all {
			got[s.Path] = s.Problem
		}
		return maps.Equal(got, want) && len(all) == len(want)
	})
	if err := os.Chmod(path("blind"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.untilStatus("no problem", func(all []source.Status) bool {
		return !slices.ContainsFunc(all, func(s source.Status) bool { return strings.Contains(s.Problem, "watching") })
	})
}

// runAsNobody runs the calling test again as an unprivileged user.
func runAsNobody(t *testing.T) {
	const nobody = 65534
	dir, err := os.MkdirTemp("", "gaol-nobody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program := filepath.Join(dir, "source.test")
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	copied, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(copied, self); err != nil {
		t.Fatal(err)
	}
	copied.Close()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(filepath.Join(dir, "tmp"), 0o777), os.Chown(filepath.Join(dir, "tmp"), nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asNobody+"=1", "TMPDIR="+filepath.Join(dir, "tmp"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("as nobody: %v\n%s", err, out)
	}
}

func TestInotifyExhausted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "x.log")
	write(t, log, "")
	var isThere atomic.Bool
	var ahead atomic.Int64
	o := options(log)
	o.Rescan = 20 * time.Millisecond
	o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	o.Inotify = func() error {
		if isThere.Load() {
			return nil
		}
		return fmt.Errorf("inotify_init1: %w", unix.EMFILE)
	}
	f := run(t, o)
	f.ready(log)
	f.untilStatus("the problem", hasProblem("raise the sysctl fs.inotify.max_user_instances"))
	write(t, log, "1\n")
	f.expect("1")
	rename(t, log, log+".1")
	write(t, log, "2\n")
	f.expect("1", "2")
	os.Truncate(log, 0)
	write(t, log, "three\n")
	f.expect("1", "2", "three")

	isThere.Store(true)
	ahead.Store(int64(time.Minute))
	f.untilStatus("no problem", func(all []source.Status) bool { return all[0].Problem == "" })
	write(t, log, "4\n")
	f.expect("1", "2", "three", "4")
}

func TestBackPressure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "x.log")
	write(t, log, "")
	gate := newGate()
	f := runHolding(t, options(log), gate.hold)
	f.ready(log)
	gate.close()
	var want []string
	for i := range 5 {
		line := fmt.Sprint("line ", i)
		write(t, log, line+"\n")
		want = append(want, line)
		// The new file is held on to, though nobody can read it yet.
		f.untilStatus("the unread bytes", func(all []source.Status) bool {
			return all[0].Unread == int64(len(line)+1)*int64(i+1) && all[0].Lag > 0
		})
		rename(t, log, log+".1")
		os.Remove(log + ".1") // only who has it open by now can read it
	}
	gate.open()
	f.expect(want...)
	f.untilCaughtUp()
}
