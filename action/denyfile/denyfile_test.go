package denyfile_test

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/denyfile"
	"gaol/jail"
)

func TestContract(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "by", "start")
	file := func(name string) string { return filepath.Join(folder, name+".conf") }
	write := func(t *testing.T, text string) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file("web"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	actiontest.Test(t, actiontest.Suite{
		New: func(t *testing.T, name string) action.Action {
			return newFile(t, denyfile.Options{Path: file(name), Format: denyfile.Deny})
		},
		Prefixes: true,
		Many:     50_000,
		Dirt: map[string]func(*testing.T){
			"bans of an earlier run": func(t *testing.T) { write(t, "deny 192.0.2.7/32;\n") },
			"half a line":            func(t *testing.T) { write(t, "deny 192.0.") },
			"a link to another file": func(t *testing.T) {
				_ = os.Remove(file("web"))
				if err := os.Symlink("/etc/hostname", file("web")); err != nil {
					t.Fatal(err)
				}
			},
		},
		Damage: map[string]func(*testing.T){
			"a file that is gone":     func(*testing.T) { _ = os.Remove(file("web")) },
			"a file that was emptied": func(t *testing.T) { write(t, "") },
		},
		Clean: func(t *testing.T) {
			for _, name := range []string{"web", "web6"} {
				if text, err := os.ReadFile(file(name)); name == "web" && err == nil && len(text) > 0 {
					t.Errorf("%s still holds %q", name, text)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(folder, ".gaol-*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		},
	})
}

func newFile(t *testing.T, opts denyfile.Options) *denyfile.File {
	t.Helper()
	f, err := denyfile.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFormats(t *testing.T) {
	for format, want := range map[denyfile.Format]string{
		denyfile.Deny:  "deny 9.9.9.0/24;\ndeny 192.0.2.7/32;\ndeny 2001:db8::/64;\n",
		denyfile.Geo:   "9.9.9.0/24 1;\n192.0.2.7/32 1;\n2001:db8::/64 1;\n",
		denyfile.Plain: "9.9.9.0/24\n192.0.2.7/32\n2001:db8::/64\n",
	} {
		t.Run(string(format), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "web")
			f := newFile(t, denyfile.Options{Path: path, Format: format})
			hostile := actiontest.Ban("9.9.9.0/24", time.Hour)
			hostile.User, hostile.Lines = "$(id);\n} deny all; {\"'", []string{"\x00\n;"}
			zoned := jail.Ban{Prefix: netip.PrefixFrom(netip.MustParseAddr("::ffff:192.0.2.7"), 128)}
			id := jail.Ban{ID: "x;\ndeny all;"}
			must(t, f.Start(t.Context()))
			must(t, f.Ban(t.Context(), []jail.Ban{actiontest.Ban("2001:db8::5/64", 0), hostile, zoned, id}, time.Now()))
			got, err := os.ReadFile(path)
			must(t, err)
			if string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if info, _ := os.Stat(path); info.Mode().Perm() != 0o644 {
				t.Errorf("mode %v", info.Mode())
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// counted is a Reloader with the number of times that its program ran so far.
func counted(t *testing.T, every time.Duration, script string) (*denyfile.Reloader, func() int) {
	log := filepath.Join(t.TempDir(), "runs")
	r, err := denyfile.NewReloader([]string{"/bin/sh", "-c", "echo >> " + log + "; " + script}, every, time.Minute)
	must(t, err)
	return r, func() int {
		text, _ := os.ReadFile(log)
		return strings.Count(string(text), "\n")
	}
}

func TestReloadsOnlyWhenSomethingChanged(t *testing.T) {
	r, runs := counted(t, 0, "")
	f := newFile(t, denyfile.Options{Path: filepath.Join(t.TempDir(), "web"), Format: denyfile.Deny, Server: r})
	ban := []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour)}
	step := func(doing string, err error, want int) {
		t.Helper()
		must(t, err)
		if runs() != want {
			t.Fatalf("after %s: %d reloads, want %d", doing, runs(), want)
		}
	}
	step("start", f.Start(t.Context()), 0)
	step("check", f.Check(t.Context()), 1) // the file is new
	step("ban", f.Ban(t.Context(), ban, time.Now()), 2)
	step("the same ban", f.Ban(t.Context(), ban, time.Now()), 2)
	step("check", f.Check(t.Context()), 2)
	step("unban", f.Unban(t.Context(), ban), 3)
	step("the same unban", f.Unban(t.Context(), ban), 3)
	step("ban", f.Ban(t.Context(), ban, time.Now()), 4)
	step("stop", f.Stop(t.Context()), 5)
}

func TestReloadsAreShared(t *testing.T) {
	const every = 300 * time.Millisecond
	r, runs := counted(t, every, "")
	must(t, r.Reload(t.Context()))
	began := time.Now()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := r.Reload(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took < every/2 || runs() > 1+int(took/every)+1 {
		t.Errorf("%d reloads in %s", runs(), took)
	}
}

func TestKeepsTheFileWhileReloadsFail(t *testing.T) {
	up := filepath.Join(t.TempDir(), "up")
	r, _ := counted(t, 0, "test -e "+up+" || { echo no such process >&2; exit 1; }")
	path := filepath.Join(t.TempDir(), "web")
	f := newFile(t, denyfile.Options{Path: path, Format: denyfile.Plain, Server: r})
	ban := []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour)}
	must(t, f.Start(t.Context()))
	for _, err := range []error{f.Ban(t.Context(), ban, time.Now()), f.Check(t.Context()), f.Start(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "no such process") {
			t.Errorf("got %v, want what the program said", err)
		}
		if text, _ := os.ReadFile(path); string(text) != "192.0.2.7/32\n" {
			t.Errorf("the file holds %q", text)
		}
	}
	must(t, os.WriteFile(up, nil, 0o600))
	must(t, f.Start(t.Context()))
	must(t, f.Ban(t.Context(), ban, time.Now()))
	must(t, f.Check(t.Context()))
}

// TestWritesBansWhileReloadsFail has bans made while the server is down, which are in the file when it comes up.
func TestWritesBansWhileReloadsFail(t *testing.T) {
	up := filepath.Join(t.TempDir(), "up")
	r, _ := counted(t, 0, "test -e "+up+" || { echo no such process >&2; exit 1; }")
	path := filepath.Join(t.TempDir(), "web")
	f := newFile(t, denyfile.Options{Path: path, Format: denyfile.Plain, Server: r})
	runner := action.NewRunner(action.RunnerOptions{Name: "web", Jail: "web", Action: f, CheckEvery: 20 * time.Millisecond, BatchSize: 1 << 30})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
	})
	until := func(what string, is func() bool) {
		t.Helper()
		for began := time.Now(); !is(); time.Sleep(5 * time.Millisecond) { // nobody tells
			if time.Since(began) > 2*time.Minute {
				t.Fatalf("not so after two minutes: %s", what)
			}
		}
	}
	holds := func(want string) func() bool {
		return func() bool {
			text, err := os.ReadFile(path)
			return err == nil && string(text) == want
		}
	}
	unhealthy := func() bool { return strings.Contains(runner.Status().Problem, "no such process") }
	until("it is a problem that nothing can be reloaded", unhealthy)
	runner.Ban([]jail.Ban{actiontest.Ban("192.0.2.7", time.Hour)})
	until("the ban is in the file", holds("192.0.2.7/32\n"))
	until("it is a problem still", unhealthy)
	runner.Ban([]jail.Ban{actiontest.Ban("192.0.2.8", time.Hour)})
	until("both are in the file", holds("192.0.2.7/32\n192.0.2.8/32\n"))
	must(t, os.WriteFile(up, nil, 0o600))
	until("it is healthy", func() bool { return runner.Status().Healthy })
	if !holds("192.0.2.7/32\n192.0.2.8/32\n")() {
		t.Error("the file has changed")
	}
}
