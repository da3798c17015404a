package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
	"gaol/config"
)

type whyOptions struct {
	json bool
}

func newWhyCommand(a *app) *cobra.Command {
	var opts whyOptions
	cmd := &cobra.Command{
		Use:   "why [flags] ADDR",
		Short: "Tell all that is known of an address",
		Long: `Tells the whole story of an address or network ADDR (or of an id, as id:NAME):
who bans it and until when, how many failures count against it and how many
lead to a ban, which rule ignores it, every failure and ban that is kept with
its line and the pattern that matched, what the firewall holds and whether
packets are being refused, and what it would take to be banned or free. Where
a firewall holds it, that takes a second.

Where no daemon runs, it tells what the store and the configuration say.`,
		Example: `  gaol why 192.0.2.7
  gaol why 192.0.2.0/24 --json`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "nothing is known of ADDR",
			"wrong usage, the daemon refused, or there is neither a daemon nor a store that can be read")},
		Args: argsOf(1, 1, "one ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runWhy(cmd.Context(), a, opts, args[0])
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

func runWhy(ctx context.Context, a *app, opts whyOptions, addr string) error {
	now := time.Now()
	why, err := a.client().Why(ctx, addr)
	if errors.Is(err, control.ErrNotRunning) {
		why, err = a.whyStored(ctx, addr, now, err)
	}
	if err != nil {
		return err
	}
	if opts.json {
		err = a.printJSON(why)
	} else {
		err = a.printText(whyText(why, now, a.paint(a.stdout), widthOf(a.stdout)))
	}
	if err == nil && !why.Known {
		return errNo
	}
	return err
}

// whyStored asks the store, as no daemon runs.
func (a *app) whyStored(ctx context.Context, addr string, now time.Time, notRunning error) (control.Why, error) {
	conf := config.Load(a.configOptions())
	why, err := daemon.WhyStored(ctx, conf, addr, now)
	if err == nil {
		return why, nil
	}
	if _, refused := errors.AsType[*control.Error](err); refused {
		return why, err // it would refuse as well
	}
	return why, fmt.Errorf("%w; without it: %w", notRunning, err)
}
