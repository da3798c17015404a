package established

import (
	"maps"
	"net/netip"
	"slices"

	"gaol/action"
)

// targets are the bans whose connections are looked for. A table of the kernel is walked once for all of them, so a
// connection finds its ban by a look-up for each length that a prefix has.
type targets struct {
	byPrefix map[netip.Prefix][]*target
	// bits are the lengths of all prefixes, of IPv4 and of IPv6.
	bits4, bits6 []int
}

// target is the ban of a prefix in one jail.
type target struct {
	rule action.Rule
	// count is the number of connections that were ended for it.
	count int
}

func newTargets() *targets { return &targets{byPrefix: map[netip.Prefix][]*target{}} }

func (t *targets) empty() bool { return len(t.byPrefix) == 0 }

// add takes in a ban, which p is as [action.Normal] has it. The last rule of a jail counts.
func (t *targets) add(p netip.Prefix, rule action.Rule) {
	known := t.byPrefix[p]
	for _, one := range known {
		if one.rule.Jail == rule.Jail {
			one.rule = rule
			return
		}
	}
	t.byPrefix[p] = append(known, &target{rule: rule})
	bits := &t.bits6
	if p.Addr().Is4() {
		bits = &t.bits4
	}
	if !slices.Contains(*bits, p.Bits()) {
		*bits = append(*bits, p.Bits())
	}
}

// leaveOut drops the bans whose rules are for interfaces that their prefixes don't come in by.
func (t *targets) leaveOut(through func(netip.Addr) (string, error)) {
	for p, of := range t.byPrefix {
		t.byPrefix[p] = slices.DeleteFunc(of, func(one *target) bool {
			if len(one.rule.Interfaces) == 0 {
				return false
			}
			name, err := through(p.Addr())
			return err == nil && !one.rule.Covers(name)
		})
	}
	maps.DeleteFunc(t.byPrefix, func(_ netip.Prefix, of []*target) bool { return len(of) == 0 })
}

// prefixes are those that are banned.
func (t *targets) prefixes() []netip.Prefix { return slices.Collect(maps.Keys(t.byPrefix)) }

// find returns the ban that closes a port of this host to a client; nil: none does.
func (t *targets) find(client netip.Addr, protocol string, port uint16) *target {
	bits := t.bits6
	if client.Is4() {
		bits = t.bits4
	}
	for _, n := range bits {
		p, err := client.Prefix(n)
		if err != nil {
			continue // an address with a zone, which none of the tables has
		}
		for _, one := range t.byPrefix[p] {
			if one.rule.Closes(protocol, port) {
				return one
			}
		}
	}
	return nil
}

// jails are the names of the jails that the bans are of.
func (t *targets) jails() []string {
	seen := map[string]bool{}
	var names []string
	for _, of := range t.byPrefix {
		for _, one := range of {
			if !seen[one.rule.Jail] {
				seen[one.rule.Jail] = true
				names = append(names, one.rule.Jail)
			}
		}
	}
	return names
}

// ended are the bans that had connections.
func (t *targets) ended() []Ended {
	var ended []Ended
	for p, of := range t.byPrefix {
		for _, one := range of {
			if one.count > 0 {
				ended = append(ended, Ended{Jail: one.rule.Jail, Prefix: p, Count: one.count})
			}
		}
	}
	return ended
}
