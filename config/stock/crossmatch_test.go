package stock_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"gaol/filter"
)

// overlapsFile explains which filters find failures in the lines of others, and why that is right.
const overlapsFile = "testdata/overlaps.toml"

// any stands for all other filters.
const anyFilter = "*"

// TestNoFilterFindsFailuresInOthersLogs tries every filter, in all its modes, on the test lines of all others.
func TestNoFilterFindsFailuresInOthersLogs(t *testing.T) {
	text, err := os.ReadFile(overlapsFile)
	if err != nil {
		t.Fatal(err)
	}
	var explained map[string]map[string]string // finder, whose lines, reason
	if err := toml.Unmarshal(text, &explained); err != nil {
		t.Fatal(err)
	}
	needed := map[string]bool{}
	for _, m := range crossMatches(t) {
		switch {
		case explained[m.finder][m.owner] != "":
			needed[m.finder+" "+m.owner] = true
		case explained[m.finder][anyFilter] != "":
			needed[m.finder+" "+anyFilter] = true
		default:
			t.Errorf("%s finds a failure of %s in a line of %s: mend it, or explain it in %s:\n%s", m.finder, m.host, m.owner, overlapsFile, m.line)
		}
	}
	for _, finder := range slices.Sorted(maps.Keys(explained)) {
		for _, owner := range slices.Sorted(maps.Keys(explained[finder])) {
			if !needed[finder+" "+owner] {
				t.Errorf("%s explains that %s finds failures in lines of %s, and it doesn't", overlapsFile, finder, owner)
			}
		}
	}
}

// crossMatch is the first failure that a filter finds in lines of another.
type crossMatch struct{ finder, owner, host, line string }

func crossMatches(t *testing.T) []crossMatch {
	t.Helper()
	specs := map[string]filter.Spec{}
	for _, name := range namesIn(t, "filter.d") {
		specs[name] = load(t, name)
	}
	var all []crossMatch
	for _, finder := range slices.Sorted(maps.Keys(specs)) {
		variants := compileAll(t, specs[finder])
		for _, owner := range slices.Sorted(maps.Keys(specs)) {
			if owner == finder {
				continue
			}
			if failure := firstFailure(variants, specs[owner]); failure != nil {
				all = append(all, crossMatch{finder, owner, failure.Host + failure.ID, fmt.Sprintf("%q", failure.Lines)})
			}
		}
	}
	return all
}

// compileAll compiles a filter in each of its modes.
func compileAll(t *testing.T, spec filter.Spec) []*filter.Filter {
	t.Helper()
	var compiled []*filter.Filter
	for _, mode := range append(modesOf(spec), "") {
		f, err := filter.Compile(spec, filter.Options{Mode: mode, Timezone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		compiled = append(compiled, f)
	}
	return compiled
}

// firstFailure is the first that the variants of a filter find in the tests of another; nil: there is none.
func firstFailure(variants []*filter.Filter, other filter.Spec) *filter.Failure {
	read := time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)
	for _, f := range variants {
		m := f.NewMatcher()
		for _, test := range other.Tests {
			if f.Stateful() {
				m = f.NewMatcher()
			}
			for _, line := range test.Lines {
				if result := m.Match(filter.Line{Text: line, Read: read, CatchUp: true}); result.Failure != nil {
					return result.Failure
				}
			}
		}
	}
	return nil
}
