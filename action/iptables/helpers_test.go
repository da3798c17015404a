package iptables_test

import (
	"slices"
	"strings"
)

// withoutPolicies leaves out the "-P INPUT ACCEPT" lines.
func withoutPolicies(rules string) string {
	var b strings.Builder
	for line := range strings.Lines(rules) {
		if !strings.HasPrefix(line, "-P") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// sorted orders the chains, and leaves the order within each: the two variants list chains
// in different orders.
func sorted(rules string) string {
	lines := slices.Collect(strings.Lines(rules))
	chain := func(line string) string { return strings.Join(strings.Fields(line)[:2], " ") }
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(chain(a), chain(b)) })
	return strings.Join(lines, "")
}
