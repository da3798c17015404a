// Package program runs a program of the user's that says who is ignored: as it is, without a
// shell, within bounds of time and output.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// Wait is how long a program may run.
	Wait = 10 * time.Second
	// maxComplaint is how much of what it writes to its standard error is looked at.
	maxComplaint = 4 << 10
	// grace is how long what it has left running may hold its output open.
	grace = time.Second
)

// Run runs the program argv to its end and returns what it printed: limit bytes at most, or it is ended at
// once. Its environment is PATH, HOME and LANG of gaol's own, and env. Its exit status is in the error,
// an [*exec.ExitError]. It blocks until the program has ended, Wait is over, or ctx ends.
func Run(ctx context.Context, argv, env []string, limit int) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Wait, fmt.Errorf("it was ended after %s", Wait))
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(environment(), env...)
	cmd.Dir = "/"
	// The group, because a script that is killed leaves what it started behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = grace
	out := bounded{limit: limit, full: func() { stop(fmt.Errorf("it printed more than %d KiB", limit>>10)) }}
	complaint := bounded{limit: maxComplaint}
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success():
		return out.text.String(), nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case complaint.lastLine() != "":
		return "", fmt.Errorf("%w: %q", err, complaint.lastLine())
	}
	return "", err
}

// environment are the variables of gaol's own environment that programs see.
func environment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// bounded keeps the first limit bytes written to it and takes all; full, if set, is called once there are
// more.
type bounded struct {
	text  bytes.Buffer
	limit int
	full  func()
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	rest := b.limit - b.text.Len()
	b.text.Write(p[:min(len(p), rest)])
	if len(p) > rest && b.full != nil {
		b.full()
	}
	return len(p), nil
}

// lastLine is where most programs say why they failed.
func (b *bounded) lastLine() string {
	text := strings.TrimSpace(b.text.String())
	return text[strings.LastIndexByte(text, '\n')+1:]
}
