package filter

import (
	"fmt"
	"time"
)

// TestResult says how one of a filter's own tests went.
type TestResult struct {
	// Index and Test say which of [Spec.Tests].
	Index int
	Test  Test
	OK    bool
	// Problem says what was wanted and what came; "" if OK.
	Problem string
	// Attack is "" for a plain test, else what was put where (see [Attack]).
	Attack string
}

// RunTests runs the tests that spec brings along, in their order.
//
// Each has a matcher of its own. Its lines are read at the time that the last one
// bears, as if catching up, so that a test holds for ever; dates without a zone
// are UTC, and where they lack the year they lie before Test.Time, or
// 1 January 2026 if that is zero.
func RunTests(spec Spec) []TestResult {
	filters := modes{spec: spec}
	results := make([]TestResult, len(spec.Tests))
	for i, test := range spec.Tests {
		problem := filters.run(test)
		results[i] = TestResult{Index: i, Test: test, OK: problem == "", Problem: problem}
	}
	return results
}

// modes compiles a spec in the ways its tests ask for, each once.
type modes struct {
	spec     Spec
	compiled map[string]*Filter
	failed   map[string]error
}

// filter is the spec in the mode and with the parameters of a test.
func (m *modes) filter(test Test) (*Filter, error) {
	if m.compiled == nil {
		m.compiled, m.failed = map[string]*Filter{}, map[string]error{}
	}
	way := fmt.Sprintf("%q %#v", test.Mode, test.Params)
	f, known := m.compiled[way]
	if !known {
		f, m.failed[way] = Compile(m.spec, Options{Mode: test.Mode, Params: test.Params, Timezone: time.UTC, Success: true})
		m.compiled[way] = f
	}
	return f, m.failed[way]
}

// run says what is wrong, "" if nothing is.
func (m *modes) run(test Test) string {
	f, err := m.filter(test)
	if err != nil {
		return err.Error()
	}
	if len(test.Lines) == 0 {
		return "the test has no line"
	}
	matcher := f.NewMatcher()
	var last Line
	var result Result
	for _, line := range f.testLines(test) {
		last, result = line, matcher.Match(line)
	}
	if test.Alive && matcher.Sight(last) != Known {
		return "want a line that alive knows, but none of its patterns matches"
	}
	return f.judge(test, result, func() string { return matcher.Explain(last).Text })
}

// testLines are the test's lines as a source would hand them over.
func (f *Filter) testLines(test Test) []Line {
	read := test.Time
	if read.IsZero() {
		read = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
		m := f.NewMatcher()
		for _, text := range test.Lines {
			if _, at := m.Date(Line{Text: text, Read: read}); !at.IsZero() {
				read = at
			}
		}
	}
	lines := make([]Line, len(test.Lines))
	for i, text := range test.Lines {
		lines[i] = Line{Text: text, Read: read, CatchUp: true, Source: "test"}
	}
	return lines
}

// judge compares what a test wants with what came of its last line.
func (f *Filter) judge(test Test, result Result, explain func() string) string {
	failure := result.Failure
	switch {
	case test.Success && result.Success == nil:
		return "want a successful login, got none: " + explain()
	case test.Success:
		failure = (*Failure)(result.Success)
	case result.Verdict == Succeeded:
		return fmt.Sprintf("want no successful login, got one of %s by successregex %d: write success = true if it is one",
			accusedText((*Failure)(result.Success)), result.Pattern+1)
	case test.Match && failure == nil && result.Verdict == Matched:
		return fmt.Sprintf("want a failure, got none: %s matched, but only feeds a session", f.decider(result.Pattern))
	case test.Match && failure == nil:
		return "want a failure, got none: " + explain()
	case !test.Match && failure != nil:
		return fmt.Sprintf("want no failure, got one of %s by %s", accusedText(failure), f.decider(result.Pattern))
	case !test.Match:
		return ""
	}
	switch {
	case test.Host != "" && !sameHost(test.Host, failure.Host):
		return fmt.Sprintf("want host %s, got %s", quote(test.Host), quote(failure.Host))
	case test.ID != "" && test.ID != failure.ID:
		return fmt.Sprintf("want id %s, got %s", quote(test.ID), quote(failure.ID))
	case test.User != "" && test.User != failure.User:
		return fmt.Sprintf("want user %s, got %s", quote(test.User), quote(failure.User))
	case !test.Time.IsZero() && !test.Time.Equal(failure.Time):
		return fmt.Sprintf("want time %s, got %s", test.Time.Format(time.RFC3339Nano), failure.Time.Format(time.RFC3339Nano))
	}
	return ""
}

// sameHost compares addresses as such, whatever their spelling.
func sameHost(want, got string) bool {
	if addr, ok := parseAddress(unbracketed(want), family{v4: true, v6: true}); ok {
		want = addr.String()
	}
	return want == got
}

// accusedText names whom a failure is about.
func accusedText(f *Failure) string {
	if f.ID != "" {
		return "id " + quote(f.ID)
	}
	return quote(f.Host)
}
