package filter

import (
	"fmt"
	"slices"
)

// MaxWeight is the greatest weight of a pattern (see [Spec]). It bounds what one line can cost
// who counts it.
const MaxWeight = 100

// checkWeights refuses weights that are none.
func (c *compiler) checkWeights(spec *Spec) {
	check := func(what string, weight int) {
		if weight < 0 || weight > MaxWeight {
			c.errs = append(c.errs, fmt.Errorf("%s: its weight is %d: write a number from 1 to %d", what, weight, MaxWeight))
		}
	}
	for i, weight := range spec.Weights {
		check(fmt.Sprintf("failregex %d", i+1), weight)
	}
	for i := range spec.JSON {
		check(fmt.Sprintf("json %d", i+1), spec.JSON[i].Weight)
	}
}

// allWeights are those of all that accuses, by [Result.Pattern]; nil if each is 1.
func (f *Filter) allWeights() []int {
	all := padded(f.spec.Weights, len(f.spec.Failregex))
	if f.json != nil {
		for _, rule := range f.json.rules {
			all = append(all, max(rule.weight, 1))
		}
	}
	if !slices.ContainsFunc(all, func(weight int) bool { return weight > 1 }) {
		return nil
	}
	return all
}

// padded are the weights of n patterns.
func padded(weights []int, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = 1
		if i < len(weights) && weights[i] != 0 {
			all[i] = weights[i]
		}
	}
	return all
}

// Weight is how much a failure counts that the pattern of this index (see [Filter.Failregex]) has found.
func (f *Filter) Weight(pattern int) int {
	if pattern < 0 || pattern >= len(f.weights) {
		return 1
	}
	return f.weights[pattern]
}
