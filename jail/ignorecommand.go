package jail

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
	// maxAnswer bounds what a program or web server may send, in bytes.
	maxAnswer = 8 << 20
	// maxComplaint is how much of what a program writes to its standard error is looked at.
	maxComplaint = 4 << 10
	// commandGrace is how long what a program has left running may hold its output open.
	commandGrace = time.Second
)

// ignoreCommand is a program that prints a list. It is executed as it is, without a shell, and told
// nothing: whom it names must not depend on what a stranger has sent.
type ignoreCommand struct {
	argv  []string
	every time.Duration
}

// ask implements origin.
func (c ignoreCommand) ask(ctx context.Context) (answer, error) {
	text, err := c.run(ctx)
	if err == nil {
		var a answer
		a.prefixes, err = parseAnswer(text)
		if a.holds = c.every; err == nil {
			return a, nil
		}
	}
	return answer{}, fmt.Errorf("running %s: %w", c.argv[0], err)
}

// run returns what the program printed. One that prints too much is ended at once.
func (c ignoreCommand) run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = commandEnv()
	cmd.Dir = "/"
	// The group, because a script that is killed leaves what it started behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = commandGrace
	out := bounded{limit: maxAnswer, full: func() { cancel(tooLong(maxAnswer)) }}
	complaint := bounded{limit: maxComplaint}
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success():
		return out.text.String(), nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("it was ended after %s", listWait)
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case complaint.lastLine() != "":
		return "", fmt.Errorf("%w: %q", err, complaint.lastLine())
	}
	return "", err
}

// commandEnv are the variables of gaol's own environment that programs see.
func commandEnv() []string {
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
