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
	s.mu.Lock()
	type chain struct {
		path   string
		filled int
	}
	chains := map[*family]chain{}
	for _, f := range s.families {
		chains[f] = chain{f.path, f.filled}
	}
	s.mu.Unlock()
	if len(chains) == 0 {
		return action.Counts{}, fmt.Errorf("counting in iptables: chain %s is not made yet", s.name)
	}
	var sum action.Counts
	for f, c := range chains {
		counts, err := readCounts(ctx, c.path, f.chain)
		if err != nil {
			return action.Counts{}, err
		}
		if c.filled != f.counted {
			f.refused.Restart()
			f.counted = c.filled
		}
		f.refused.See(counts)
	}
	for _, f := range []*family{s.v4, s.v6} {
		sum = sum.Add(f.refused.Total())
	}
	return sum, nil
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
