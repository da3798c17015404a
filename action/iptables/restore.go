package iptables

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
)

// script is what iptables-restore is to do to table filter: all of it in one step, or nothing. Whoever writes a line must
// know all of its words: nothing that came from outside but addresses that were read as such.
type script struct{ bytes.Buffer }

// empty makes a chain, or empties it if it is there: with --noflush, iptables-restore does so to a chain that is
// declared, and leaves all others as they are.
func (s *script) empty(chain string) { s.line(":" + chain + " - [0:0]") }

func (s *script) line(line string) {
	s.WriteString(line)
	s.WriteByte('\n')
}

// restore runs s, one process for all of it.
func (f *family) restore(ctx context.Context, s script) error {
	program, err := f.restorer()
	if err != nil {
		return err
	}
	cmd := f.command(ctx, program, "--noflush", "--wait", fmt.Sprint(lockSeconds))
	cmd.Stdin = bytes.NewReader(fmt.Appendf(nil, "*%s\n%sCOMMIT\n", filter, s.Bytes()))
	_, err = cmd.Output()
	return err
}

// command is one of iptables' programs, in no language but its own.
func (f *family) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

// restorer is the program that belongs to iptables: the one beside it, because the one in PATH may be that of the other
// variant, whose rules are others.
func (f *family) restorer() (string, error) {
	if _, err := os.Stat(f.path + "-restore"); err == nil {
		return f.path + "-restore", nil
	}
	path, err := exec.LookPath(f.program + "-restore")
	if err != nil {
		return "", fmt.Errorf("looking for %s-restore: %w: install it beside %s, or use banaction nftables", f.program, ErrNoProgram, f.path)
	}
	return path, nil
}
