package action

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Port is a range of TCP or UDP ports, First to Last inclusive.
type Port struct {
	First, Last uint16
}

// Rule is what a firewall action needs to know of a jail.
type Rule struct {
	// Jail is the jail's name; sets and chains are called after it.
	Jail string
	// Ports are closed to the banned; none: all of the host.
	Ports []Port
	// Protocol is "tcp", "udp" or "all"; "" means "tcp". With "all", or without Ports,
	// every packet is refused.
	Protocol string
	// Block is what becomes of their packets.
	Block Block
	// Interfaces are those that packets must come in through to be refused, as iptables writes them: "eth0",
	// or "wg+" for all whose name begins so; a "*" at the end does as well. None: all there are.
	Interfaces []string
	// Chains are where iptables jumps from; none: INPUT, and DOCKER-USER where
	// it exists.
	Chains []string
}

// Checked is the rule with its defaults and its ports in order. An error says what no firewall can make
// of it.
func (r Rule) Checked() (Rule, error) {
	if r.Jail == "" {
		return r, errors.New("the rule names no jail")
	}
	switch r.Protocol {
	case "":
		r.Protocol = "tcp"
	case "tcp", "udp", "all":
	default:
		return r, fmt.Errorf("protocol %q of jail %s: expected tcp, udp or all", r.Protocol, r.Jail)
	}
	r.Ports = MergePorts(r.Ports)
	var err error
	if r.Interfaces, err = interfaces(r.Interfaces); err != nil {
		return r, fmt.Errorf("jail %s: %w", r.Jail, err)
	}
	return r, nil
}

// Succeeding is Checked for a rule that takes the place of before, which must be of the same jail.
func (r Rule) Succeeding(before Rule) (Rule, error) {
	r, err := r.Checked()
	if err == nil && r.Jail != before.Jail {
		err = fmt.Errorf("the rules of jail %s cannot become those of jail %s", before.Jail, r.Jail)
	}
	return r, err
}

// Closes says whether the rule closes a port to those who are banned. protocol is "tcp" or "udp".
func (r Rule) Closes(protocol string, port uint16) bool {
	if r.Protocol == "all" || len(r.Ports) == 0 {
		return true
	}
	return (r.Protocol == protocol || r.Protocol == "" && protocol == "tcp") &&
		slices.ContainsFunc(r.Ports, func(p Port) bool { return min(p.First, p.Last) <= port && port <= max(p.First, p.Last) })
}

// Covers says whether the rule refuses packets that come in through an interface.
func (r Rule) Covers(name string) bool {
	return len(r.Interfaces) == 0 || slices.ContainsFunc(r.Interfaces, func(pattern string) bool {
		if begins := strings.TrimRight(pattern, "+*"); begins != pattern {
			return strings.HasPrefix(name, begins)
		}
		return name == pattern
	})
}

// IsForwarding says whether packets in a chain of iptables may have been through destination NAT on their way
// to another host or a container.
func IsForwarding(chain string) bool {
	return chain == "FORWARD" || strings.HasPrefix(chain, "DOCKER")
}

// MergePorts returns ports in order, overlapping and adjacent ranges joined, so that rules
// can list them. A range whose First and Last are swapped is read the right
// way round.
func MergePorts(ports []Port) []Port {
	sorted := slices.Clone(ports)
	for i, p := range sorted {
		sorted[i] = Port{min(p.First, p.Last), max(p.First, p.Last)}
	}
	slices.SortFunc(sorted, func(a, b Port) int { return int(a.First) - int(b.First) })
	var merged []Port
	for _, p := range sorted {
		if n := len(merged); n > 0 && int(p.First) <= int(merged[n-1].Last)+1 {
			merged[n-1].Last = max(merged[n-1].Last, p.Last)
			continue
		}
		merged = append(merged, p)
	}
	return merged
}
