// Command gaol watches logs, sees who keeps failing to log in, and locks their
// address out for a while.
//
// This package parses flags, calls one package for each subcommand and prints
// what it answers; nothing is decided here. Each subcommand has a file with the
// same three parts: newXCommand, xOptions and runX. Begin with run, below, and
// with [newRootCommand] in root.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	// Zones of logs are named in the configuration; a small system or a
	// container often has no zone files of its own.
	_ "time/tzdata"

	"gaol/action/notify"
)

func main() {
	// A chat service that never ends its answer must not fill the memory.
	http.DefaultTransport = notify.Bounded(http.DefaultTransport)
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: it takes the words behind the program's name and
// returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(stdin, stdout, stderr, os.Getenv)
	root := newRootCommand(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	status := exitStatus(err)
	if status != exitYes && !errors.Is(err, errNo) {
		fmt.Fprintln(stderr, a.errorStyle(stderr, "gaol:"), printableText(err.Error()))
	}
	return status
}
