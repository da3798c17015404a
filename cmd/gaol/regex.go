package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"gaol/config"
	"gaol/filter"
)

type regexOptions struct {
	failures bool
	missed   bool
	verbose  bool
	success  bool
	now      string
	timezone string
	maxlines int
	params   []string
	json     bool
}

func newRegexCommand(a *app) *cobra.Command {
	var opts regexOptions
	cmd := &cobra.Command{
		Use:   "regex [flags] LOG FILTER [IGNOREREGEX]",
		Short: "Try a filter on a log",
		Long: `Shows what a filter makes of a log: how many lines each of its patterns
matched, and which lines none did and why. Nobody is banned and no daemon is
asked. All cores are used, unless failures are to be listed that depend on the
order of lines (sessions).

LOG is a file (also one compressed by gzip or zstd), "-" for standard input,
"journal" for the systemd journal, or a single log line. FILTER is the name of
a filter ("sshd", "sshd[mode=aggressive]"), a .toml file, a filter of fail2ban's
(a .conf file, with options as there: "filter.d/sshd.conf[mode=aggressive]"), or
a pattern with <HOST> where the address stands. IGNOREREGEX replaces the
filter's own.

A filter of fail2ban's sees what it sees there. What was not taken over is a
warning, and so is each pattern with look-around or back-references that runs on
an engine with a limit on its steps for each line, and what went over that limit.`,
		Example: `  gaol regex /var/log/auth.log sshd
  gaol regex '2015-03-10 21:31:23,899 ERROR Login failure 192.0.2.5' 'Login failure <HOST>'
  gaol regex /var/log/auth.log '/etc/fail2ban/filter.d/sshd.conf[mode=aggressive]'
  gaol regex --param path=/signin --param failure=200 /var/log/nginx/access.log http-login`,
		Annotations: map[string]string{exitStatuses: exitsOf("lines matched", "no line matched",
			"wrong usage, a pattern with a fault, or a log that cannot be read")},
		Args: argsOf(2, 3, "LOG, FILTER and perhaps IGNOREREGEX"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return a.completeFilters(nil)
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRegex(cmd.Context(), a, opts, args)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&opts.failures, "failures", false, "list every failure")
	flags.BoolVar(&opts.missed, "missed", false, "list every missed line, however many")
	flags.BoolVarP(&opts.verbose, "verbose", "v", false, "list patterns without a hit as well")
	flags.BoolVar(&opts.success, "success", false, "look for successful logins as well, as a jail with trusttime does")
	flags.StringVar(&opts.now, "now", "", "`TIME` at which to read the log, for dates without a year (default: now)")
	flags.StringVar(&opts.timezone, "timezone", "", "zone `TZ` of dates without one: Europe/Berlin, +02:00, CET-1CEST (default: this host's)")
	flags.IntVar(&opts.maxlines, "maxlines", 0, "number `N` of lines that patterns see together (default: as the filter says)")
	flags.StringArrayVar(&opts.params, "param", nil, "parameter of the filter, as `NAME=VALUE`; several of one name are a list")
	flags.BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

func runRegex(ctx context.Context, a *app, opts regexOptions, args []string) error {
	began := time.Now()
	zone, now, err := opts.clock(began)
	if err != nil {
		return err
	}
	tried, err := a.resolveFilter(args[0], args[1], args[2:])
	if err != nil {
		return err
	}
	if opts.maxlines != 0 {
		tried.spec.MaxLines = opts.maxlines
	}
	params, err := config.ParseParams(opts.params, tried.spec.Params)
	if err != nil {
		return fmt.Errorf("reading --param: %w", err)
	}
	f, err := filter.Compile(tried.spec, filter.Options{Mode: tried.mode, Params: params, Timezone: zone, Names: tried.names, Success: opts.success})
	if err != nil {
		return err
	}
	tried.imported.compiled(f)
	log, err := a.openLog(ctx, args[0], tried.spec.Journalmatch)
	if err != nil {
		return err
	}
	defer log.Close()

	bar := newProgress(a.stderr, log)
	tally := newTally(f, wants{failures: opts.failures, missed: opts.missed})
	r := reading{tally: tally, cores: coresFor(f, tally.wants), merged: func() { bar.show(tally.lines) }}
	err = r.read(ctx, log, log.name, now)
	bar.clear()
	if err != nil {
		return err
	}
	report := tally.report(time.Since(began))
	report.imported(tried.imported)
	if opts.json {
		err = a.printJSON(report)
	} else {
		text := regexText{opts: opts, paint: a.paint(a.stdout)}
		err = a.printText(text.write(report, tally, tried, log))
	}
	if err == nil && report.Matched+report.Succeeded == 0 {
		return errNo
	}
	return err
}

// coresFor is how many cores may look through a log at the same time. The failures
// of sessions depend on the order of lines, their verdicts do not; patterns over several lines do.
func coresFor(f *filter.Filter, w wants) int {
	if f.OverLines() || w.failures && f.Stateful() {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// clock returns the zone of dates without one and the time at which the log is read.
func (o regexOptions) clock(now time.Time) (*time.Location, time.Time, error) {
	zone := time.Local
	if o.timezone != "" {
		named, err := config.ParseTimezone(o.timezone)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("reading --timezone: %w", err)
		}
		if named != nil {
			zone = named
		}
	}
	if o.now != "" {
		var err error
		if now, err = parseNow(o.now, zone); err != nil {
			return nil, time.Time{}, fmt.Errorf("reading --now: %w", err)
		}
	}
	return zone, now, nil
}
