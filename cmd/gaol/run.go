package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
	"gaol/config/stock"
)

type runOptions struct {
	observe bool
	verbose bool
}

func newRunCommand(a *app) *cobra.Command {
	var opts runOptions
	cmd := &cobra.Command{
		Use:   "run [flags]",
		Short: "Run the daemon, in the foreground",
		Long: `Reads the logs of all enabled jails, counts failures and bans, until it is
interrupted or terminated. What cannot work, such as a jail with a fault in
its configuration, is told and left out; all else runs. A hangup signal makes
it read its configuration again, as "gaol reload" does.

With --observe it does all of that but touch the firewall: "gaol banned" shows
who would be locked out. Programs of yours that a jail runs as actions are run, with
GAOL_OBSERVE=1 in their environment.`,
		Example: `  gaol run --observe
  gaol run -c ./gaol.toml --socket ./gaol.sock`,
		Annotations: map[string]string{exitStatuses: exitsOf("it was told to stop", "", "it could not start, or a fault of its own stopped it")},
		Args:        argsOf(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runRun(cmd.Context(), a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.observe, "observe", false, "do everything but touch the firewall")
	cmd.Flags().BoolVarP(&opts.verbose, "verbose", "v", false, "log more, to find a fault")
	return cmd
}

func runRun(ctx context.Context, a *app, opts runOptions) error {
	logger := a.newLogger(opts.verbose)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group errgroup.Group
	group.Go(func() error {
		a.obeyHangup(ctx, stop, logger)
		return nil
	})
	group.Go(func() error {
		defer stop()
		return daemon.Run(ctx, daemon.Options{
			ConfigFile: a.configFile,
			Stock:      stock.FS(),
			Socket:     a.socket,
			Observe:    opts.observe,
			Version:    programVersion(),
			Logger:     logger,
			Ready:      a.welcome,
		})
	})
	return group.Wait()
}

// obeyHangup reloads at each SIGHUP until ctx ends. With a terminal, the signal means
// that the terminal has gone, and it stops.
func (a *app) obeyHangup(ctx context.Context, stop func(), logger *slog.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		if isTerminal(a.stderr) {
			stop()
			return
		}
		// What is wrong with the configuration, the daemon logs itself.
		if _, err := a.client().Reload(ctx); err != nil && ctx.Err() == nil {
			logger.Error("reloading", "err", err)
		}
	}
}

// welcome tells a person who started the daemon by hand what it does. Under
// systemd nobody is there to read it.
func (a *app) welcome(status control.Status) {
	if a.getenv("NOTIFY_SOCKET") != "" || a.getenv("JOURNAL_STREAM") != "" {
		return
	}
	fmt.Fprint(a.stderr, welcomeText(status, a.check(), a.socket, a.paint(a.stderr)))
}

func welcomeText(status control.Status, checked checkReport, socket string, p painter) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\ngaol %s watches.", printable(status.Version))
	if status.Observe {
		b.WriteString(p.in(yellow, " It only observes: nobody is locked out."))
	}
	b.WriteString("\n\n")
	if len(checked.Jails) == 0 {
		b.WriteString("No jail is enabled, so there is nothing to watch.\n")
	}
	for _, j := range checked.Jails {
		j.write(&b, p)
		b.WriteByte('\n')
	}
	view := statusView{paint: p}
	view.problems(status)
	if problems := strings.TrimPrefix(view.out.String(), "\n"); problems != "" {
		b.WriteString(problems + "\n")
	}
	fmt.Fprintf(&b, "Ask it with \"gaol%s status\" and \"gaol%[1]s banned\". Ctrl-C stops it.\n\n", socketFlag(socket))
	return b.String()
}

// socketFlag is what another gaol needs to find a daemon at the socket.
func socketFlag(socket string) string {
	if socket == defaultSocket {
		return ""
	}
	return " --socket " + socket
}
