// Package nftables bans with nftables, by netlink alone: a table "inet gaol" in
// which each jail has a chain and its sets. "nft list table inet gaol" shows
// for a jail called sshd:
//
//	set addr4-sshd    { type ipv4_addr; flags timeout; counter; }
//	set addr6-sshd/64 { type ipv6_addr; flags timeout; counter; }
//	chain jail-sshd {
//		type filter hook prerouting priority -110; policy accept;
//		meta l4proto != tcp return
//		tcp dport != 22 return
//		ip saddr @addr4-sshd counter reject
//		ip6 saddr & ffff:ffff:ffff:ffff:: @addr6-sshd/64 counter reject
//	}
//
// Three things are not obvious.
//
// The hook is prerouting, just before destination NAT (priority -100): a
// packet for a published container port never meets the input hook, and once
// NAT is done it carries the container's port instead of the one that was
// published. To refuse there takes Linux 5.9; dropping takes less.
//
// A chain of its own for each jail, not rules in a shared one: a jail comes and goes without
// touching the others. The last to go removes the table.
//
// There is one hash set for each prefix length in use, made when the first ban
// of that length comes, as ipset's hash:net does inside. An interval set would
// take all lengths at once, but refuses a prefix that overlaps with another,
// and a ban by hand of a network in which addresses are banned already is an
// everyday thing.
package nftables

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/nftables"

	"gaol/action"
	"gaol/action/nfevents"
	"gaol/jail"
)

// Options say for which jail a Set bans.
type Options struct {
	// Rule is what is closed; its Jail is required. Chains are ignored: the
	// prerouting hook sees every packet.
	Rule action.Rule
	// Logger is told what was found and replaced; nil: nobody is.
	Logger *slog.Logger
}

// Set is the action of one jail. Use New. Its methods may be called from several
// goroutines.
type Set struct {
	rule action.Rule
	name string // the jail's, fit for the kernel
	log  *slog.Logger

	// own is the connection, to those who listen to changes.
	own nfevents.Own

	mu   sync.Mutex // guards all below, and one use of the connection at a time
	conn *connection
	// made are the sets that are there since Start, by what they hold.
	made   map[kind]*nftables.Set
	lastID uint32 // see nextID
	// refused is what the rules have counted.
	refused action.Tally
}

var (
	_ action.Action   = (*Set)(nil)
	_ action.Adjuster = (*Set)(nil)
	_ action.Checker  = (*Set)(nil)
	_ action.Counter  = (*Set)(nil)
	_ action.Holder   = (*Set)(nil)
	_ action.Prober   = (*Set)(nil)
	_ action.Noter    = (*Set)(nil)
)

// maxName leaves room in a name of 255 bytes (NFT_NAME_MAXLEN in
// linux/netfilter/nf_tables.h) and is easily read.
const maxName = 64

// New checks opts. It starts nothing and does not touch the kernel.
func New(opts Options) (*Set, error) {
	rule, err := opts.Rule.Checked()
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Set{rule: rule, name: action.ObjectName(rule.Jail, maxName), log: log}, nil
}

// Start implements action.Action. What is there under the jail's names is
// replaced by an empty set and fresh rules, in one transaction.
func (s *Set) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.dial(ctx); err != nil {
		return err
	}
	s.made = nil
	found, err := s.remove()
	if err != nil {
		return s.failed("reading table inet gaol", err)
	}
	made := s.build()
	if err := s.conn.Flush(); err != nil {
		return s.failed("making the rules of jail "+s.rule.Jail, err)
	}
	s.made = made
	s.refused.Restart()
	if found > 0 {
		s.log.Info("replaced what an earlier run left in nftables", "jail", s.rule.Jail, "count", found)
	}
	return nil
}

// Adjust implements action.Adjuster: the chain has other rules from one packet to the next.
func (s *Set) Adjust(ctx context.Context, rule action.Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rule, err := rule.Succeeding(s.rule)
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	s.rule = rule
	if s.made == nil {
		return nil
	}
	made := s.made
	s.made = nil // unless all goes well
	if err := s.dial(ctx); err != nil {
		return err
	}
	if _, err := s.readRules(s.chain()); err != nil { // their counts go with them
		return err
	}
	s.conn.FlushChain(s.chain())
	s.addPortRules(s.chain())
	for k, set := range made {
		s.addRefusals(s.chain(), k, set)
	}
	if err := s.conn.Flush(); err != nil {
		return s.failed("changing the rules of jail "+s.rule.Jail, err)
	}
	s.made = made
	s.refused.Restart()
	return nil
}

// batch is how many elements go into one transaction. 16 bits hold the length
// of an attribute, which is some 1,600 IPv6 elements; the socket's buffer holds
// some 200 kB.
const batch = 1000

// Ban implements action.Action.
func (s *Set) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	v4, v6 := action.Members(bans, now)
	return s.change(ctx, append(v4, v6...), "banning", s.add)
}

// Unban implements action.Action.
func (s *Set) Unban(ctx context.Context, bans []jail.Ban) error {
	v4, v6 := action.Members(bans, time.Time{})
	return s.change(ctx, append(v4, v6...), "unbanning", s.del)
}

// change applies one transaction after another, each for a batch of members.
func (s *Set) change(ctx context.Context, members []action.Member, doing string, put func([]action.Member) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == nil {
		return fmt.Errorf("%s in nftables: jail %s is not started", doing, s.rule.Jail)
	}
	for part := range slices.Chunk(members, batch) {
		if err := s.dial(ctx); err != nil {
			return err
		}
		if err := put(part); err != nil {
			return s.failed(fmt.Sprintf("%s %d addresses of jail %s", doing, len(part), s.rule.Jail), err)
		}
	}
	return nil
}

// Stop implements action.Action. The last jail to stop removes the table.
func (s *Set) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.dial(ctx); err != nil {
		return err
	}
	s.made = nil
	if _, err := s.remove(); err != nil {
		return s.failed("reading table inet gaol", err)
	}
	if err := s.conn.Flush(); err != nil {
		return s.failed("removing the rules of jail "+s.rule.Jail, err)
	}
	if err := s.conn.deleteEmptyTable(); err != nil {
		return s.failed("removing table inet gaol", err)
	}
	s.hangUp()
	return nil
}

// Check implements action.Checker: it counts the rules of the jail's chain,
// which no set can be removed beneath.
func (s *Set) Check(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == nil {
		return fmt.Errorf("checking nftables: jail %s is not started", s.rule.Jail)
	}
	if err := s.dial(ctx); err != nil {
		return err
	}
	rules, err := s.readRules(s.chain())
	if err != nil {
		return err
	}
	if want := s.ruleCount(len(s.made)); len(rules) < want {
		return fmt.Errorf("checking nftables: chain %s of table inet gaol has %d rules instead of %d: %w",
			s.chain().Name, len(rules), want, action.ErrLost)
	}
	return nil
}
