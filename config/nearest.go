package config

import (
	"slices"
	"strings"
)

// nearest is the one of known that was probably meant by name, "" if none is near.
func nearest(name string, known []string) string {
	name = fold(name)
	best, bestDistance := "", 1+max(1, min(len(name)/3, 3))
	for _, k := range known {
		folded := fold(k)
		if diff := len(folded) - len(name); diff >= bestDistance || -diff >= bestDistance {
			continue
		}
		if d := distance(name, folded); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// fold takes away what people mix up without meaning another word.
func fold(name string) string {
	const longest = 100 // bounds the work for a hostile key
	return strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(name[:min(len(name), longest)]))
}

// distance counts the edits between a and b: a letter more, less or changed, or
// two neighbours swapped (Damerau–Levenshtein, optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before := make([]int, len(y)+1) // the row before the last
	last := make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}

// sorted are the names of a map in order.
func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
