package iptables

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gaol/action"
)

// mostRegains is how often gaol's jumps are put back before a rule that lets everybody in. Somebody who insists is not
// fought with: it is said, and left so until the next start.
const mostRegains = 3

// regain looks for rules that other programs have put before ours since those were first. One that lets everybody in
// makes all bans void: ours are put before it again. All others, which may be somebody's exceptions or the chains
// of a container engine, are only told of.
func (f *family) regain(ctx context.Context) error {
	f.overtaken = nil
	regained := false
	for _, chain := range f.chains() {
		for _, rule := range f.seen.before(chain, f.chain) {
			switch {
			case !f.concerns(chain, rule):
				continue
			case f.letsEverybodyIn(chain, rule) && f.regained < mostRegains:
				regained = true
				continue
			}
			f.overtaken = append(f.overtaken, fmt.Sprintf("%s: the rule \"-A %s %s\" comes before gaol's: whom it lets in is not refused; "+
				"put it behind them, or reload gaol's jail to have gaol's first", f.program, chain, rule))
		}
	}
	if !regained {
		return nil
	}
	f.regained++
	if err := f.makeRules(ctx); err != nil {
		return err
	}
	return f.read(ctx)
}

// before are the rules of others in chain that come before the last jump to ours, and may let packets in that ours
// would refuse.
func (r rules) before(chain, ours string) []string {
	var found []string
	last := 0
	for _, rule := range r.byChain[chain] {
		if target(rule) == ours {
			last = len(found)
			continue
		}
		if !isGaols(target(rule)) && r.mayAccept(rule, chain, 0) {
			found = append(found, rule)
		}
	}
	return found[:last]
}

// deepest is how many chains within each other are looked into; what is deeper is taken to let packets in.
const deepest = 16

// mayAccept says whether rule of chain can let a packet in that does not come from this host itself.
func (r rules) mayAccept(rule, chain string, depth int) bool {
	w := words(rule)
	if at := slices.Index(w, "-i"); at >= 0 && at+1 < len(w) && w[at+1] == "lo" && !slices.Contains(w, "!") {
		return false
	}
	to := target(rule)
	if at := slices.Index(w, "-g"); at >= 0 && at+1 < len(w) {
		to = w[at+1]
	}
	switch {
	case to == "ACCEPT":
		return true
	case to == "RETURN":
		return depth == 0 && !isBuiltIn(chain)
	case depth == deepest:
		return true
	}
	return slices.ContainsFunc(r.byChain[to], func(inner string) bool { return r.mayAccept(inner, to, depth+1) })
}

func isBuiltIn(chain string) bool { return chain == "INPUT" || chain == "FORWARD" || chain == "OUTPUT" }

// concerns says whether rule of chain can match a packet for our ports. In chains of forwarded packets its port is the
// container's, which may be any.
func (f *family) concerns(chain, rule string) bool {
	w := words(rule)
	for i := 0; i+1 < len(w); i++ {
		if i > 0 && w[i-1] == "!" {
			continue
		}
		switch w[i] {
		case "-p":
			if f.rule.Protocol != "all" && w[i+1] != f.rule.Protocol {
				return false
			}
		case "--dport", "--dports":
			if !action.IsForwarding(chain) && !overlap(f.rule.Ports, w[i+1]) {
				return false
			}
		}
	}
	return true
}

// letsEverybodyIn says whether rule of chain, which concerns us, accepts all packets for one of our ports, whoever sends
// them.
func (f *family) letsEverybodyIn(chain, rule string) bool {
	w := words(rule)
	if len(w) < 2 || w[len(w)-2] != "-j" || w[len(w)-1] != "ACCEPT" {
		return false
	}
	for w = w[:len(w)-2]; len(w) >= 2; w = w[2:] {
		switch value := w[1]; w[0] {
		case "-p":
		case "-m":
			if value != "tcp" && value != "udp" && value != "multiport" {
				return false
			}
		case "--dport", "--dports":
			if action.IsForwarding(chain) {
				return false
			}
		default:
			return false
		}
	}
	return len(w) == 0
}

// overlap says whether one of ports, all of them if there are none, is in a list such as "80,8000:8010".
func overlap(ports []action.Port, list string) bool {
	if len(ports) == 0 {
		return true
	}
	for part := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(part, ":")
		if !isRange {
			high = low
		}
		first, err := strconv.Atoi(low)
		last, errLast := strconv.Atoi(high)
		if err != nil || errLast != nil {
			continue
		}
		if slices.ContainsFunc(ports, func(p action.Port) bool { return int(p.First) <= last && first <= int(p.Last) }) {
			return true
		}
	}
	return false
}
