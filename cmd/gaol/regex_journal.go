package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync/atomic"
)

// openJournal reads the systemd journal from its beginning, the records that match alone.
//
// The form is one of journalctl's own for people (journalctl(1), --output): date with zone,
// host, identifier and message, as in a syslog file. So what is tried here is what
// "journalctl -o short-iso-precise" shows, line for line.
func openJournal(ctx context.Context, match []string) (*logInput, error) {
	args := append([]string{"--no-pager", "--quiet", "--all", "--output=short-iso-precise"}, match...)
	cmd := exec.CommandContext(ctx, "journalctl", args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	j := &journalReader{out: stdout, cmd: cmd}
	cmd.Stderr = &j.complaints
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	read := new(atomic.Int64)
	return &logInput{
		Reader: countingReader{j, read},
		name:   "journal",
		kind:   "journal",
		title:  strings.TrimSpace("journal " + strings.Join(match, " ")),
		read:   read,
		close:  j.Close,
	}, nil
}

// journalReader reads what journalctl prints. A failure of the program is an
// error at the end of what it printed.
type journalReader struct {
	out        io.Reader
	cmd        *exec.Cmd
	complaints strings.Builder
	ended      bool
}

func (j *journalReader) Read(p []byte) (int, error) {
	n, err := j.out.Read(p)
	if !errors.Is(err, io.EOF) || j.ended {
		return n, err
	}
	j.ended = true
	if failure := j.cmd.Wait(); failure != nil {
		return n, fmt.Errorf("journalctl: %w: %s", failure, strings.TrimSpace(j.complaints.String()))
	}
	return n, io.EOF
}

// Close ends journalctl if it has not ended by itself.
func (j *journalReader) Close() error {
	if j.ended {
		return nil
	}
	j.ended = true
	// It is being stopped half way: how it ends says nothing.
	_ = j.cmd.Process.Kill()
	_ = j.cmd.Wait()
	return nil
}
