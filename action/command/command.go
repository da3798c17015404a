// Package command runs a program of the user's own for every ban and unban.
//
// Programs are executed as they are, without a shell, and get what they need to
// know as environment variables:
//
//	GAOL_ACTION    start, ban, unban or stop
//	GAOL_JAIL      the jail's name
//
// and for a ban or unban also
//
//	GAOL_IP        the address, or the prefix if it is wider than one; "" for an id
//	GAOL_PREFIX    the prefix, also of a single address; "" for an id
//	GAOL_FAMILY    inet4 or inet6; "" for an id
//	GAOL_ID        the id, where the filter bans something else than addresses
//	GAOL_USER      the account tried last
//	GAOL_START     when the ban began, in seconds since 1970
//	GAOL_END       when it ends, in the same; "" if never
//	GAOL_BANTIME   its length in seconds; -1 if it never ends
//	GAOL_COUNT     the how-manieth ban it is
//	GAOL_FAILURES  how many failures led to it
//	GAOL_LINES     the lines that did, one below the other
//
// GAOL_USER, GAOL_ID and GAOL_LINES are a stranger's text. Control characters in
// them become spaces, invalid UTF-8 becomes U+FFFD and the lines are cut to
// 64 KiB from the front; a program must still quote them like any other data.
// At an unban only what names the ban is sure to be set: an unban by hand knows
// no lines.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Options say what a Command runs.
type Options struct {
	// Name is the action's name, for messages; "": the name of the first
	// program there is.
	Name string
	// Jail is given to the programs as GAOL_JAIL.
	Jail string
	// Start, Ban, Unban and Stop are programs with their arguments. One that is
	// empty is not run.
	Start, Ban, Unban, Stop []string
	// Timeout is how long one program may run before its process group is
	// killed; 0: 60 seconds.
	Timeout time.Duration
	// Env are further variables, as NAME=value. They win over those of this
	// package and over PATH, HOME and LANG, which are taken from gaol's own
	// environment; of that, nothing else is passed on.
	Env []string
	// Logger is told what failing programs wrote; nil: nobody is.
	Logger *slog.Logger
}

const defaultTimeout = 60 * time.Second

// Command is an action that runs programs. Use New. Its methods may be called
// from several goroutines; one program runs at a time.
type Command struct {
	opts Options
	log  *slog.Logger

	mu sync.Mutex // held while programs run; guards held
	// held are the bans that Stop has to undo, without their lines.
	held map[string]jail.Ban
}

var _ action.Action = (*Command)(nil)

// New checks opts. It starts nothing; whether the programs exist is seen when they
// are run.
func New(opts Options) (*Command, error) {
	programs := 0
	for _, argv := range [][]string{opts.Ban, opts.Unban, opts.Start, opts.Stop} {
		if len(argv) == 0 {
			continue
		}
		if argv[0] == "" {
			return nil, errors.New("command: the program's name is empty: expected a program and its arguments")
		}
		programs++
		opts.Name = cmp.Or(opts.Name, filepath.Base(argv[0]))
	}
	if programs == 0 {
		return nil, errors.New("command: there is nothing to run: set at least ban")
	}
	if opts.Timeout < 0 {
		return nil, fmt.Errorf("command %s: timeout %s is negative", opts.Name, opts.Timeout)
	}
	if opts.Timeout == 0 {
		opts.Timeout = defaultTimeout
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Command{
		opts: opts,
		log:  log.With("jail", opts.Jail, "action", opts.Name),
		held: make(map[string]jail.Ban),
	}, nil
}

// Start implements action.Action: it runs the start program.
func (c *Command) Start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run(ctx, c.opts.Start, c.env("start"))
}

// Ban implements action.Action: it runs the ban program for one ban after
// another. Those for which it fails are in a *action.FailedError.
func (c *Command) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	return c.each(ctx, bans, func(b jail.Ban) error {
		if b.Over(now) {
			return nil
		}
		if err := c.run(ctx, c.opts.Ban, c.banEnv("ban", b)); err != nil {
			return err
		}
		b.Lines, b.Patterns = nil, nil
		c.held[b.Target()] = b
		return nil
	})
}

// Unban implements action.Action: it runs the unban program for one ban after
// another, also for a ban made before this process. Those for which it fails
// are in a *action.FailedError.
func (c *Command) Unban(ctx context.Context, bans []jail.Ban) error {
	return c.each(ctx, bans, func(b jail.Ban) error { return c.undo(ctx, b) })
}

// Stop implements action.Action: it runs the unban program for every ban that is in
// force, and then the stop program.
func (c *Command) Stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, b := range c.heldByStart() {
		if err := c.undo(ctx, b); err != nil {
			errs = append(errs, &action.FailedError{Bans: []jail.Ban{b}, Err: err})
		}
		if ctx.Err() != nil {
			break
		}
	}
	clear(c.held)
	return errors.Join(append(errs, c.run(ctx, c.opts.Stop, c.env("stop")))...)
}

func (c *Command) undo(ctx context.Context, b jail.Ban) error {
	if err := c.run(ctx, c.opts.Unban, c.banEnv("unban", b)); err != nil {
		return err
	}
	delete(c.held, b.Target())
	return nil
}

// each calls do for one ban after another. One that fails does not keep the
// others from their turn, unless ctx is done.
func (c *Command) each(ctx context.Context, bans []jail.Ban, do func(jail.Ban) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	failed := &action.FailedError{}
	for i, b := range bans {
		if err := ctx.Err(); err != nil {
			failed.Bans = append(failed.Bans, bans[i:]...)
			failed.Err = err
			return failed
		}
		if err := do(b); err != nil {
			failed.Bans = append(failed.Bans, b)
			failed.Err = err
		}
	}
	if len(failed.Bans) > 0 {
		return failed
	}
	return nil
}
