package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a pseudo-terminal (pty(7)).
func openTerminal(t *testing.T) (control, terminal *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { control.Close() })
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return control, terminal
}

// onTerminal returns what a terminal is sent by gaol with args.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	control, terminal := openTerminal(t)
	sent := make(chan string)
	go func() {
		// Reading ends with an error once the other end is closed.
		text, _ := io.ReadAll(control)
		sent <- string(text)
	}()
	run(t.Context(), args, strings.NewReader(""), terminal, terminal)
	terminal.Close()
	return <-sent
}

func TestColourOnATerminalAlone(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	args := []string{"regex", "2015-03-10 21:31:23,899 ERROR Login failure 192.0.2.5", "Login failure <HOST>"}
	if got := onTerminal(t, args...); !strings.Contains(got, "\x1b[32m1\x1b[0m total") {
		t.Errorf("no colour on a terminal: %q", got)
	}
	t.Setenv("NO_COLOR", "1")
	if got := onTerminal(t, args...); strings.Contains(got, "\x1b[") {
		t.Errorf("colour in spite of NO_COLOR: %q", got)
	}
	var pipe strings.Builder
	t.Setenv("NO_COLOR", "")
	run(t.Context(), args, strings.NewReader(""), &pipe, io.Discard)
	if strings.Contains(pipe.String(), "\x1b") || !strings.Contains(pipe.String(), "Failregex: 1 total") {
		t.Errorf("in a pipe: %q", pipe.String())
	}
}

func TestErrorOnATerminalShowsNoControlCharacters(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	if got := onTerminal(t, "\x1b[2Jboo"); strings.Contains(got, "\x1b") {
		t.Errorf("got %q", got)
	}
}

func TestProgressText(t *testing.T) {
	tests := []struct {
		name              string
		lines, read, size int64
		want              string
	}{
		{"half", 1500, 50, 100, "[###############...............]  50%  1,500 lines"},
		{"all", 1, 100, 100, "[##############################] 100%  1 lines"},
		{"a file that grew meanwhile", 1, 200, 100, "[##############################] 100%  1 lines"},
		{"size unknown", 12, 200, 0, "12 lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := progressText(tt.lines, tt.read, tt.size); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
