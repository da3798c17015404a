package config

import (
	"slices"

	"gaol/filter"
)

// weightedPattern is a pattern that may count for more than one failure.
type weightedPattern struct {
	regex  string
	weight int
}

// patternKeys are those of a pattern that is written as a table.
func patternKeys() []key[weightedPattern] {
	type pattern = weightedPattern
	return []key[pattern]{
		{name: "regex", doc: "The pattern.",
			value: value[pattern]{"pattern", func(c *checker, p *pattern, n *node) { p.regex, _ = c.pattern(n) }}},
		{name: "weight", def: "1", doc: weightDoc,
			value: whole(1, filter.MaxWeight, func(p *pattern) *int { return &p.weight })},
	}
}

const weightDoc = "For how many failures each of these counts, against `maxretry` and wherever failures are counted."

// weighted reads a list of patterns, of which some are tables. weights is nil if each is 1.
func (c *checker) weighted(n *node) (patterns []string, weights []int) {
	for _, m := range weightedNodes(n) {
		p := weightedPattern{weight: 1}
		if m.kind == table {
			c.weightedTable(m, &p)
		} else {
			p.regex, _ = c.pattern(m)
		}
		if p.regex != "" {
			patterns, weights = append(patterns, p.regex), append(weights, p.weight)
		}
	}
	if !slices.ContainsFunc(weights, func(weight int) bool { return weight > 1 }) {
		weights = nil
	}
	return patterns, weights
}

func (c *checker) weightedTable(n *node, p *weightedPattern) {
	readKeys(c, n, patternKeys(), p)
	if n.table["regex"] == nil {
		fault := c.at(n)
		fault.What, fault.Hint = "no regex", "write { regex = '…', weight = 3 }"
		c.add(fault)
	}
}

// weightedNodes are the patterns of a list, or the one that is written without brackets.
func weightedNodes(n *node) []*node {
	if n.kind == list {
		return n.list
	}
	return []*node{n}
}
