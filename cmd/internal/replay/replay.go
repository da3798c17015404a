// Package replay says whom a configuration would have banned, by logs that were recorded: the
// stages of the daemon, on a clock made of the dates in the lines. No action runs, and nothing is
// kept.
//
// [Run] finds which jail reads which log, matches on all cores where a filter lets it, brings the failures
// of all logs into the order of their dates, and has the jails count them. [Compare] tells two results
// apart, [Picture] draws one.
package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gaol/config"
	"gaol/jail"
)

// Options say what is replayed.
type Options struct {
	Config *config.Config
	// Logs are paths of log files, also compressed by gzip or zstd. Rotated files of one log are
	// read as one, the oldest first; which is the oldest, their dates say.
	Logs []string
	// Jail reads all of Logs; "": each jail reads those that its logpath means, or meant before
	// they were rotated.
	Jail string
	// Zone is that of dates without one; nil: each jail's timezone.
	Zone *time.Location
	// Now is when the logs are read, for dates without a year. Required.
	Now time.Time
	// Cores look through the logs at the same time, one for each log at least; 0 means 1.
	Cores int
	// Timeline keeps when those who are banned failed, for [Picture].
	Timeline bool
	// Progress is told now and then how many bytes of all Size were read; nil: nobody is. It is called from
	// one goroutine at a time.
	Progress func(read, size int64)
}

// Result is what came of it.
type Result struct {
	// From and To are the first and the last date in the logs; zero: they bear none.
	From, To time.Time
	// Lines are those of all logs, Failures what the filters found in them for all jails,
	// Ignored how many of these were of somebody who is never banned.
	Lines, Failures, Ignored int64
	// Bans are in the order in which they were made.
	Bans []jail.Ban
	// Notes say what may be otherwise in the daemon, or keeps lines from counting.
	Notes []string
	// Timeline is when whoever is banned failed, nil unless it was asked for.
	Timeline *Timeline
}

// Run replays logs.
func Run(ctx context.Context, opts Options) (*Result, error) {
	opts.Cores = max(opts.Cores, 1)
	players, notes, err := playersOf(ctx, opts)
	if err != nil {
		return nil, err
	}
	streams, err := streamsOf(opts, players)
	if err != nil {
		return nil, err
	}
	r := &Result{Notes: notes}
	if opts.Timeline {
		r.Timeline = newTimeline()
	}
	c := counting{result: r, players: players, increments: incrementsOverall(players)}
	if err := c.run(ctx, streams); err != nil {
		return nil, err
	}
	c.sumUp(streams)
	return r, nil
}

// player is a jail that may read logs, or the bans of the others.
type player struct {
	config.Jail
	jail   *jail.Jail
	ignore *jail.Ignore
	// faults are what could not be learned of who is ignored.
	faults []error
	// undated, unresolved and lost count failures that bear no date, that name a host, and that could not be
	// counted for want of any date.
	undated, unresolved, lost int64
}

// playersOf makes the jails: that of opts.Jail, or all that are enabled. Notes name those that the
// daemon would leave out.
func playersOf(ctx context.Context, opts Options) (players []*player, notes []string, err error) {
	for _, j := range opts.Config.Jails {
		if !j.Enabled || opts.Jail != "" && j.Name != opts.Jail {
			continue
		}
		var p *player
		err := problemsOf(j.Problems)
		if err == nil {
			p, err = newPlayer(ctx, j, opts)
		}
		switch {
		case err == nil:
			players = append(players, p)
		case opts.Jail != "":
			return nil, nil, fmt.Errorf("replaying jail %s: %w", j.Name, err)
		default:
			notes = append(notes, fmt.Sprintf("jail %s is left out: %v", j.Name, err))
		}
	}
	switch {
	case len(players) > 0:
		return players, notes, nil
	case opts.Jail != "":
		return nil, nil, fmt.Errorf("there is no jail %q in %s", opts.Jail, opts.Config.File)
	case len(notes) > 0:
		return nil, nil, fmt.Errorf("no jail of %s can run: %s", opts.Config.File, strings.Join(notes, "; "))
	default:
		return nil, nil, fmt.Errorf("no jail is enabled in %s: enable one there, or name one with -j", opts.Config.File)
	}
}

func problemsOf(problems []config.Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}
