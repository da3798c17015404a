// Package iptables bans with iptables and ipset: a chain for each jail, made
// by the iptables command (iptables-nft and iptables-legacy alike), and its
// members in hash:net sets, which are changed by netlink.
package iptables

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Options say for which jail a Set bans, and with which programs.
type Options struct {
	// Rule is what is closed; its Jail is required.
	Rule action.Rule
	// IPTables and IP6Tables are the programs' names or paths; "": "iptables"
	// and "ip6tables", found in PATH.
	IPTables, IP6Tables string
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

// New checks opts. It starts nothing and does not touch the kernel.
func New(opts Options) (*Set, error) {
	if opts.Rule.Jail == "" {
		return nil, errors.New("iptables: the rule names no jail")
	}
	return &Set{opts: opts}, nil
}

// Start implements action.Action.
func (s *Set) Start(context.Context) error { return errEarly }

// Ban implements action.Action.
func (s *Set) Ban(context.Context, []jail.Ban, time.Time) error { return errEarly }

// Unban implements action.Action.
func (s *Set) Unban(context.Context, []jail.Ban) error { return errEarly }

// Stop implements action.Action.
func (s *Set) Stop(context.Context) error { return errEarly }

// Check implements action.Checker.
func (s *Set) Check(context.Context) error { return errEarly }

// Holds implements action.Holder.
func (s *Set) Holds(context.Context, netip.Prefix) (action.Held, error) {
	return action.Held{}, errEarly
}
