package iptables

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/jail"
)

// ofRules is added to a chain's name for the one that refuses, where our chain has the addresses:
//
//	-A INPUT -p tcp -m multiport --dports 80,443 -j gaol-web
//	-A gaol-web -s 192.0.2.7/32 -j gaol-web~
//	-A gaol-web~ -j REJECT --reject-with icmp-port-unreachable
const ofRules = "~"

// Rules is the action of one jail on a host without ipset: each banned address is a rule, and
// all bans and unbans of a moment are one run of iptables-restore. Use NewRules. Its methods may be called
// from several goroutines.
//
// Rules have no timeouts: a ban ends when Unban is called, and if nobody is left to call it, at the next Start, which
// empties the chain.
type Rules struct {
	rule action.Rule
	log  *slog.Logger

	counting sync.Mutex // as that of Set

	mu       sync.Mutex // guards all below
	v4, v6   *list
	families []*list // those that are in use since Start, v4 first
	notes    []string
}

var (
	_ action.Action   = (*Rules)(nil)
	_ action.Adjuster = (*Rules)(nil)
	_ action.Checker  = (*Rules)(nil)
	_ action.Counter  = (*Rules)(nil)
	_ action.Holder   = (*Rules)(nil)
	_ action.Prober   = (*Rules)(nil)
	_ action.Noter    = (*Rules)(nil)
)

// slowFrom is from how many bans on every new packet for the jail's ports notices that it is compared with
// one after the other: about ten nanoseconds each.
const slowFrom = 1000

// NewRules checks opts. It starts nothing and touches neither kernel nor programs.
func NewRules(opts Options) (*Rules, error) {
	rule, err := opts.Rule.Checked()
	if err != nil {
		return nil, fmt.Errorf("iptables-rules: %w", err)
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	name := namePrefix + action.ObjectName(rule.Jail, maxJail)
	return &Rules{
		rule: rule, log: log,
		v4: &list{family: newFamily(unix.AF_INET, opts.IPTables, name, "", rule)},
		v6: &list{family: newFamily(unix.AF_INET6, opts.IP6Tables, name, "", rule)},
	}, nil
}

// Notes implements action.Noter.
func (r *Rules) Notes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	notes := append([]string{fmt.Sprintf("addresses are banned by rules, without ipset: "+
		"slow from %d bans on, and if gaol dies they stay banned until it is started again", slowFrom)}, r.notes...)
	families := make([]*family, 0, len(r.families))
	for _, f := range r.families {
		families = append(families, f.family)
	}
	return append(notes, notesOf(families)...)
}

// Start implements action.Action. The chain is emptied, and sets of an earlier run's that had ipset are removed.
func (r *Rules) Start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.families, r.notes = nil, nil
	use, err := r.usable(ctx)
	if err != nil {
		return err
	}
	for _, f := range use {
		if err := f.start(ctx); err != nil {
			return err
		}
	}
	r.removeSets(ctx)
	return r.begin(use)
}

// begin uses families from now on, whose rules are made.
func (r *Rules) begin(use []*list) error {
	families := make([]*family, 0, len(use))
	for _, f := range use {
		families = append(families, f.family)
	}
	if err := missingChains(r.v4.chain, r.rule.Chains, families); err != nil {
		return err
	}
	r.families = use
	return nil
}

// usable returns the families that can be had, their rules read. IPv4 must be.
func (r *Rules) usable(ctx context.Context) ([]*list, error) {
	if err := r.v4.open(ctx); err != nil {
		return nil, err
	}
	switch err := r.v6.open(ctx); {
	case err == nil:
		return []*list{r.v4, r.v6}, nil
	case errors.Is(err, errNoFamily), errors.Is(err, ErrNoProgram):
		r.notes = append(r.notes, withoutIPv6(err))
		return []*list{r.v4}, nil
	default:
		return nil, err
	}
}

// removeSets removes what is of no use to rules. Where there is no ipset there is nothing to remove, and nothing else that
// may go wrong with it keeps a ban from being in force.
func (r *Rules) removeSets(ctx context.Context) {
	kernel, err := dial(ctx)
	if err != nil {
		return
	}
	defer func() { _ = kernel.conn.Close() }()
	for _, set := range []string{r.v4.chain, r.v4.chain + "6"} {
		if err := retryBusy(ctx, func() error { return kernel.remove(set) }); err != nil && !noSets(err) {
			r.log.Warn("a set of an earlier run stays", "jail", r.rule.Jail, "set", set, "err", err)
		}
	}
}

// Adjust implements action.Adjuster: the addresses stay where they are.
func (r *Rules) Adjust(ctx context.Context, rule action.Rule) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	rule, err := rule.Succeeding(r.rule)
	if err != nil {
		return fmt.Errorf("iptables-rules: %w", err)
	}
	r.rule, r.v4.rule, r.v6.rule = rule, rule, rule
	if r.families == nil {
		return nil
	}
	use := r.families
	r.families = nil // unless all goes well
	for _, f := range use {
		if err := errors.Join(f.read(ctx), ctx.Err()); err != nil {
			return err
		}
		if err := f.makeRules(ctx); err != nil {
			return err
		}
	}
	return r.begin(use)
}

// Ban implements action.Action.
func (r *Rules) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	v4, v6 := action.Members(bans, now)
	return r.change(ctx, "banning", v4, v6, func(f *list, members []action.Member) error { return f.add(ctx, members, now) })
}

// Unban implements action.Action.
func (r *Rules) Unban(ctx context.Context, bans []jail.Ban) error {
	v4, v6 := action.Members(bans, time.Time{})
	return r.change(ctx, "unbanning", v4, v6, func(f *list, members []action.Member) error { return f.del(ctx, members) })
}

func (r *Rules) change(ctx context.Context, doing string, v4, v6 []action.Member, put func(*list, []action.Member) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.families == nil {
		return fmt.Errorf("%s in iptables: jail %s is not started", doing, r.rule.Jail)
	}
	for _, f := range r.families {
		members := v4
		if f.number == unix.AF_INET6 {
			members = v6
		}
		if len(members) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s in iptables for jail %s: %w", doing, r.rule.Jail, err)
		}
		if err := put(f, members); err != nil {
			return explain(fmt.Sprintf("%s %d addresses in chain %s", doing, len(members), f.chain), err)
		}
	}
	return nil
}

// Stop implements action.Action.
func (r *Rules) Stop(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.families = nil
	use, err := r.usable(ctx)
	if err != nil {
		return err
	}
	for _, f := range use {
		f.held = nil
		if err := f.removeRules(); err != nil {
			return err
		}
	}
	r.removeSets(ctx)
	return nil
}

// Check implements action.Checker. It starts a program only if something has changed, see list.look.
func (r *Rules) Check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.families == nil {
		return errors.New("checking iptables: jail " + r.rule.Jail + " is not started")
	}
	for _, f := range r.families {
		if err := f.check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Missing implements action.Prober, by what Check has read.
func (r *Rules) Missing(ctx context.Context, prefixes []netip.Prefix) ([]netip.Prefix, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []netip.Prefix
	for _, prefix := range prefixes {
		p, ok := action.Normal(prefix)
		f := r.familyOf(p)
		if !ok || f == nil {
			continue
		}
		if err := f.look(ctx); err != nil {
			return nil, err
		}
		if !f.has(p) {
			missing = append(missing, prefix)
		}
	}
	return missing, nil
}

// Holds implements action.Holder, by reading the chain with its counters.
func (r *Rules) Holds(ctx context.Context, prefix netip.Prefix) (action.Held, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := action.Normal(prefix)
	if !ok {
		return action.Held{}, nil
	}
	f := r.familyOf(p)
	if f == nil {
		return action.Held{Set: r.v4.chain}, nil
	}
	return f.holds(ctx, p)
}

// familyOf is the family in use that p belongs to, or nil.
func (r *Rules) familyOf(p netip.Prefix) *list {
	for _, f := range r.families {
		if (f.number == unix.AF_INET6) == p.Addr().Is6() {
			return f
		}
	}
	return nil
}

// holding lists what was banned. Whether the chains have it is what each check looks for.
func (r *Rules) holding() []netip.Prefix {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []netip.Prefix
	for _, l := range r.families {
		all = slices.AppendSeq(all, maps.Keys(l.held))
	}
	return all
}
