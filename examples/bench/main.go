// Command bench writes the logs that gaol's speed is measured on, to standard
// output, always the same lines for the same arguments; or it compares gaol with
// other programs on them.
//
//	go run ./examples/bench -log access -lines 1000000 > access.log
//	go run ./examples/bench -compare ./gaol
//
// PERFORMANCE.md says what was measured.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"

	"gaol/examples/bench/logs"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	kind := flags.String("log", "access", "`KIND` of log: access or sshd")
	lines := flags.Int("lines", 1_000_000, "`NUMBER` of lines")
	gaol := flags.String("compare", "", "compare `GAOL`, the binary, with other programs")
	rounds := flags.Int("rounds", 5, "compare in `NUMBER` of rounds")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *gaol != "" {
		if err := compare(stdout, *gaol, *lines, *rounds); err != nil {
			fmt.Fprintf(stderr, "bench: comparing: %v\n", err)
			return 1
		}
		return 0
	}
	out := bufio.NewWriterSize(stdout, 1<<20)
	switch *kind {
	case "access":
		logs.Access(out, *lines)
	case "sshd":
		logs.SSHD(out, *lines)
	default:
		fmt.Fprintf(stderr, "bench: log %q is not known: use access or sshd\n", *kind)
		return 2
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintf(stderr, "bench: writing the log: %v\n", err)
		return 1
	}
	return 0
}
