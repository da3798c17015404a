package main

import "fmt"

// didYouMean returns ": did you mean X?" with the known name that is nearest to
// what was typed, or "" if none is near.
func didYouMean(typed string, known []string) string {
	if name := nearest(typed, known); name != "" {
		return fmt.Sprintf(": did you mean %q?", name)
	}
	return ""
}

// nearest returns the known name that is nearest to what was typed, "" if none is near.
func nearest(typed string, known []string) string {
	best, least := "", len(typed)/3+2
	for _, name := range known {
		if d := distance(typed, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of bytes to insert, delete, replace or swap with their
// neighbour to turn a into b (the restricted Damerau-Levenshtein distance).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
