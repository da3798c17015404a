// Package iptables bans with iptables and ipset. For a jail called web with ports 80
// and 443 there is, by iptables and again by ip6tables with set gaol-web6:
//
//	-N gaol-web
//	-A gaol-web -j REJECT --reject-with icmp-port-unreachable
//	-I INPUT 1 -p tcp -m multiport --dports 80,443 -m set --match-set gaol-web src -j gaol-web
//	-I DOCKER-USER 1 -p tcp -m conntrack --ctorigdstport 80 --ctdir ORIGINAL -m set --match-set gaol-web src -j gaol-web
//	-I DOCKER-USER 1 -p tcp -m conntrack --ctstate INVALID -m set --match-set gaol-web src -j gaol-web
//
// The chain and its jumps are made by the iptables command, of which
// iptables-nft and iptables-legacy do equally, through coreos/go-iptables.
// The banned addresses are members of hash:net sets, which are changed by netlink:
// no program is ever started for an address.
//
// Ports and set stand in the jump rather than in the chain: a packet for another
// port is let go after one comparison, and the kernel's count of rules
// that look into the set tells, without starting a program, whether the jumps
// are all there.
//
// Refusals are ICMP errors, as fail2ban's are. The kernel sends each host about one
// a second after the first six (icmp_ratelimit); a connection that gets none
// waits, as it would if it were dropped.
//
// In chains that forwarded packets pass, such as DOCKER-USER, the port is compared with the one the
// connection was made to before NAT: the packet's own is the container's there. TCP packets of no connection
// that the kernel knows are refused whatever their port, as those of connections are that were ended at the ban.
//
// Names: a set's name has at most 31 bytes (IPSET_MAXNAMELEN) and a chain's 28
// (XT_EXTENSION_MAXNAMELEN). A jail's name of more than 22 bytes, with
// characters other than letters, digits and "_.-", or with a 6 at its end is
// shortened and ends in a hash; see action.ObjectName.
package iptables

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/jail"
)

// Options say for which jail a Set bans, and with which programs.
type Options struct {
	// Rule is what is closed; its Jail is required.
	Rule action.Rule
	// IPTables and IP6Tables are the programs' names or paths; "": "iptables"
	// and "ip6tables", found in PATH. Without the latter, or without IPv6, IPv6
	// addresses are not banned, and Notes says so.
	IPTables, IP6Tables string
	// Logger is told what was found and replaced; nil: nobody is.
	Logger *slog.Logger
}

// Set is the action of one jail. Use New. Its methods may be called from
// several goroutines.
type Set struct {
	rule action.Rule
	name string // of the chain, and of the IPv4 set
	log  *slog.Logger

	// counting is held while the counters are read; it guards the families' tallies, and byRules, what rules have counted.
	counting sync.Mutex
	byRules  action.Tally

	mu       sync.Mutex // guards all below
	kernel   *ipsets    // nil: not connected
	v4, v6   *family
	families []*family // those that are in use since Start, v4 first
	notes    []string
	checks   int // since Start
	// rules take the place of all that where the kernel has no ipset; nil: it has.
	rules *Rules
	opts  Options
}

var (
	_ action.Action   = (*Set)(nil)
	_ action.Adjuster = (*Set)(nil)
	_ action.Checker  = (*Set)(nil)
	_ action.Counter  = (*Set)(nil)
	_ action.Holder   = (*Set)(nil)
	_ action.Limited  = (*Set)(nil)
	_ action.Prober   = (*Set)(nil)
	_ action.Noter    = (*Set)(nil)
)

const (
	namePrefix = "gaol-"
	maxJail    = 28 - len(namePrefix) - len(ofRules)
	// Every so many checks the rules are read through the iptables command as
	// well: that takes milliseconds, and almost all that can happen to rules
	// shows in the set's header, which takes microseconds.
	thoroughEvery = 30
)

// New checks opts. It starts nothing and touches neither kernel nor programs.
func New(opts Options) (*Set, error) { return newSet(opts, namePrefix) }

// newSet is New with names that begin with prefix.
func newSet(opts Options, prefix string) (*Set, error) {
	rule, err := opts.Rule.Checked()
	if err != nil {
		return nil, fmt.Errorf("iptables: %w", err)
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Set{rule: rule, name: prefix + action.ObjectName(rule.Jail, maxJail), log: log, opts: opts}
	s.v4 = newFamily(unix.AF_INET, opts.IPTables, s.name, s.name, rule)
	s.v6 = newFamily(unix.AF_INET6, opts.IP6Tables, s.name, s.name+"6", rule)
	return s, nil
}

// Longest implements action.Limited: the kernel's timeouts end at 24.8 days.
func (s *Set) Longest() time.Duration { return longest }

// Notes implements action.Noter.
func (s *Set) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rules != nil {
		return append([]string{"the kernel has no ipset: load modules ip_set, ip_set_hash_net and xt_set"}, s.rules.Notes()...)
	}
	notes := s.notes
	for _, f := range s.families {
		if f.note != "" {
			return append(slices.Clip(notes), f.note)
		}
	}
	return notes
}

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

// Ban implements action.Action.
func (s *Set) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	if rules := s.instead(); rules != nil {
		return rules.Ban(ctx, bans, now)
	}
	v4, v6 := action.Members(bans, now)
	return s.change(ctx, "banning", v4, v6, (*ipsets).add)
}

// Unban implements action.Action.
func (s *Set) Unban(ctx context.Context, bans []jail.Ban) error {
	if rules := s.instead(); rules != nil {
		return rules.Unban(ctx, bans)
	}
	v4, v6 := action.Members(bans, time.Time{})
	return s.change(ctx, "unbanning", v4, v6, (*ipsets).del)
}

func (s *Set) change(ctx context.Context, doing string, v4, v6 []action.Member, put func(*ipsets, string, []action.Member) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.families == nil {
		return fmt.Errorf("%s in iptables: jail %s is not started", doing, s.rule.Jail)
	}
	for _, f := range s.families {
		members := v4
		if f.number == unix.AF_INET6 {
			members = v6
		}
		if len(members) == 0 {
			continue
		}
		if err := s.connect(ctx); err != nil {
			return err
		}
		if err := put(s.kernel, f.set, members); err != nil {
			return s.failed(fmt.Sprintf("%s %d addresses in set %s", doing, len(members), f.set), err)
		}
	}
	return nil
}

// instead are the rules that take the sets' place, or nil.
func (s *Set) instead() *Rules {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules
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

// connect opens the netlink socket unless it is open, and gives it ctx's
// deadline.
func (s *Set) connect(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("changing ipset for jail %s: %w", s.rule.Jail, err)
	}
	if s.kernel == nil {
		kernel, err := dial(ctx)
		if err != nil {
			return err
		}
		s.kernel = kernel
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Time{}
	}
	if err := s.kernel.conn.SetDeadline(deadline); err != nil {
		return s.failed("setting the deadline of a netlink socket", err)
	}
	return nil
}

// dial opens a netlink socket with ctx's deadline.
func dial(ctx context.Context) (*ipsets, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, explain("opening a netlink socket for ipset", err)
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(explain("setting the deadline of a netlink socket", err), conn.Close())
	}
	return &ipsets{conn: conn}, nil
}

func (s *Set) hangUp() {
	if s.kernel != nil {
		_ = s.kernel.conn.Close() // nothing was promised that could get lost
		s.kernel = nil
	}
}

// failed hangs up, because an answer that nobody read may wait in the socket
// after an error, and explains err.
func (s *Set) failed(doing string, err error) error {
	s.hangUp()
	return explain(doing, err)
}
