package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
)

type reloadOptions struct {
	json bool
}

func newReloadCommand(a *app) *cobra.Command {
	var opts reloadOptions
	cmd := &cobra.Command{
		Use:   "reload [flags]",
		Short: "Make the daemon read its configuration again",
		Long: `Makes the running daemon read its configuration again. Jails that did not
change go on undisturbed, bans stay, and a jail with a fault in its
configuration stays as it was while all others change. "gaol check" shows the
faults beforehand.`,
		Example: `  gaol check && gaol reload
  gaol reload --json`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "", "the configuration has problems, or the daemon does not run")},
		Args:        argsOf(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runReload(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

func runReload(ctx context.Context, a *app, opts reloadOptions) error {
	reply, err := a.client().Reload(ctx)
	if err != nil {
		return err
	}
	if opts.json {
		err = a.printJSON(reply)
	} else {
		err = a.printText(reloadText(reply, a.paint(a.stdout)))
	}
	if err == nil && len(reply.Problems) > 0 {
		rest := "all other jails were reloaded"
		if len(reply.Started)+len(reply.Stopped)+len(reply.Changed) == 0 {
			rest = "nothing has changed"
		}
		return fmt.Errorf("reloading: %s in the configuration: %s", plural(len(reply.Problems), "problem", "problems"), rest)
	}
	return err
}

func reloadText(reply control.ReloadReply, p painter) string {
	var b strings.Builder
	for _, part := range []struct {
		what  string
		jails []string
	}{
		{"started", reply.Started},
		{"changed", reply.Changed},
		{"stopped", reply.Stopped},
		{"unchanged", reply.Unchanged},
	} {
		if len(part.jails) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", part.what, printable(strings.Join(part.jails, ", ")))
		}
	}
	for _, problem := range reply.Problems {
		b.WriteString(p.in(red, "problem: ") + printableText(problem) + "\n")
	}
	if b.Len() == 0 {
		b.WriteString("reloaded: no jail is enabled\n")
	}
	return b.String()
}
