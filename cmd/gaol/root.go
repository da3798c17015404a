package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/config/stock"
)

const defaultSocket = "/run/gaol/gaol.sock"

// app is what all subcommands share: where they read and print, and the global
// flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// configFile is the main configuration file, "" for the default one, which
	// need not exist.
	configFile string
	socket     string
}

func newApp(stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv}
}

// configOptions says where the configuration and the stock library are.
func (a *app) configOptions() config.Options {
	return config.Options{File: a.configFile, Stock: stock.FS()}
}

// client returns a client of the daemon at the global flag's socket, which says where its user sits.
func (a *app) client() *control.Client { return control.Dial(a.socket).As(operator(a.getenv)) }

// commandGroups are the headings of the help page, in order.
var commandGroups = []*cobra.Group{
	{ID: "daemon", Title: "The daemon and its bans:"},
	{ID: "dry", Title: "Trying things out:"},
	{ID: "more", Title: "More:"},
}

// commands lists every subcommand, in the order of the help page.
func commands(a *app) map[string][]*cobra.Command {
	return map[string][]*cobra.Command{
		"daemon": {
			gracefully(newRunCommand(a)),
			newStatusCommand(a),
			newBannedCommand(a),
			newWhyCommand(a),
			newBanCommand(a),
			newUnbanCommand(a),
			newReloadCommand(a),
			gracefully(newBackupCommand(a)),
		},
		"dry": {
			gracefully(newDemoCommand(a)),
			newRegexCommand(a),
			newReplayCommand(a),
			newTestCommand(a),
			newCheckCommand(a),
			newActionCommand(a),
		},
		"more": {
			newVersionCommand(a),
			newCompletionCommand(a),
			newManCommand(a),
		},
	}
}

// gracefully makes an interrupt or a termination end the context of cmd, for it to put
// things in order. All other commands leave nothing behind and may just end.
func gracefully(cmd *cobra.Command) *cobra.Command {
	body := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		cmd.SetContext(ctx)
		return body(cmd, args)
	}
	return cmd
}

// newRootCommand returns the command line as a whole.
func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "gaol",
		Short: "Lock out addresses that keep failing to log in",
		Long: `gaol watches logs, sees who keeps failing to log in, and locks their address
out for a while.

Without any configuration it guards sshd. "gaol check" shows what it would do
on this host, "gaol run" does it.`,
		Example: `  gaol run --observe
  gaol regex /var/log/auth.log sshd`,
		Annotations:   map[string]string{exitStatuses: exitsOf("done", "no", "wrong usage or configuration")},
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
		// Ours is newCompletionCommand.
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(helpTemplate)
	root.SetHelpCommand(newHelpCommand())

	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVarP(&a.configFile, "config", "c", "",
		"configuration `FILE`, also $GAOL_CONFIG (default "+config.DefaultFile+")")
	flags.StringVar(&a.socket, "socket", defaultSocket,
		"`PATH` of the daemon's socket, also $GAOL_SOCKET")
	flags.BoolP("help", "h", false, "show this help")
	// Set behind the flags' backs, so that the help shows the true defaults.
	a.configFile = a.getenv("GAOL_CONFIG")
	a.socket = cmp.Or(a.getenv("GAOL_SOCKET"), defaultSocket)

	cobra.EnableCommandSorting = false
	groups := commands(a)
	for _, group := range commandGroups {
		root.AddGroup(group)
		for _, cmd := range groups[group.ID] {
			cmd.GroupID = group.ID
			cmd.Flags().SortFlags = false
			cmd.DisableFlagsInUseLine = true
			root.AddCommand(cmd)
		}
	}
	root.SetHelpCommandGroupID("more")
	return root
}

// unknownCommand refuses words behind gaol that are no subcommand.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Root().Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("unknown command %q%s: see \"gaol --help\"", args[0], didYouMean(args[0], names))
}

// flagError says what is wrong with a flag: what it takes, or which one is called alike.
func flagError(cmd *cobra.Command, err error) error {
	// Flags with a value take any text, and commands say what is wrong with it.
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok && wrong.GetFlag().Value.Type() == "bool" {
		return usageErrorf(cmd, "--%s takes no value but true or false, got %q", wrong.GetFlag().Name, wrong.GetValue())
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usageErrorf(cmd, "%w", err)
	}
	if unknown.GetSpecifiedShortnames() != "" {
		return usageErrorf(cmd, "unknown flag -%s", unknown.GetSpecifiedName())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	hint := ""
	if name := nearest(unknown.GetSpecifiedName(), names); name != "" {
		hint = fmt.Sprintf(": did you mean %q?", "--"+name)
	}
	return usageErrorf(cmd, "unknown flag --%s%s", unknown.GetSpecifiedName(), hint)
}

// argsOf makes cobra's check of the number of words speak like the rest of gaol.
func argsOf(min, max int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < min:
			return usageErrorf(cmd, "%s needs %s", cmd.CommandPath(), what)
		case max >= 0 && len(args) > max && max == 0:
			return usageErrorf(cmd, "%s takes no arguments, got %q", cmd.CommandPath(), strings.Join(args, " "))
		case max >= 0 && len(args) > max:
			return usageErrorf(cmd, "%s takes %s, got one more: %q", cmd.CommandPath(), what, args[max])
		}
		return nil
	}
}
