package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// exitStatuses is the annotation of a command under which its exit statuses
// stand, for the help and the man page.
const exitStatuses = "exit statuses"

// exitsOf describes the exit statuses; no is "" for a command that never
// answers no.
func exitsOf(yes, no, wrong string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %d  %s\n", exitYes, yes)
	if no != "" {
		fmt.Fprintf(&b, "  %d  %s\n", exitNo, no)
	}
	fmt.Fprintf(&b, "  %d  %s", exitError, wrong)
	return b.String()
}

// exitsOfClient describes the exit statuses of a command that asks the daemon.
func exitsOfClient(yes, no string) string {
	return exitsOf(yes, no, "wrong usage, or the daemon refused or does not run")
}

// helpTemplate is a help page: what it is, how it is called, examples, flags,
// exit statuses.
const helpTemplate = `{{.Short}}.

{{.Long}}

Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} [flags] COMMAND{{else}}{{.UseLine}}{{end}}
{{if .HasExample}}
Examples:
{{.Example}}
{{end}}{{if .HasAvailableSubCommands}}{{$commands := .Commands}}{{range $group := .Groups}}
{{$group.Title}}{{range $commands}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of all commands:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{with index .Annotations "` + exitStatuses + `"}}
Exit status:
{{.}}
{{end}}`

func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		Long:  `Shows what "gaol COMMAND --help" shows; without COMMAND, the list of commands.`,
		Example: `  gaol help
  gaol help regex`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "", "there is no such command")},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, sub := range cmd.Root().Commands() {
				if len(args) == 0 && sub.IsAvailableCommand() {
					names = append(names, sub.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Root().Help()
			}
			for _, sub := range cmd.Root().Commands() {
				if sub.Name() == args[0] {
					return sub.Help()
				}
			}
			return unknownCommand(cmd.Root(), args)
		},
	}
}
