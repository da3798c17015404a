// Package nftables bans with nftables, by netlink alone: a table "inet gaol" in
// which each jail has a chain and its sets.
package nftables

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Options say for which jail a Set bans.
type Options struct {
	// Rule is what is closed; its Jail is required.
	Rule action.Rule
	// Logger is told what is left out and why; nil: nobody is.
	Logger *slog.Logger
}

// Set is the action of one jail. Use New.
type Set struct {
	opts Options
}

var (
	_ action.Action  = (*Set)(nil)
	_ action.Checker = (*Set)(nil)
	_ action.Holder  = (*Set)(nil)
)

var errEarly = errors.New("not there yet")

func New(opts Options) (*Set, error) {
	if opts.Rule.Jail == "" {
		return nil, errors.New("nftables: the rule names no jail")
	}
	return &Set{opts: opts}, nil
}

func (s *Set) Start(context.Context) error { return errEarly }

func (s *Set) Ban(context.Context, []jail.Ban, time.Time) error { return errEarly }

func (s *Set) Unban(context.Context, []jail.Ban) error { return errEarly }

func (s *Set) Stop(context.Context) error { return errEarly }

func (s *Set) Check(context.Context) error { return errEarly }

func (s *Set) Holds(context.Context, netip.Prefix) (action.Held, error) {
	return action.Held{}, errEarly
}
