package route

import (
	"context"
	"fmt"
	"net/netip"

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
		if err := s.checkFamily(family); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) checkFamily(family byte) error {
	option := ""
	if family == unix.AF_INET6 {
		option = "-6 "
	}
	switch there, err := s.conn.hasRule(family); {
	case err != nil:
		return s.failed("reading the rules for routes", err)
	case !there:
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
// in. For how much longer, the kernel does not know; and it counts no packets.
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
	held := action.Held{Set: tableName}
	e := entry{prefix: p, kind: s.kind, metric: s.metric}
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
			held.Add(e.prefix, 0, 0)
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
		there, err := s.conn.has(entry{prefix: p, kind: s.kind, metric: s.metric})
		switch {
		case err != nil:
			return nil, s.failed("asking for the route of "+p.String(), err)
		case !there:
			missing = append(missing, prefix)
		}
	}
	return missing, nil
}
