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
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

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
	_ action.Sized    = (*Set)(nil)
)

const (
	namePrefix = "gaol-"
	maxJail    = 28 - len(namePrefix) - len(ofRules)
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
	return append(slices.Clip(s.notes), notesOf(s.families)...)
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
