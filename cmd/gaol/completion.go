package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"gaol/config"
)

func newCompletionCommand(a *app) *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:   "completion {bash | zsh | fish}",
		Short: "Print a completion script for a shell",
		Long: `Prints a script that teaches a shell to complete gaol's commands, flags, jails
and filters. In bash it works where the package bash-completion is installed.`,
		Example: `  gaol completion bash > /etc/bash_completion.d/gaol
  source <(gaol completion zsh)`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "", "an unknown shell")},
		Args:        argsOf(1, 1, "a shell: bash, zsh or fish"),
		ValidArgs:   shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCompletion(a, cmd, args[0], shells)
		},
	}
}

func runCompletion(a *app, cmd *cobra.Command, shell string, shells []string) error {
	switch shell {
	case "bash":
		return cmd.Root().GenBashCompletionV2(a.stdout, true)
	case "zsh":
		return cmd.Root().GenZshCompletion(a.stdout)
	case "fish":
		return cmd.Root().GenFishCompletion(a.stdout, true)
	default:
		return usageErrorf(cmd, "unknown shell %q%s", shell, didYouMean(shell, shells))
	}
}

// completeJails completes the first word with a jail of the running daemon.
func (a *app) completeJails(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), askingTimeout)
	defer cancel()
	status, err := a.client().Status(ctx, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, j := range status.Jails {
		names = append(names, j.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeJailFlag completes the flag --jail of cmd.
func (a *app) completeJailFlag(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("jail", func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return a.completeJails(cmd, nil, typed)
	})
	if err != nil {
		panic("gaol: completing a flag that " + cmd.Name() + " does not have: " + err.Error())
	}
}

// completeFilters completes a word with the filters that are known.
func (a *app) completeFilters(given []string) ([]string, cobra.ShellCompDirective) {
	names := slices.DeleteFunc(config.FilterNames(a.configOptions()), func(name string) bool {
		return slices.Contains(given, name)
	})
	return names, cobra.ShellCompDirectiveDefault
}

// completeConfiguredJails completes the flag --jail of cmd with the jails of the configuration.
func (a *app) completeConfiguredJails(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("jail", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return config.JailNames(a.configOptions()), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic("gaol: completing a flag that " + cmd.Name() + " does not have: " + err.Error())
	}
}
