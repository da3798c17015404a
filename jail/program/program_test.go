package program_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gaol/jail/program"
)

func TestRun(t *testing.T) {
	t.Setenv("GAOL_TEST_SECRET", "x")
	for _, tt := range []struct {
		name, script string
		want         string
		status       int    // of the program, 0 for none
		mistaken     string // what the error says
	}{
		{name: "what it prints", script: "echo 192.0.2.1", want: "192.0.2.1\n"},
		{name: "what it is told", script: `echo "$GAOL_IP $GAOL_TEST_SECRET"`, want: "192.0.2.7 \n"},
		{name: "its status", script: "exit 1", status: 1, mistaken: "exit status 1"},
		{name: "its last words", script: "echo first >&2; echo 'a\033[2J' >&2; exit 3", status: 3, mistaken: `exit status 3: "a\x1b[2J"`},
		{name: "too much", script: "exec yes", mistaken: "it printed more than 1 KiB"},
		{name: "what it leaves running", script: "sleep 60 & echo x", want: "x\n"},
		{name: "a signal", script: "kill -9 $$", status: -1, mistaken: "signal: killed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := program.Run(t.Context(), []string{"/bin/sh", "-c", tt.script}, []string{"GAOL_IP=192.0.2.7"}, 1<<10)
			if got != tt.want || (err != nil) != (tt.mistaken != "") || err != nil && !strings.Contains(err.Error(), tt.mistaken) {
				t.Errorf("got %q, %v", got, err)
			}
			if exit, ok := errors.AsType[*exec.ExitError](err); ok != (tt.status != 0) || ok && exit.ExitCode() != tt.status {
				t.Errorf("got status %v, want %d", exit, tt.status)
			}
		})
	}
}

// TestRunEndsTheGroup waits for no child of a script that is cut short.
func TestRunEndsTheGroup(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("enough"))
	defer cancel()
	began := time.Now()
	_, err := program.Run(ctx, []string{"/bin/sh", "-c", "sleep 60; true"}, nil, 1<<10)
	if err == nil || err.Error() != "enough" || time.Since(began) > 5*time.Second {
		t.Errorf("got %v after %v", err, time.Since(began))
	}
}
