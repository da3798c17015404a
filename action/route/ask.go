package route

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
)

// tableName is how status calls the table.
const tableName = "route table 47147"

// Check implements action.Checker: it asks for the rule and for the jail's sign.
func (s *Set) Check(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.families == nil {
		return fmt.Errorf("checking routes: jail %s is not started", s.rule.Jail)
	}
	if err := s.dial(ctx); err != nil {
		return err
	}
	for _, family := range s.families {
		if err := s.checkFamily(ctx, family); err != nil {
			return err
		}
	}
	return nil
}

// ruleBack is for how long the rule may be gone while another jail stops, see stopFamily.
const ruleBack = 50 * time.Millisecond

// lacksRule says whether the rule is gone, and stays so.
func (s *Set) lacksRule(ctx context.Context, family byte) (bool, error) {
	for began := time.Now(); ; {
		there, err := s.conn.hasRule(family)
		if there || err != nil || time.Since(began) > ruleBack {
			return !there, err
		}
		select {
		case <-ctx.Done():
			return true, nil
		case <-time.After(ruleBack / 10):
		}
	}
}

func (s *Set) checkFamily(ctx context.Context, family byte) error {
	option := ""
	if family == unix.AF_INET6 {
		option = "-6 "
	}
	switch gone, err := s.lacksRule(ctx, family); {
	case err != nil:
		return s.failed("reading the rules for routes", err)
	case gone:
		return fmt.Errorf("checking routes: ip %srule no longer looks into table %d: %w", option, table, action.ErrLost)
	}
	switch there, err := s.conn.has(s.sign(family)); {
	case err != nil:
		return s.failed("reading "+tableName, err)
	case !there:
		return fmt.Errorf("checking routes: the routes of jail %s are gone from ip %sroute show table %d: %w",
			s.rule.Jail, option, table, action.ErrLost)
	}
	return nil
}

// Holds implements action.Holder: a prefix is held if there is a route for it or for one that it lies
// in. For how much longer, only gaol knows; and the kernel counts no packets.
func (s *Set) Holds(ctx context.Context, prefix netip.Prefix) (action.Held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := action.Normal(prefix)
	if !ok {
		return action.Held{}, nil
	}
	if err := s.dial(ctx); err != nil {
		return action.Held{}, err
	}
	held := action.Held{Set: tableName, Uncounted: true}
	now := time.Now()
	e := s.entry(p)
	for bits := range s.lengths[e.family()] {
		if bits > p.Bits() {
			continue
		}
		e.prefix = netip.PrefixFrom(p.Addr(), bits).Masked()
		there, err := s.conn.has(e)
		if err != nil {
			return action.Held{}, s.failed("asking for the route of "+p.String(), err)
		}
		if there {
			var left time.Duration
			if end := s.held[e.prefix]; !end.IsZero() {
				left = max(end.Sub(now), 1) // it is overdue, not for ever
			}
			held.Add(e.prefix, left, 0)
		}
	}
	return held, nil
}

// Missing implements action.Prober.
func (s *Set) Missing(ctx context.Context, prefixes []netip.Prefix) ([]netip.Prefix, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.dial(ctx); err != nil {
		return nil, err
	}
	var missing []netip.Prefix
	for _, prefix := range prefixes {
		p, ok := action.Normal(prefix)
		if !ok {
			continue
		}
		there, err := s.conn.has(s.entry(p))
		switch {
		case err != nil:
			return nil, s.failed("asking for the route of "+p.String(), err)
		case !there:
			missing = append(missing, prefix)
		}
	}
	return missing, nil
}
