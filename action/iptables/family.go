package iptables

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	goiptables "github.com/coreos/go-iptables/iptables"
	"golang.org/x/sys/unix"

	"gaol/action"
)

const (
	filter = "filter"
	// lockSeconds is how long the iptables commands wait for the xtables lock.
	lockSeconds = 5
	// dockerUser is the chain Docker leaves to the administrator; every packet for
	// a container passes it before Docker's own rules.
	dockerUser = "DOCKER-USER"
)

// family is one of the two sides of a jail: iptables and the IPv4 set, or
// ip6tables and the IPv6 set.
type family struct {
	number  byte // AF_INET or AF_INET6
	program string
	chain   string
	set     string // "": the banned are in rules of the chain, see Rules
	rule    action.Rule

	ipt    *goiptables.IPTables // nil until opened
	path   string
	legacy *bool  // whether it is iptables-legacy; nil until asked, see changes
	seen   rules  // as last read
	jumps  int    // how many rules lead to our chain since makeRules
	note   string // what the rule says and could not be had

	seenMark  string   // of changes, when the rules were last checked
	members   int      // of the set, when it was last checked; -1: the kernel does not say
	overtaken []string // which rules of others come before ours now, in words
	regained  int      // how often ours were put before them since the start

	filled  int          // how often the chain got a rule that counts from 0 on
	counted int          // filled, when it was last counted; see Set.counting
	refused action.Tally // what the chain has counted; see Set.counting
}

func newFamily(number byte, program, chain, set string, rule action.Rule) *family {
	if program == "" {
		program = "iptables"
		if number == unix.AF_INET6 {
			program = "ip6tables"
		}
	}
	return &family{number: number, program: program, chain: chain, set: set, rule: rule}
}

// open finds the program and reads the rules there are.
func (f *family) open(ctx context.Context) error {
	if f.number == unix.AF_INET6 {
		// There is none where IPv6 is compiled out or switched off at boot.
		if _, err := os.Stat("/proc/thread-self/net/if_inet6"); err != nil {
			return errNoFamily
		}
	}
	if f.ipt == nil {
		path, err := exec.LookPath(f.program)
		if err != nil {
			return fmt.Errorf("looking for %s: %w: install it, or use banaction nftables", f.program, ErrNoProgram)
		}
		proto := goiptables.ProtocolIPv4
		if f.number == unix.AF_INET6 {
			proto = goiptables.ProtocolIPv6
		}
		ipt, err := goiptables.New(goiptables.Path(path), goiptables.IPFamily(proto), goiptables.Timeout(lockSeconds))
		if err != nil {
			return explain("asking "+path+" for its version", err)
		}
		f.ipt, f.path = ipt, path
	}
	return f.read(ctx)
}

// read reads all rules of table filter at once, for which go-iptables has no
// call.
func (f *family) read(ctx context.Context) error {
	out, err := f.command(ctx, f.path, "-t", filter, "-S", "--wait", fmt.Sprint(lockSeconds)).Output()
	if err != nil {
		return explain("reading the rules with "+f.path, err)
	}
	f.seen = parseRules(string(out))
	return nil
}

// chains are those to jump from: what the user asked for, as far as this family has it.
func (f *family) chains() []string {
	if len(f.rule.Chains) == 0 {
		if f.seen.has(dockerUser) {
			return []string{"INPUT", dockerUser}
		}
		return []string{"INPUT"}
	}
	return slices.DeleteFunc(slices.Clone(f.rule.Chains), func(c string) bool { return !f.seen.has(c) })
}

// makeRules makes chain and jumps as they should be, touching what is so
// already as little as possible. open has read what is there.
func (f *family) makeRules(ctx context.Context) error {
	if err := f.makeChain(ctx); err != nil {
		return err
	}
	f.jumps = 0
	for _, chain := range f.chains() {
		want := f.jumpSpecs(chain)
		f.jumps += len(want)
		if f.seen.leads(chain, f.chain, want) {
			continue
		}
		if err := f.leadFrom(ctx, chain, want); err != nil {
			return err
		}
	}
	// Chains of an earlier run's that are not to be jumped from any more.
	for _, chain := range f.seen.jumpingTo(f.chain) {
		if !slices.Contains(f.chains(), chain) {
			if err := f.removeJumps(chain); err != nil {
				return err
			}
		}
	}
	return nil
}

// leadFrom makes want the jumps from chain, before all other rules. Those that were read before go in the same step, so
// that nobody is let in in between.
func (f *family) leadFrom(ctx context.Context, chain string, want [][]string) error {
	var s script
	for _, jump := range f.seen.jumps(chain, f.chain) {
		s.line("-D " + chain + " " + jump)
	}
	for _, spec := range slices.Backward(want) {
		s.line("-I " + chain + " 1 " + strings.Join(spec, " "))
	}
	if err := f.restore(ctx, s); err != nil {
		return explain("jumping from "+chain+" to "+f.chain, err)
	}
	return nil
}

// notesOf are what is to be said of families.
func notesOf(families []*family) []string {
	var notes []string
	for _, f := range families {
		if f.note != "" && len(notes) == 0 { // it is the other family's as well
			notes = append(notes, f.note)
		}
	}
	for _, f := range families {
		notes = append(notes, f.overtaken...)
	}
	return notes
}

// refuses is the chain that refuses whoever comes into it: ours, unless its rules are addresses.
func (f *family) refuses() string {
	if f.set == "" {
		return f.chain + ofRules
	}
	return f.chain
}

// makeChain makes the chain that refuses, in one step, so that at no time it lets anybody through.
func (f *family) makeChain(ctx context.Context) error {
	f.note = ""
	err := f.fill(ctx, f.rule.Block)
	if err != nil && f.rule.Block == action.Tarpit && ctx.Err() == nil {
		// The target is not part of iptables, nor of the kernel.
		if f.fill(ctx, action.Drop) == nil {
			f.note = "packets are dropped instead of held in a tarpit: install xtables-addons, and load module xt_TARPIT: " + err.Error()
			return nil
		}
	}
	return err
}

// fill has the chain that refuses do so by block. One that does is left alone.
func (f *family) fill(ctx context.Context, block action.Block) error {
	chain, want := f.refuses(), f.verdict(block)
	if f.seen.has(chain) && slices.Equal(f.seen.byChain[chain], want) {
		return nil
	}
	var s script
	s.empty(chain)
	for _, rule := range want {
		s.line("-A " + chain + " " + rule)
	}
	if err := f.restore(ctx, s); err != nil {
		return explain("filling chain "+chain, err)
	}
	f.filled++
	return nil
}

// removeJumps removes the jumps to our chain that were read from chain. It
// names them by their words: their numbers may be those of other rules by now. Of two that are
// alike the first goes, which changes their order at most.
func (f *family) removeJumps(chain string) error {
	for _, jump := range f.seen.jumps(chain, f.chain) {
		if err := f.ipt.Delete(filter, chain, words(jump)...); err != nil {
			return explain("removing a jump from "+chain+" to "+f.chain, err)
		}
	}
	return nil
}

// removeRules removes all jumps to the chain, and the chain. open has read what
// is there.
func (f *family) removeRules() error {
	for _, chain := range f.seen.jumpingTo(f.chain) {
		if err := f.removeJumps(chain); err != nil {
			return err
		}
	}
	for _, chain := range []string{f.chain, f.chain + ofRules} {
		if !f.seen.has(chain) {
			continue
		}
		if err := f.ipt.ClearAndDeleteChain(filter, chain); err != nil {
			return explain("removing chain "+chain, err)
		}
	}
	f.seen = rules{}
	return nil
}
