package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxOutput is how much of what a program writes is kept for the log.
const maxOutput = 4 << 10

// grace is how long a program that was killed may keep its output open: a
// grandchild that left the process group could do so for ever.
const grace = time.Second

// run runs one program to its end. Without one it does nothing.
func (c *Command) run(ctx context.Context, argv, env []string) error {
	if len(argv) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Timeout, fmt.Errorf("it was killed after %s", c.opts.Timeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(env, c.opts.Env...)
	// The group, because a script that is killed leaves what it started behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = grace
	cmd.Dir = "/"
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return nil // the latter left something running, as it may
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if said := out.String(); said != "" {
		c.log.Warn("program failed and wrote", "path", argv[0], "output", said)
	}
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, unix.ENOENT):
		return fmt.Errorf("running %s: %w: give its full path", argv[0], err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("running %s: %w: make it executable", argv[0], err)
	}
	if said := out.lastLine(); said != "" {
		return fmt.Errorf("running %s: %w: %s", argv[0], err, said)
	}
	return fmt.Errorf("running %s: %w", argv[0], err)
}

// output keeps the first maxOutput bytes written to it, and takes all.
type output struct {
	kept []byte
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.kept = append(o.kept, p[:min(len(p), maxOutput-len(o.kept))]...)
	return len(p), nil
}

// String is what was kept, fit for a log.
func (o *output) String() string { return clean(strings.TrimSpace(string(o.kept)), true, maxOutput) }

// lastLine is the last line of it, where most programs say why they failed.
func (o *output) lastLine() string {
	text := o.String()
	return text[strings.LastIndexByte(text, '\n')+1:]
}
