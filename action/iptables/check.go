package iptables

import (
	"context"
	"errors"
	"fmt"

	"gaol/action"
)

// The rules are read through the iptables command every so many checks, and sooner where the kernel says that
// something has changed: that takes milliseconds, and almost all that can happen to rules shows in
// the set's header, which takes microseconds.
const (
	thoroughEvery = 30
	soonerEvery   = 10
)

// check asks the kernel how many rules look into the set; thoroughly, it reads
// the rules.
func (f *family) check(ctx context.Context, kernel *ipsets, n int) error {
	h, err := kernel.header(f.set)
	if err != nil {
		return explain("asking for set "+f.set, err)
	}
	if int(h.references) < f.jumps {
		return fmt.Errorf("checking iptables: %d rules look into set %s instead of %d: %w", h.references, f.set, f.jumps, action.ErrLost)
	}
	f.members = h.elements
	if n%soonerEvery != 0 {
		return nil
	}
	mark := f.changes(ctx)
	if n%thoroughEvery != 0 && (mark == "" || mark == f.seenMark) {
		return nil
	}
	if err := f.read(ctx); err != nil {
		return err
	}
	f.seenMark = mark
	if err := f.checkRules(); err != nil {
		return err
	}
	return f.regain(ctx)
}

// checkRules looks at the rules as they were read last.
func (f *family) checkRules() error {
	if len(f.seen.byChain[f.refuses()]) == 0 {
		return fmt.Errorf("checking iptables: chain %s is empty or gone: %w", f.refuses(), action.ErrLost)
	}
	for _, chain := range f.chains() {
		if got, want := len(f.seen.jumps(chain, f.chain)), len(f.jumpSpecs(chain)); got < want {
			return fmt.Errorf("checking iptables: chain %s has %d jumps to %s instead of %d: %w", chain, got, f.chain, want, action.ErrLost)
		}
	}
	return nil
}

// Check implements action.Checker.
func (s *Set) Check(ctx context.Context) error {
	if rules := s.instead(); rules != nil {
		return rules.Check(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.families == nil {
		return errors.New("checking iptables: jail " + s.rule.Jail + " is not started")
	}
	s.checks++
	for _, f := range s.families {
		if err := s.connect(ctx); err != nil {
			return err
		}
		if err := f.check(ctx, s.kernel, s.checks); err != nil {
			s.hangUp() // see failed
			if errors.Is(err, action.ErrLost) {
				f.awaitCalm(ctx)
			}
			return err
		}
	}
	return nil
}

// Size implements action.Sized.
func (s *Set) Size() (members int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.families {
		if f.members < 0 {
			return 0, false
		}
		members += f.members
	}
	return members, s.families != nil && s.checks > 0
}
