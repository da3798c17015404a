package command_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/command"
	"gaol/jail"
)

func sh(script string) []string { return []string{"sh", "-ec", script} }

func newCommand(t *testing.T, opts command.Options) *command.Command {
	t.Helper()
	c, err := command.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestContract runs programs that keep one file a ban.
func TestContract(t *testing.T) {
	root := t.TempDir()
	file := func(jail, prefix string) string {
		return filepath.Join(root, jail, strings.ReplaceAll(prefix, "/", "_"))
	}
	jails := make(map[action.Action]string)
	name := `f="$ROOT/$GAOL_JAIL/${GAOL_PREFIX%/*}_${GAOL_PREFIX#*/}"; `
	actiontest.Test(t, actiontest.Suite{
		New: func(t *testing.T, jail string) action.Action {
			c := newCommand(t, command.Options{
				Jail:  jail,
				Start: sh(`mkdir -p "$ROOT/$GAOL_JAIL"`),
				Ban:   sh(name + `: > "$f"`),
				Unban: sh(name + `rm -f "$f"`),
				Stop:  sh(`rm -rf "$ROOT/$GAOL_JAIL"`),
				Env:   []string{"ROOT=" + root},
			})
			jails[c] = jail
			return c
		},
		Holds: func(t *testing.T, a action.Action, p netip.Prefix) bool {
			_, err := os.Stat(file(jails[a], p.String()))
			return err == nil
		},
		Many: 60,
		Clean: func(t *testing.T) {
			if left, _ := os.ReadDir(filepath.Join(root, "web")); len(left) > 0 {
				t.Errorf("%d files are left", len(left))
			}
		},
	})
}

// record returns programs that write their environment to a file, and a
// function that reads and empties it.
func record(t *testing.T) (argv []string, read func() []string) {
	path := filepath.Join(t.TempDir(), "env")
	argv = []string{"sh", "-c", `env -0 | tr '\n\0' '|\n' | grep '^GAOL' | sort >> "$0"`, path}
	return argv, func() []string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
}

func TestEnvironment(t *testing.T) {
	start := time.Unix(1767225600, 0)
	tests := []struct {
		name string
		ban  jail.Ban
		want []string
	}{
		{
			name: "an address",
			ban: jail.Ban{
				Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: start, End: start.Add(10 * time.Minute),
				Count: 2, Failures: 5, User: "root", Lines: []string{"first", "second"},
			},
			want: []string{
				"GAOL_ACTION=ban", "GAOL_BANTIME=600", "GAOL_COUNT=2", "GAOL_END=1767226200", "GAOL_FAILURES=5", "GAOL_FAMILY=inet4",
				"GAOL_ID=", "GAOL_IP=192.0.2.7", "GAOL_JAIL=web", "GAOL_LINES=first|second", "GAOL_PREFIX=192.0.2.7/32", "GAOL_START=1767225600", "GAOL_USER=root",
			},
		},
		{
			name: "a network, for ever",
			ban:  jail.Ban{Prefix: netip.MustParsePrefix("2001:db8:0:7::/64"), Start: start, Count: 1},
			want: []string{
				"GAOL_ACTION=ban", "GAOL_BANTIME=-1", "GAOL_COUNT=1", "GAOL_END=", "GAOL_FAILURES=0", "GAOL_FAMILY=inet6",
				"GAOL_ID=", "GAOL_IP=2001:db8:0:7::/64", "GAOL_JAIL=web", "GAOL_LINES=", "GAOL_PREFIX=2001:db8:0:7::/64", "GAOL_START=1767225600", "GAOL_USER=",
			},
		},
		{
			name: "an id, and text made to hurt",
			ban: jail.Ban{
				ID: "a\nGAOL_IP=127.0.0.1", Start: start, User: "$(reboot)\x00\x1b[2J;`id`", Lines: []string{"one\x00\x07two\xff", "'; rm -rf / #"},
			},
			want: []string{
				"GAOL_ACTION=ban", "GAOL_BANTIME=-1", "GAOL_COUNT=0", "GAOL_END=", "GAOL_FAILURES=0", "GAOL_FAMILY=",
				"GAOL_ID=a GAOL_IP=127.0.0.1", "GAOL_IP=", "GAOL_JAIL=web", "GAOL_LINES=one two\ufffd|'; rm -rf / #", "GAOL_PREFIX=", "GAOL_START=1767225600", "GAOL_USER=$(reboot) [2J;`id`",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			argv, read := record(t)
			c := newCommand(t, command.Options{Jail: "web", Ban: argv, Env: []string{"LC_ALL=C"}})
			if err := c.Ban(t.Context(), []jail.Ban{tt.ban}, start); err != nil {
				t.Fatal(err)
			}
			if got := read(); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestEnvironmentIsClean(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/run/systemd/notify")
	t.Setenv("HOME", "/root")
	path := filepath.Join(t.TempDir(), "env")
	c := newCommand(t, command.Options{Jail: "web", Start: []string{"sh", "-c", `env > "$0"; pwd >> "$0"`, path}, Env: []string{"TOKEN=x", "HOME=/nowhere"}})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"TOKEN=x\n", "HOME=/nowhere\n", "PATH=", "GAOL_ACTION=start\n", "GAOL_JAIL=web\n", "\n/\n"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(string(got), "NOTIFY_SOCKET") {
		t.Errorf("gaol's own environment is passed on:\n%s", got)
	}
}

func TestLinesAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "size")
	c := newCommand(t, command.Options{Ban: []string{"sh", "-c", `printf %s "$GAOL_LINES" | wc -c > "$0"; printf %s "$GAOL_LINES" | tail -c 4 >> "$0"`, path}})
	ban := jail.Ban{Prefix: netip.MustParsePrefix("192.0.2.7/32")}
	for range 1000 {
		ban.Lines = append(ban.Lines, strings.Repeat("\xff", 1000))
	}
	ban.Lines = append(ban.Lines, "last")
	if err := c.Ban(t.Context(), []jail.Ban{ban}, time.Now()); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	var size int
	var tail string
	if _, err := fmt.Sscan(string(got), &size, &tail); err != nil || size > 64<<10 || size < 60<<10 || tail != "last" {
		t.Errorf("GAOL_LINES has %d bytes and ends in %q", size, tail)
	}
}

func TestOneFailureStopsNobodyElse(t *testing.T) {
	done := filepath.Join(t.TempDir(), "done")
	c := newCommand(t, command.Options{
		Ban: []string{"sh", "-c", `[ "$GAOL_IP" = 192.0.2.2 ] && { echo some words; echo no such customer >&2; exit 3; }; echo "$GAOL_IP" >> "$0"`, done},
	})
	bans := []jail.Ban{actiontest.Ban("192.0.2.1", time.Hour), actiontest.Ban("192.0.2.2", time.Hour), actiontest.Ban("192.0.2.3", time.Hour)}
	err := c.Ban(t.Context(), bans, time.Now())
	failed, ok := errors.AsType[*action.FailedError](err)
	if !ok || len(failed.Bans) != 1 || failed.Bans[0].Target() != "192.0.2.2" {
		t.Fatalf("Ban: %v", err)
	}
	if want := "192.0.2.2: running sh: exit status 3: no such customer"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if got, _ := os.ReadFile(done); string(got) != "192.0.2.1\n192.0.2.3\n" {
		t.Errorf("done: %q", got)
	}
}

func TestTimeoutKillsTheGroup(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// Without blocking, it opens though nobody writes yet.
	end, err := os.OpenFile(fifo, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = end.Close() }()
	c := newCommand(t, command.Options{
		Start:   []string{"sh", "-c", `(echo started; exec sleep 100) > "$0" & sleep 100`, fifo},
		Timeout: time.Second,
	})
	err = c.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "killed after 1s") {
		t.Errorf("Start: %v", err)
	}
	// It ends when nobody has it open for writing any more.
	_ = end.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(end)
	if err != nil || string(got) != "started\n" {
		t.Errorf("the program's child: %q, %v", got, err)
	}
}

func TestBackgroundIsAllowed(t *testing.T) {
	c := newCommand(t, command.Options{Start: sh("sleep 3 &")})
	if err := c.Start(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestContextEndsPrograms(t *testing.T) {
	c := newCommand(t, command.Options{Ban: sh("exec sleep 100")})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := c.Ban(ctx, []jail.Ban{actiontest.Ban("192.0.2.1", 0), actiontest.Ban("192.0.2.2", 0)}, time.Now())
	failed, ok := errors.AsType[*action.FailedError](err)
	if !ok || len(failed.Bans) != 2 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ban: %v", err)
	}
}

func TestStopUnbans(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	tell := []string{"sh", "-c", `echo "$GAOL_ACTION $GAOL_IP" >> "$0"`, log}
	c := newCommand(t, command.Options{Ban: tell, Unban: tell, Stop: tell})
	one, two := actiontest.Ban("192.0.2.1", time.Hour), actiontest.Ban("192.0.2.2", time.Hour)
	if err := errors.Join(c.Ban(t.Context(), []jail.Ban{one, two}, time.Now()), c.Unban(t.Context(), []jail.Ban{one}), c.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	want := "ban 192.0.2.1\nban 192.0.2.2\nunban 192.0.2.1\nunban 192.0.2.2\nstop \n"
	if got, _ := os.ReadFile(log); string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		argv []string
		want string
	}{
		{"not in PATH", []string{"gaol-no-such-program"}, "give its full path"},
		{"no such file", []string{filepath.Join(dir, "none")}, "give its full path"},
		{"not executable", []string{script}, "make it executable"},
		{"fails in silence", []string{"false"}, "running false: exit status 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := newCommand(t, command.Options{Start: tt.argv}).Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, opts := range map[string]command.Options{
		"nothing to run":     {Name: "x"},
		"an empty program":   {Ban: []string{""}},
		"a negative timeout": {Ban: []string{"x"}, Timeout: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := command.New(opts); err == nil {
				t.Error("no error")
			}
		})
	}
}
