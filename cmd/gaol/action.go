package main

import (
	"github.com/spf13/cobra"
)

func newActionCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "action",
		Short: "Try out actions that tell others",
		Long: `Shows and tries what actions do besides the firewall. "gaol action test NAME"
is all there is of it.`,
		Example:     `  gaol action test webhook`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "no", "wrong usage or configuration")},
		Args:        argsOf(0, 0, ""),
		RunE:        func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newActionTestCommand(a))
	return cmd
}
