package iptables

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"gaol/action"
)

// Counted implements action.Counter: the counters of the chain that refuses, of both families. It takes a program for each, and
// holds up no ban meanwhile.
func (s *Set) Counted(ctx context.Context) (action.Counts, error) {
	s.counting.Lock()
	defer s.counting.Unlock()
	var counts action.Counts
	var err error
	if rules := s.instead(); rules != nil {
		if counts, err = rules.Counted(ctx); err == nil {
			s.byRules.See(counts) // which are others after each Start
		}
	} else {
		s.mu.Lock()
		chains := snapshot(s.families)
		s.mu.Unlock()
		err = count(ctx, s.name, chains)
	}
	return s.byRules.Total().Add(s.v4.refused.Total()).Add(s.v6.refused.Total()), err
}

// Counted implements action.Counter, as that of [Set] does.
func (r *Rules) Counted(ctx context.Context) (action.Counts, error) {
	r.counting.Lock()
	defer r.counting.Unlock()
	r.mu.Lock()
	families := make([]*family, 0, len(r.families))
	for _, f := range r.families {
		families = append(families, f.family)
	}
	chains := snapshot(families)
	r.mu.Unlock()
	err := count(ctx, r.v4.chain, chains)
	return r.v4.refused.Total().Add(r.v6.refused.Total()), err
}

// countedChain is a chain that refuses, as it was when counting began.
type countedChain struct {
	*family
	path   string
	filled int
}

func snapshot(families []*family) []countedChain {
	chains := make([]countedChain, 0, len(families))
	for _, f := range families {
		chains = append(chains, countedChain{f, f.path, f.filled})
	}
	return chains
}

// count notes in the families' tallies what their chains have counted. The caller holds counting, and nothing else.
func count(ctx context.Context, name string, chains []countedChain) error {
	if len(chains) == 0 {
		return fmt.Errorf("counting in iptables: chain %s is not made yet", name)
	}
	for _, c := range chains {
		counts, err := readCounts(ctx, c.path, c.refuses())
		if err != nil {
			return err
		}
		if c.filled != c.counted {
			c.refused.Restart()
			c.counted = c.filled
		}
		c.refused.See(counts)
	}
	return nil
}

func readCounts(ctx context.Context, path, chain string) (action.Counts, error) {
	cmd := exec.CommandContext(ctx, path, "-t", filter, "--wait", fmt.Sprint(lockSeconds), "-vnxL", chain)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		return action.Counts{}, explain("counting what chain "+chain+" refuses with "+path, err)
	}
	return parseCounts(string(out)), nil
}

// parseCounts sums up packets and bytes, the first two words of each line that is a rule. Those of
// rules that let go (RETURN) don't count.
func parseCounts(out string) action.Counts {
	var sum action.Counts
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		if len(words) < 3 || words[2] == "RETURN" {
			continue
		}
		packets, err := strconv.ParseUint(words[0], 10, 64)
		bytes, err2 := strconv.ParseUint(words[1], 10, 64)
		if err == nil && err2 == nil {
			sum = sum.Add(action.Counts{Packets: packets, Bytes: bytes})
		}
	}
	return sum
}
