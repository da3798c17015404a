package iptables

import (
	"context"
	"errors"
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
	set     string
	rule    action.Rule

	ipt   *goiptables.IPTables // nil until opened
	path  string
	seen  rules // as last read
	jumps int   // how many rules look into the set since makeRules

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
	cmd := exec.CommandContext(ctx, f.path, "-t", filter, "-S", "--wait", fmt.Sprint(lockSeconds))
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
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
func (f *family) makeRules() error {
	if err := f.makeChain(); err != nil {
		return err
	}
	f.jumps = 0
	for _, chain := range f.chains() {
		want := f.jumpSpecs(chain)
		f.jumps += len(want)
		if f.seen.leads(chain, f.chain, want) {
			continue
		}
		// One before the other, so that each is first whatever other programs
		// do in the meantime. Those of before go afterwards, so that nobody is let in
		// in between.
		for _, spec := range slices.Backward(want) {
			if err := f.ipt.Insert(filter, chain, 1, spec...); err != nil {
				return explain("jumping from "+chain+" to "+f.chain, err)
			}
		}
		if err := f.removeJumps(chain); err != nil {
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

// makeChain makes the chain that refuses. At no time does it let anybody through.
func (f *family) makeChain() error {
	verdict, before := f.verdict(), f.seen.byChain[f.chain]
	switch {
	case !f.seen.has(f.chain):
		if err := f.ipt.NewChain(filter, f.chain); err != nil {
			return explain("making chain "+f.chain, err)
		}
	case slices.Equal(before, []string{strings.Join(verdict, " ")}):
		return nil
	}
	if err := f.ipt.Insert(filter, f.chain, 1, verdict...); err != nil {
		return explain("filling chain "+f.chain, err)
	}
	f.filled++
	for _, rule := range before {
		if err := f.ipt.Delete(filter, f.chain, words(rule)...); err != nil {
			return explain("emptying chain "+f.chain, err)
		}
	}
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
	if f.seen.has(f.chain) {
		if err := f.ipt.ClearAndDeleteChain(filter, f.chain); err != nil {
			return explain("removing chain "+f.chain, err)
		}
	}
	f.seen = rules{}
	return nil
}

// check asks the kernel how many rules look into the set; thoroughly, it reads
// the rules.
func (f *family) check(ctx context.Context, kernel *ipsets, thorough bool) error {
	h, err := kernel.header(f.set)
	if err != nil {
		return explain("asking for set "+f.set, err)
	}
	if int(h.references) < f.jumps {
		return fmt.Errorf("checking iptables: %d rules look into set %s instead of %d: another program has changed them", h.references, f.set, f.jumps)
	}
	if !thorough {
		return nil
	}
	if err := f.read(ctx); err != nil {
		return err
	}
	if len(f.seen.byChain[f.chain]) == 0 {
		return fmt.Errorf("checking iptables: chain %s is empty or gone: another program has changed it", f.chain)
	}
	for _, chain := range f.chains() {
		if got, want := len(f.seen.jumps(chain, f.chain)), len(f.jumpSpecs(chain)); got < want {
			return fmt.Errorf("checking iptables: chain %s has %d jumps to %s instead of %d", chain, got, f.chain, want)
		}
	}
	return nil
}

// Check implements action.Checker.
func (s *Set) Check(ctx context.Context) error {
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
		if err := f.check(ctx, s.kernel, s.checks%thoroughEvery == 0); err != nil {
			s.hangUp() // see failed
			return err
		}
	}
	return nil
}
