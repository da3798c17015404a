package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// readAddresses returns args, with each "-" replaced by what stdin holds: words
// between blanks and line ends, without comments from "#" on.
func readAddresses(args []string, stdin io.Reader) ([]string, error) {
	var addrs []string
	for _, arg := range args {
		if arg != "-" {
			addrs = append(addrs, arg)
			continue
		}
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			line, _, _ := strings.Cut(lines.Text(), "#")
			addrs = append(addrs, strings.Fields(line)...)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading addresses from standard input: %w", err)
		}
	}
	return addrs, nil
}
