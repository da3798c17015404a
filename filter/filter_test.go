package filter_test

import (
	"testing"
	"time"

	"gaol/filter"
)

// compile makes a filter, or ends the test.
func compile(t testing.TB, spec filter.Spec, opts filter.Options) *filter.Filter {
	t.Helper()
	if opts.Timezone == nil {
		opts.Timezone = time.UTC
	}
	f, err := filter.Compile(spec, opts)
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	return f
}

// read is when the lines of these tests are read.
var read = time.Date(2026, time.March, 10, 21, 31, 23, 0, time.UTC)

func line(text string) filter.Line { return filter.Line{Text: text, Read: read, Source: "test.log"} }

// match runs one pattern on one line without a date.
func match(t testing.TB, pattern, text string, opts filter.Options) filter.Result {
	t.Helper()
	return compile(t, filter.Spec{Failregex: []string{pattern}}, opts).NewMatcher().Match(line(text))
}

// accused is what a failure names: its host, else its id, "" for no failure.
func accused(r filter.Result) string {
	switch {
	case r.Failure == nil:
		return ""
	case r.Failure.Host != "":
		return r.Failure.Host
	default:
		return r.Failure.ID
	}
}
