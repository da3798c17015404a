package iptables

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gaol/action"
)

// Start implements action.Action. Sets of ours that are there are emptied, or
// replaced if they are of another make; rules that are as they should be stay. Where the kernel has no ipset, Rules are
// started instead; the next Start tries anew.
func (s *Set) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.families, s.notes, s.checks, s.rules = nil, nil, 0, nil
	err := s.startSets(ctx)
	if err == nil || !noSets(err) {
		return err
	}
	s.hangUp()
	s.log.Warn("the kernel has no ipset: banning by rules", "jail", s.rule.Jail, "err", err)
	if s.rules, err = s.newRules(); err != nil {
		return err
	}
	return s.rules.Start(ctx)
}

func (s *Set) newRules() (*Rules, error) {
	opts := s.opts
	opts.Rule = s.rule
	return NewRules(opts)
}

func (s *Set) startSets(ctx context.Context) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	use, err := s.usable(ctx)
	if err != nil {
		return err
	}
	for _, f := range use {
		f.overtaken, f.regained = nil, 0
		if err := s.startFamily(ctx, f); err != nil {
			return err
		}
	}
	return s.begin(use)
}

// begin uses families from now on, whose rules are made.
func (s *Set) begin(use []*family) error {
	if err := missingChains(s.name, s.rule.Chains, use); err != nil {
		return err
	}
	s.families = use
	return nil
}

// usable returns the families that can be had, their rules read. IPv4 must be.
func (s *Set) usable(ctx context.Context) ([]*family, error) {
	if err := s.v4.open(ctx); err != nil {
		return nil, err
	}
	switch err := s.v6.open(ctx); {
	case err == nil:
		return []*family{s.v4, s.v6}, nil
	case errors.Is(err, errNoFamily), errors.Is(err, ErrNoProgram):
		s.notes = append(s.notes, withoutIPv6(err))
		return []*family{s.v4}, nil
	default:
		return nil, err
	}
}

func withoutIPv6(err error) string { return "IPv6 addresses are not banned: " + err.Error() }

// Adjust implements action.Adjuster: the new rules come before the old ones go.
func (s *Set) Adjust(ctx context.Context, rule action.Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rule, err := rule.Succeeding(s.rule)
	if err != nil {
		return fmt.Errorf("iptables: %w", err)
	}
	s.rule, s.v4.rule, s.v6.rule = rule, rule, rule
	if s.rules != nil {
		return s.rules.Adjust(ctx, rule)
	}
	if s.families == nil {
		return nil
	}
	use := s.families
	s.families = nil // unless all goes well
	for _, f := range use {
		if err := f.read(ctx); err != nil {
			return err
		}
		if err := f.makeRules(ctx); err != nil {
			return err
		}
	}
	return s.begin(use)
}

func (s *Set) startFamily(ctx context.Context, f *family) error {
	if f.seen.has(f.chain + ofRules) {
		// Every packet for the jail's ports comes into the chain of Rules.
		if err := f.removeRules(); err != nil {
			return err
		}
	}
	err := s.kernel.ensure(f.set, f.number)
	if errors.Is(err, errInUse) {
		// The rules that hold it are those of an earlier run.
		s.log.Info("replacing a set of another make", "jail", s.rule.Jail, "set", f.set)
		if err = f.removeRules(); err == nil {
			err = retryBusy(ctx, func() error { return s.kernel.ensure(f.set, f.number) })
		}
	}
	if err != nil {
		return explain("making set "+f.set, err)
	}
	return f.makeRules(ctx)
}

// missingChains is an error that names the chains the user asked for that no family has; nil: there is none.
func missingChains(ours string, chains []string, use []*family) error {
	var missing []string
	for _, chain := range chains {
		if !slices.ContainsFunc(use, func(f *family) bool { return f.seen.has(chain) }) {
			missing = append(missing, chain)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("jumping to %s: iptables has no chain %v: make it, or take it out of the jail's chains", ours, missing)
	}
	return nil
}

// Stop implements action.Action.
func (s *Set) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.families, s.rules = nil, nil
	err := s.stopSets(ctx)
	if err == nil || !noSets(err) {
		return err
	}
	s.hangUp()
	rules, err := s.newRules()
	if err != nil {
		return err
	}
	return rules.Stop(ctx)
}

func (s *Set) stopSets(ctx context.Context) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	use, err := s.usable(ctx)
	if err != nil {
		return err
	}
	for _, f := range use {
		if err := f.removeRules(); err != nil {
			return err
		}
		err := retryBusy(ctx, func() error { return s.kernel.remove(f.set) })
		if errors.Is(err, errInUse) {
			// Somebody has built rules of his own on it.
			s.log.Warn("a set is used by rules that are not gaol's: it is emptied and stays", "jail", s.rule.Jail, "set", f.set)
			err = s.kernel.flush(f.set)
		}
		if err != nil {
			return s.failed("removing set "+f.set, err)
		}
	}
	s.hangUp()
	return nil
}
