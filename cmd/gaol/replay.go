package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/replay"
	"gaol/config"
	"gaol/jail"
)

type replayOptions struct {
	jail     string
	against  string
	timezone string
	now      string
	svg      string
	json     bool
}

func newReplayCommand(a *app) *cobra.Command {
	var opts replayOptions
	cmd := &cobra.Command{
		Use:   "replay [flags] LOG...",
		Short: "Show whom the configuration would have banned, by recorded logs",
		Long: `Reads the log files LOG (also compressed by gzip or zstd) as the daemon would
have, on a clock made of the dates in their lines, and shows whom the
configuration would have banned, when and for how long. Rotated files of one
log are put into the order of their dates. Nothing is banned, no action is run
and no daemon is asked.

Each enabled jail reads the files that its logpath means, or meant before they
were rotated; with --jail, that jail alone reads them all, enabled or not. With
--against, the same is done for another configuration file, and every ban that
comes out otherwise is listed: new, gone, earlier, later, longer or shorter
here than there.`,
		Example: `  gaol replay /var/log/auth.log*
  gaol replay -j sshd --against new.toml --svg bans.svg auth.log.1 auth.log`,
		Annotations: map[string]string{exitStatuses: exitsOf("done", "nobody would have been banned",
			"wrong usage or configuration, or a log that cannot be read")},
		Args: argsOf(1, -1, "a LOG"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReplay(cmd.Context(), a, opts, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&opts.jail, "jail", "j", "", "`JAIL` that reads every LOG (default: as each jail's logpath says)")
	flags.StringVar(&opts.against, "against", "", "compare with the configuration file `CONFIG`")
	flags.StringVar(&opts.timezone, "timezone", "", "zone `TZ` of dates without one: Europe/Berlin, +02:00, CET-1CEST (default: as each jail says)")
	flags.StringVar(&opts.now, "now", "", "`TIME` at which to read the logs, for dates without a year (default: now)")
	flags.StringVar(&opts.svg, "svg", "", "draw failures and bans over time into `FILE`")
	flags.BoolVar(&opts.json, "json", false, "print one JSON document")
	a.completeConfiguredJails(cmd)
	return cmd
}

func runReplay(ctx context.Context, a *app, opts replayOptions, logs []string) error {
	began := time.Now()
	zone, now, err := regexOptions{timezone: opts.timezone, now: opts.now}.clock(began)
	if err != nil {
		return err
	}
	if opts.timezone == "" {
		zone = nil
	}
	again := func(file string, timeline bool) (*replay.Result, error) {
		return a.replay(ctx, file, replay.Options{
			Logs: logs, Jail: opts.jail, Zone: zone, Now: now, Cores: runtime.GOMAXPROCS(0), Timeline: timeline,
		})
	}
	here, err := again(a.configFile, opts.svg != "")
	if err != nil {
		return err
	}
	report := reportReplay(here)
	var difference []replay.Difference
	bans := len(here.Bans)
	if opts.against != "" {
		there, err := again(opts.against, false)
		if err != nil {
			return err
		}
		difference = replay.Compare(here.Bans, there.Bans)
		report.Difference = reportDifference(difference)
		bans += len(there.Bans)
	}
	if opts.svg != "" {
		title := "Whom " + configTitle(a.configFile) + " would have banned"
		// 0o644: a picture is to be shown around.
		if err := os.WriteFile(opts.svg, []byte(replay.Picture(here, title)), 0o644); err != nil {
			return fmt.Errorf("drawing the picture: %w", err)
		}
	}
	if opts.json {
		err = a.printJSON(report)
	} else {
		view := replayView{paint: a.paint(a.stdout), against: opts.against}
		err = a.printText(view.text(here, difference, time.Since(began)))
	}
	if err == nil && bans == 0 {
		return errNo
	}
	return err
}

// replay replays logs with one configuration file.
func (a *app) replay(ctx context.Context, file string, opts replay.Options) (*replay.Result, error) {
	from := a.configOptions()
	from.File, from.Enable = file, opts.Jail
	opts.Config = config.Load(from)
	if len(opts.Config.Unread) > 0 {
		unread := func(p config.Problem) bool { return slices.Contains(opts.Config.Unread, p.File) }
		if at := slices.IndexFunc(opts.Config.Problems, unread); at >= 0 {
			return nil, opts.Config.Problems[at]
		}
		return nil, errors.New("reading the configuration: " + opts.Config.Unread[0] + " cannot be read")
	}
	bar := &progress{w: a.stderr, drawn: time.Now()}
	if isTerminal(a.stderr) {
		opts.Progress = func(read, size int64) { bar.draw(func() string { return shareText(read, size) }) }
	}
	defer bar.clear()
	return replay.Run(ctx, opts)
}

// configTitle names a configuration for people.
func configTitle(file string) string {
	if file == "" {
		return config.DefaultFile
	}
	return file
}

// replayReport is the document of "gaol replay --json".
type replayReport struct {
	// From and To are the first and the last date in the logs; null: they bear none.
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// Lines are those of all logs; Failures were found in them, Ignored of which are of somebody who
	// is never banned.
	Lines    int64       `json:"lines"`
	Failures int64       `json:"failures"`
	Ignored  int64       `json:"ignored"`
	Bans     []replayBan `json:"bans"`
	// Notes say what may be otherwise in the daemon.
	Notes []string `json:"notes"`
	// Difference is nil, and left out, without --against.
	Difference []replayDifference `json:"difference,omitzero"`
}

// replayBan is one ban. Start is the time of the failure that caused it.
type replayBan struct {
	Jail   string    `json:"jail"`
	Prefix string    `json:"prefix"`
	ID     string    `json:"id,omitempty"`
	Start  time.Time `json:"start"`
	// End is null for a ban without end.
	End   *time.Time `json:"end"`
	Count int        `json:"count"`
	// Failures led to it; of an escalation, bans of so many hosts.
	Failures int `json:"failures"`
	// By says who made it: "jail" or "escalation".
	By string `json:"by"`
}

// replayDifference is a ban that comes out otherwise here than there; null: there is none.
type replayDifference struct {
	Jail   string     `json:"jail"`
	Prefix string     `json:"prefix"`
	ID     string     `json:"id,omitempty"`
	Change string     `json:"change"`
	Here   *replayBan `json:"here"`
	There  *replayBan `json:"there"`
}

func reportReplay(r *replay.Result) replayReport {
	report := replayReport{From: timeOrNull(r.From), To: timeOrNull(r.To), Lines: r.Lines, Failures: r.Failures, Ignored: r.Ignored,
		Bans: []replayBan{}, Notes: emptyNotNull(r.Notes)}
	for _, b := range r.Bans {
		report.Bans = append(report.Bans, *reportBan(&b))
	}
	return report
}

func reportBan(b *jail.Ban) *replayBan {
	if b == nil {
		return nil
	}
	r := &replayBan{Jail: b.Jail, ID: b.ID, Start: b.Start.UTC(), Count: b.Count, Failures: b.Failures, By: b.By}
	if b.Prefix.IsValid() {
		r.Prefix = b.Prefix.String()
	}
	if !b.Forever() {
		r.End = timeOrNull(b.End)
	}
	return r
}

func reportDifference(list []replay.Difference) []replayDifference {
	report := []replayDifference{}
	for _, d := range list {
		r := replayDifference{Change: d.Change, Here: reportBan(d.Here), There: reportBan(d.There)}
		one := r.Here
		if one == nil {
			one = r.There
		}
		r.Jail, r.Prefix, r.ID = one.Jail, one.Prefix, one.ID
		report = append(report, r)
	}
	return report
}

// timeOrNull is t in UTC, nil if it is zero.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
