package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// The exit statuses of every subcommand.
const (
	// exitYes: yes, or done.
	exitYes = 0
	// exitNo: no. Nothing matched, a test failed, an address is not banned.
	exitNo = 1
	// exitError: it could not be told. Wrong usage or configuration, a file
	// that cannot be read, a daemon that does not answer.
	exitError = 2
)

// errNo ends a command whose answer is no. The command has printed the answer;
// nothing is added to it.
var errNo = errors.New("the answer is no")

// exitStatus maps the error of a command to the status of the process.
func exitStatus(err error) int {
	switch {
	case err == nil:
		return exitYes
	case errors.Is(err, errNo):
		return exitNo
	default:
		return exitError
	}
}

// usageErrorf says what is wrong with the words the user typed, and where to
// read how they should be.
func usageErrorf(cmd *cobra.Command, format string, args ...any) error {
	return fmt.Errorf("%w: see \"%s --help\"", fmt.Errorf(format, args...), cmd.CommandPath())
}
