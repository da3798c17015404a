package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"testing"

	"gaol/examples/bench/logs"
)

func TestLogs(t *testing.T) {
	const lines = 10_000
	for _, tt := range []struct {
		log     string
		fails   string
		percent int
	}{
		{"access", `(?m)^\S+ - - \[[^\]]*\] "POST /admin/login/\S* HTTP/1\.1" 200 `, logs.FailedLogins},
		{"sshd", `(?m)^\w+ +\d+ [0-9:]+ server sshd\[\d+\]: Failed password for `, logs.Failures},
	} {
		t.Run(tt.log, func(t *testing.T) {
			var first, second bytes.Buffer
			args := []string{"-log", tt.log, "-lines", "10000"}
			for _, out := range []io.Writer{&first, &second} {
				if code := run(args, out, os.Stderr); code != 0 {
					t.Fatalf("ends with %d", code)
				}
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Error("two runs differ")
			}
			if n := bytes.Count(first.Bytes(), []byte("\n")); n != lines {
				t.Errorf("%d lines, want %d", n, lines)
			}
			n := len(regexp.MustCompile(tt.fails).FindAllIndex(first.Bytes(), -1))
			if want := lines * tt.percent / 100; n < want*8/10 || n > want*12/10 {
				t.Errorf("%d failures, want about %d", n, want)
			}
		})
	}
}

func TestUnknownLog(t *testing.T) {
	if code := run([]string{"-log", "mail"}, io.Discard, io.Discard); code != 2 {
		t.Errorf("ends with %d, want 2", code)
	}
}
