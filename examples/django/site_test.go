package django_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// site is the example as run.sh sets it up, in a folder of the test's own.
type site struct {
	dir string
	in  namespace
}

// startSite runs it until the test ends. The lines of environment are for run.sh; allow is the
// allow-list, "" for the one that comes along.
func startSite(t *testing.T, in namespace, allow string, environment ...string) site {
	t.Helper()
	s := site{dir: t.TempDir(), in: in}
	// Django is another user, and has to get there.
	for _, dir := range []string{s.dir, filepath.Dir(s.dir)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if allow != "" {
		writeFile(t, s.path("admin-allow.txt"), allow)
	}
	cmd := in.command("./run.sh", s.dir)
	cmd.Env = append(os.Environ(), "LISTEN=0.0.0.0:80 [::]:80", "ADMIN_PASSWORD=right")
	cmd.Env = append(cmd.Env, environment...)
	ended := background(t, cmd, s.path("run.out"))
	waitFor(t, "the site", ended, func() bool { return in.browse(t, "get", "http://127.0.0.1/") == "200" })
	return s
}

func (s site) path(name string) string { return filepath.Join(s.dir, name) }

// gaol is a running one.
type gaol struct {
	program, config, socket string
	in                      namespace
}

// startGaol builds gaol and runs it with the example's configuration, for that site.
func startGaol(t *testing.T, s site) gaol {
	t.Helper()
	dir := t.TempDir()
	g := gaol{program: buildGaol(t), config: filepath.Join(dir, "gaol.toml"), socket: filepath.Join(dir, "gaol.sock"), in: s.in}
	config, err := os.ReadFile("gaol.toml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(config), "/srv/example", s.dir) +
		"\n[jail.sshd]\nenabled = false\n[store]\npath = '" + filepath.Join(dir, "gaol.sqlite3") + "'\n"
	writeFile(t, g.config, text)
	run := g.in.command(g.program, "run", "-c", g.config, "--socket", g.socket)
	ended := background(t, run, filepath.Join(dir, "gaol.out"))
	waitFor(t, "gaol", ended, func() bool { _, err := g.try("banned"); return err == nil })
	return g
}

// buildGaol returns the program's path.
func buildGaol(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gaol")
	build := exec.Command("go", "build", "-o", program, "./cmd/gaol")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building gaol: %v\n%s", err, out)
	}
	return program
}

// ban is what the test looks at of "gaol banned --json" and "gaol unban --json".
type ban struct {
	Jail, Prefix string
	Enforced     bool
}

// try asks the running gaol.
func (g gaol) try(args ...string) ([]byte, error) {
	args = append([]string{g.program, args[0], "--json", "-c", g.config, "--socket", g.socket}, args[1:]...)
	return g.in.command(args...).Output()
}

func (g gaol) banned(t *testing.T) []ban {
	t.Helper()
	out, status := g.try("banned") // which also says whether there are any
	var bans []ban
	if err := json.Unmarshal(out, &bans); err != nil {
		t.Fatalf("gaol banned --json: %v\n%s%s", err, out, told(status))
	}
	return bans
}

func (g gaol) unban(t *testing.T, address string) []ban {
	t.Helper()
	out, err := g.try("unban", address)
	var answer struct{ Unbanned []ban }
	if err != nil {
		t.Fatalf("gaol unban %s: %v\n%s%s", address, err, out, told(err))
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("gaol unban --json: %v\n%s", err, out)
	}
	return answer.Unbanned
}

// told is what a program that failed wrote to its standard error.
func told(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(exit.Stderr)
	}
	return ""
}

// background runs a program until the test ends, and shows what it wrote if
// the test has failed. The channel is closed when the program ends.
func background(t *testing.T, cmd *exec.Cmd, output string) (ended <-chan struct{}) {
	t.Helper()
	out, err := os.Create(output)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		cmd.Wait() // however it ends
		close(over)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-over
		out.Close()
		if text, err := os.ReadFile(output); err == nil && t.Failed() {
			t.Logf("%s wrote:\n%s", strings.Join(cmd.Args, " "), text)
		}
	})
	return over
}

// waitFor asks until the answer is yes, or the program that is to bring it about has
// ended (nil: none can end).
func waitFor(t *testing.T, what string, ended <-chan struct{}, ready func() bool) {
	t.Helper()
	deadline := time.After(3 * time.Minute)
	for !ready() {
		select {
		case <-deadline:
			t.Fatalf("gave up waiting for %s", what)
		case <-ended:
			t.Fatalf("%s has ended", what)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
