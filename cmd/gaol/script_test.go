package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gaol": main})
}

// TestScript runs the binary as a user types it.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup:               setUpScript,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"waitfor":    waitFor,
			"expand":     expand,
			"append":     appendLines,
			"exitstatus": exitStatusIs,
			"signal":     signalBackground,
		},
	})
}

// setUpScript keeps scripts away from this host's own gaol and its time zone.
func setUpScript(env *testscript.Env) error {
	conf := filepath.Join(env.WorkDir, "gaol.toml")
	if _, err := os.Stat(conf); os.IsNotExist(err) {
		if err := os.WriteFile(conf, nil, 0o600); err != nil {
			return err
		}
	}
	env.Setenv("GAOL_CONFIG", conf)
	env.Setenv("GAOL_SOCKET", filepath.Join(env.WorkDir, "gaol.sock"))
	env.Setenv("TZ", "UTC")
	var names []string
	for _, variable := range env.Vars {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	env.Values[variables{}] = names
	return nil
}

const (
	// patience is how long a script waits for a state before it fails.
	patience = 30 * time.Second
	// pollEvery is how often it looks.
	pollEvery = 20 * time.Millisecond
)

// waitFor is the script command
//
//	[!] waitfor [-stdout PATTERN] PROGRAM [ARG...]
//
// It runs the program again and again until it succeeds, and with -stdout until its
// output matches; with "!" until that is no longer so.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	var want *regexp.Regexp
	if len(args) > 2 && args[0] == "-stdout" {
		want, args = regexp.MustCompile(args[1]), args[2:]
	}
	if len(args) == 0 {
		ts.Fatalf("usage: waitfor [-stdout PATTERN] PROGRAM [ARG...]")
	}
	holds := func() bool {
		out, err := quietly(ts, args)
		return err == nil && (want == nil || want.Match(out))
	}
	deadline := time.Now().Add(patience)
	for holds() == neg && time.Now().Before(deadline) {
		time.Sleep(pollEvery)
	}
	// Once more, for the script to look at and the reader of a failure.
	_ = ts.Exec(args[0], args[1:]...)
	if time.Now().After(deadline) {
		ts.Fatalf("waited %v in vain", patience)
	}
}

// quietly runs a program as the script command exec does, but leaves no trace of it in
// the script's log.
func quietly(ts *testscript.TestScript, args []string) ([]byte, error) {
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range ts.Value(variables{}).([]string) {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	return cmd.Output()
}

// variables is the key of the names of a script's environment variables.
type variables struct{}

// expand is the script command
//
//	expand FILE...
//
// It puts the script's folder in place of $WORK in the files. Other dollar signs
// stay: patterns are full of them.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! expand")
	}
	for _, file := range args {
		text := strings.ReplaceAll(ts.ReadFile(file), "$WORK", ts.Getenv("WORK"))
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

// appendLines is the script command
//
//	append FILE LINE...
//
// It writes lines to the end of a file in one write, as a service does. NOW in a line
// is the present time with its zone.
func appendLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: append FILE LINE...")
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	now := time.Now().Format("2006-01-02T15:04:05.000-07:00")
	_, err = f.WriteString(strings.ReplaceAll(strings.Join(args[1:], "\n")+"\n", "NOW", now))
	ts.Check(err)
	ts.Check(f.Close())
}

// exitStatusIs is the script command
//
//	exitstatus NUMBER PROGRAM [ARG...]
//
// It runs the program and fails unless it ends with that status.
func exitStatusIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitstatus NUMBER PROGRAM [ARG...]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// signalBackground is the script command
//
//	signal {HUP | TERM}
//
// It sends a signal to all programs in the background; kill knows INT and KILL alone.
func signalBackground(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}
	if neg || len(args) != 1 || signals[args[0]] == nil {
		ts.Fatalf("usage: signal {HUP | TERM}")
	}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(signals[args[0]]))
	}
}
