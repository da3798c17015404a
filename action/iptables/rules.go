package iptables

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"gaol/action"
)

// rules are those of table filter, as iptables -S writes them.
type rules struct {
	// byChain has each chain's rules, without the "-A CHAIN" before them.
	byChain map[string][]string
}

// parseRules reads the output of iptables -S: first the chains, "-P INPUT
// ACCEPT" or "-N NAME", then the rules, "-A INPUT …". What it does not
// know it leaves out.
func parseRules(out string) rules {
	r := rules{byChain: make(map[string][]string)}
	for line := range strings.Lines(out) {
		command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		chain, rule, _ := strings.Cut(rest, " ")
		switch command {
		case "-P", "-N":
			r.byChain[chain] = nil
		case "-A":
			r.byChain[chain] = append(r.byChain[chain], rule)
		}
	}
	return r
}

// has says whether there is such a chain. The built-in ones always are, though
// iptables-nft does not list them before they have been used.
func (r rules) has(chain string) bool {
	if _, ok := r.byChain[chain]; ok {
		return true
	}
	return chain == "INPUT" || chain == "FORWARD" || chain == "OUTPUT"
}

// target is where a rule leads, or "".
func target(rule string) string {
	w := words(rule)
	if at := slices.Index(w, "-j"); at >= 0 && at+1 < len(w) {
		return w[at+1]
	}
	return ""
}

// jumps are the rules of chain that lead to ours.
func (r rules) jumps(chain, ours string) []string {
	var found []string
	for _, rule := range r.byChain[chain] {
		if target(rule) == ours {
			found = append(found, rule)
		}
	}
	return found
}

// leads says whether the jumps from chain to ours are just these, and only
// jumps to gaol's chains stand before them: a rule of others might let packets
// through that ours were to see.
func (r rules) leads(chain, ours string, want [][]string) bool {
	for _, rule := range r.byChain[chain] {
		if len(want) == 0 {
			break
		}
		switch {
		case rule == strings.Join(want[0], " "):
			want = want[1:]
		case target(rule) == ours, !isGaols(target(rule)):
			return false
		}
	}
	return len(want) == 0
}

// isGaols says whether a chain is gaol's, for bans or for a list.
func isGaols(chain string) bool {
	return strings.HasPrefix(chain, namePrefix) || strings.HasPrefix(chain, listPrefix)
}

// words splits a rule as iptables -S writes it: at blanks, except in double
// quotes, where a backslash takes a character as it is.
func words(rule string) []string {
	var list []string
	var word strings.Builder
	quoted, begun := false, false
	for i := 0; i < len(rule); i++ {
		c := rule[i]
		switch {
		case c == '"':
			quoted, begun = !quoted, true
		case c == '\\' && quoted && i+1 < len(rule):
			i++
			word.WriteByte(rule[i])
		case c == ' ' && !quoted:
			if begun {
				list = append(list, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if begun {
		list = append(list, word.String())
	}
	return list
}

// jumpingTo are the chains that have a rule that leads to ours.
func (r rules) jumpingTo(ours string) []string {
	var chains []string
	for chain := range r.byChain {
		if len(r.jumps(chain, ours)) > 0 {
			chains = append(chains, chain)
		}
	}
	slices.Sort(chains)
	return chains
}

// verdict are the rules of the chain that refuses. The tools of both families know what an
// unreachable port is by names of their own.
func (f *family) verdict(block action.Block) []string {
	reject := "-j REJECT --reject-with icmp-port-unreachable"
	if f.number == unix.AF_INET6 {
		reject = "-j REJECT --reject-with icmp6-port-unreachable"
	}
	switch block {
	case action.Drop:
		return []string{"-j DROP"}
	case action.Reset:
		return []string{"-p tcp -j REJECT --reject-with tcp-reset", reject}
	case action.Tarpit:
		return []string{"-p tcp -j TARPIT --tarpit", "-j DROP"}
	default:
		return []string{reject}
	}
}

// jumpSpecs are the rules that lead from chain to ours, their words in the
// order in which iptables -S writes them.
func (f *family) jumpSpecs(chain string) [][]string {
	var specs [][]string
	for _, in := range f.arrivals() {
		for _, match := range f.matches(chain) {
			specs = append(specs, slices.Concat(in, match, f.source(), []string{"-j", f.chain}))
		}
	}
	return specs
}

// arrivals select the packets that come in through the rule's interfaces.
func (f *family) arrivals() [][]string {
	if len(f.rule.Interfaces) == 0 {
		return [][]string{nil}
	}
	var arrivals [][]string
	for _, name := range f.rule.Interfaces {
		arrivals = append(arrivals, []string{"-i", name})
	}
	return arrivals
}

// source selects the packets of the banned, where a set holds them.
func (f *family) source() []string {
	if f.set == "" {
		return nil
	}
	return []string{"-m", "set", "--match-set", f.set, "src"}
}

// matches select the packets for the rule's ports.
func (f *family) matches(chain string) [][]string {
	if f.rule.Protocol == "all" || len(f.rule.Ports) == 0 {
		return [][]string{nil}
	}
	var matches [][]string
	if action.IsForwarding(chain) {
		for _, p := range f.rule.Ports {
			matches = append(matches, []string{
				"-p", f.rule.Protocol, "-m", "conntrack", "--ctorigdstport", portText(p), "--ctdir", "ORIGINAL",
			})
		}
		if f.rule.Protocol == "tcp" {
			// Nobody knows the port of what belongs to no connection, such as one that was ended at the ban.
			matches = append(matches, []string{"-p", "tcp", "-m", "conntrack", "--ctstate", "INVALID"})
		}
		return matches
	}
	for _, list := range multiports(f.rule.Ports) {
		matches = append(matches, []string{"-p", f.rule.Protocol, "-m", "multiport", "--dports", list})
	}
	return matches
}

// maxMultiport is how many ports one multiport match takes; a range counts
// twice: XT_MULTI_PORTS in linux/netfilter/xt_multiport.h.
const maxMultiport = 15

// multiports writes ports as the arguments of as few multiport matches as hold
// them.
func multiports(ports []action.Port) []string {
	var lists []string
	var list []string
	room := maxMultiport
	for _, p := range ports {
		need := 1
		if p.First != p.Last {
			need = 2
		}
		if need > room {
			lists = append(lists, strings.Join(list, ","))
			list, room = nil, maxMultiport
		}
		list = append(list, portText(p))
		room -= need
	}
	return append(lists, strings.Join(list, ","))
}

func portText(p action.Port) string {
	first := strconv.Itoa(int(p.First))
	if p.First == p.Last {
		return first
	}
	return first + ":" + strconv.Itoa(int(p.Last))
}
