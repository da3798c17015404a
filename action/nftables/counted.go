package nftables

import (
	"context"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"gaol/action"
)

// Counted implements action.Counter: the counters of the rules that refuse.
func (s *Set) Counted(ctx context.Context) (action.Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == nil {
		return action.Counts{}, fmt.Errorf("counting in nftables: jail %s is not started", s.rule.Jail)
	}
	if err := s.dial(ctx); err != nil {
		return action.Counts{}, err
	}
	if _, err := s.readRules(s.chain()); err != nil {
		return action.Counts{}, err
	}
	return s.refused.Total(), nil
}

// readRules reads the jail's chain, and notes what its counters say.
func (s *Set) readRules(chain *nftables.Chain) ([]*nftables.Rule, error) {
	rules, err := s.conn.GetRules(table(), chain)
	if err != nil {
		return nil, s.failed("reading chain "+chain.Name+" of table inet gaol", err)
	}
	var sum action.Counts
	for _, r := range rules {
		for _, e := range r.Exprs {
			if c, ok := e.(*expr.Counter); ok {
				sum = sum.Add(action.Counts{Packets: c.Packets, Bytes: c.Bytes})
			}
		}
	}
	s.refused.See(sum)
	return rules, nil
}
