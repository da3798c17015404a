package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
)

// version is set by the linker (-X main.version=1.2.3). Where it is not, the
// version is what the go command recorded of the source.
var version string

// askingTimeout is how long "gaol version" waits for a daemon's answer.
const askingTimeout = 2 * time.Second

type versionOptions struct {
	json bool
}

func newVersionCommand(a *app) *cobra.Command {
	var opts versionOptions
	cmd := &cobra.Command{
		Use:   "version [flags]",
		Short: "Show the version of this program and of the running daemon",
		Long: `Shows the version of this program and, if a daemon runs, of that one: after an
update they differ until the daemon is started again.`,
		Example: `  gaol version
  gaol version --json`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "", "wrong usage")},
		Args:        argsOf(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runVersion(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

// versionReport is the document of "gaol version --json".
type versionReport struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Daemon is the version of the running daemon, "" if none answers.
	Daemon string `json:"daemon"`
}

func runVersion(ctx context.Context, a *app, opts versionOptions) error {
	report := versionReport{
		Version:  programVersion(),
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	ctx, cancel := context.WithTimeout(ctx, askingTimeout)
	defer cancel()
	running, err := a.client().Version(ctx)
	if err == nil {
		report.Daemon = running.Version
	}
	if opts.json {
		return a.printJSON(report)
	}
	text := fmt.Sprintf("gaol %s (%s, %s)\n", report.Version, report.Go, report.Platform)
	switch {
	case err == nil:
		text += fmt.Sprintf("daemon %s\n", printable(report.Daemon))
	case !errors.Is(err, control.ErrNotRunning):
		text += fmt.Sprintf("daemon: %s\n", printable(err.Error()))
	}
	return a.printText(text)
}

// programVersion is the version of this program, "devel" where nothing is known of it.
func programVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return "devel"
	}
	return cmp.Or(info.Main.Version, "devel")
}
