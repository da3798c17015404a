// Package command runs a program of the user's own for every ban and unban.
package command

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Options say what a Command runs.
type Options struct {
	// Name is the action's name, for messages; "": the program's.
	Name string
	// Jail is given to the programs as GAOL_JAIL.
	Jail string
	// Start, Ban, Unban and Stop are programs with their arguments. They are
	// executed as they are, without a shell. An empty one is not run.
	Start, Ban, Unban, Stop []string
	// Timeout is how long one program may run before its process group is
	// killed; 0: 60 seconds.
	Timeout time.Duration
	// Env are further variables, as NAME=value.
	Env []string
	// Logger is told what failing programs wrote; nil: nobody is.
	Logger *slog.Logger
}

// Command is an action that runs programs. Use New.
type Command struct {
	opts Options
}

var _ action.Action = (*Command)(nil)

var errEarly = errors.New("not there yet")

// New checks opts. It starts nothing.
func New(opts Options) (*Command, error) {
	if len(opts.Ban) == 0 && len(opts.Unban) == 0 && len(opts.Start) == 0 && len(opts.Stop) == 0 {
		return nil, errors.New("command: there is nothing to run: set at least ban")
	}
	return &Command{opts: opts}, nil
}

// Start implements action.Action.
func (c *Command) Start(context.Context) error { return errEarly }

// Ban implements action.Action.
func (c *Command) Ban(context.Context, []jail.Ban, time.Time) error { return errEarly }

// Unban implements action.Action.
func (c *Command) Unban(context.Context, []jail.Ban) error { return errEarly }

// Stop implements action.Action.
func (c *Command) Stop(context.Context) error { return errEarly }
