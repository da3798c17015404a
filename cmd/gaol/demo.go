package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/demo"
	"gaol/config/stock"
)

type demoOptions struct {
	json bool
	// onStage says that this process is the one inside the namespaces.
	onStage bool
}

// demoResult is what --json prints.
type demoResult struct {
	Steps []demo.Step `json:"steps"`
	OK    bool        `json:"ok"`
}

func newDemoCommand(a *app) *cobra.Command {
	var opts demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole job in a network of its own",
		Long: `Shows what gaol does, in network and user namespaces of its own that end with
it; this host is not touched, and root is not needed. A login page writes its
log, a client that worked a moment ago fails to log in, the real daemon reads,
counts and bans, the kernel refuses the client's next connection while another
client is served, the ban is lifted and the client is served again. Takes a few
seconds.`,
		Example: `  gaol demo
  gaol demo --json`,
		Annotations: map[string]string{exitStatuses: exitsOf("everything came as it should", "it did not", "namespaces are forbidden here, or wrong usage")},
		Args:        argsOf(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.onStage {
				return performDemo(cmd.Context(), a, opts)
			}
			return runDemo(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	cmd.Flags().BoolVar(&opts.onStage, "on-stage", false, "be the process inside the namespaces")
	if err := cmd.Flags().MarkHidden("on-stage"); err != nil {
		panic(err)
	}
	return cmd
}

// runDemo builds the namespaces and waits for the process inside.
func runDemo(ctx context.Context, a *app, opts demoOptions) error {
	args := []string{"demo", "--on-stage"}
	if opts.json {
		args = append(args, "--json")
	} else if err := a.printText("A login page, somebody who guesses passwords, and gaol. All of it in a network of its own.\n\n"); err != nil {
		return err
	}
	err := demo.Play(ctx, args, a.stdout, a.stderr)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		// It has said why.
		if exit.ExitCode() == exitNo {
			return errNo
		}
		return fmt.Errorf("playing the demo: it ended with status %d", exit.ExitCode())
	}
	return err
}

// performDemo is the process inside the namespaces.
func performDemo(ctx context.Context, a *app, opts demoOptions) error {
	result := demoResult{Steps: []demo.Step{}}
	paint := a.paint(a.stdout)
	err := demo.Perform(ctx, demo.Options{
		Stock: stock.FS(), Version: programVersion(), Logger: slog.New(slog.DiscardHandler),
		Tell: func(s demo.Step) {
			result.Steps = append(result.Steps, s)
			if !opts.json {
				// A line that can't be printed must not end the demo.
				_ = a.printText(demoText(s, paint))
			}
		},
	})
	result.OK = err == nil
	if opts.json {
		if err := a.printJSON(result); err != nil {
			return err
		}
	} else if err == nil {
		if err := a.printText("\nThat was all of it, and nothing is left. \"gaol check\" shows what gaol would do on this host.\n"); err != nil {
			return err
		}
	}
	if err != nil {
		fmt.Fprintln(a.stderr, a.errorStyle(a.stderr, "gaol demo:"), printableText(err.Error()))
		return errNo
	}
	return nil
}

func demoText(s demo.Step, paint painter) string {
	var b strings.Builder
	took := ""
	if s.Milliseconds > 0 {
		took = fmt.Sprintf("%.1f ms", s.Milliseconds)
	}
	fmt.Fprintf(&b, "%s  %s\n", paint.in(green, fmt.Sprintf("%9s", took)), s.Text)
	if s.Detail != "" {
		fmt.Fprintf(&b, "%9s  %s\n", "", paint.in(dim, printable(s.Detail)))
	}
	return b.String()
}
