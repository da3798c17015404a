package filter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

// sessionFilter reads "KEY KIND [user] [address]": C connect (no failure, has an
// address), X failure, A accept, B end, E end that is no failure.
var sessionFilter = filter.Spec{Failregex: []string{
	`^<F-MLFID>\w+</F-MLFID> <F-NOFAIL>C</F-NOFAIL> <HOST>$`,
	`^<F-MLFID>\w+</F-MLFID> X(?: user=<F-USER>\w+</F-USER>)?(?: <HOST>)?$`,
	`^<F-MLFID>\w+</F-MLFID> <F-MLFGAINED>A</F-MLFGAINED> user=<F-USER>\w+</F-USER> <HOST>$`,
	`^<F-MLFID>\w+</F-MLFID> <F-MLFFORGET>B</F-MLFFORGET>$`,
	`^<F-MLFID>\w+</F-MLFID> <F-MLFFORGET><F-NOFAIL>E</F-NOFAIL></F-MLFFORGET>$`,
}}

func TestSessions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string // "number of the line: host user lines", one for each failure
	}{
		{
			"connect, then two failures", []string{"s C 192.0.2.1", "s X", "s X"},
			[]string{"2: 192.0.2.1  s C 192.0.2.1|s X", "3: 192.0.2.1  s X"},
		},
		{
			"failures before the address is known", []string{"s X", "s X", "s C 192.0.2.1"},
			[]string{"3: 192.0.2.1  s X|s X|s C 192.0.2.1"},
		},
		{
			"failure of a user who then gets in", []string{"s X user=a", "s A user=a 192.0.2.1"},
			nil,
		},
		{
			"two users, one of whom gets in", []string{"s X user=a", "s X user=b", "s A user=a 192.0.2.1"},
			[]string{"3: 192.0.2.1 a s X user=a|s X user=b|s A user=a 192.0.2.1"},
		},
		{
			"two users count on", []string{"s X user=a", "s X user=b", "s A user=a 192.0.2.1", "s C 192.0.2.1"},
			[]string{"3: 192.0.2.1 a s X user=a|s X user=b|s A user=a 192.0.2.1", "4: 192.0.2.1 a s C 192.0.2.1"},
		},
		{
			"the end is a failure", []string{"s C 192.0.2.1", "s B"},
			[]string{"2: 192.0.2.1  s C 192.0.2.1|s B"},
		},
		{
			"the end is none", []string{"s C 192.0.2.1", "s E"},
			nil,
		},
		{
			"nothing is left to the next session",
			[]string{"s C 192.0.2.1", "s X user=a", "s E", "t X user=b", "t X", "t C 192.0.2.2"},
			[]string{"2: 192.0.2.1 a s C 192.0.2.1|s X user=a", "6: 192.0.2.2 b t X user=b|t X|t C 192.0.2.2"},
		},
		{
			"failure behind the end", []string{"s C 192.0.2.1", "s E", "s X"},
			nil,
		},
		{
			"end of what never began", []string{"s B", "s C 192.0.2.1"},
			nil,
		},
		{
			"failure with an address", []string{"s X user=a 192.0.2.1"},
			[]string{"1: 192.0.2.1 a s X user=a 192.0.2.1"},
		},
		{
			"connect alone", []string{"s C 192.0.2.1"},
			nil,
		},
		{
			"sessions are kept apart", []string{"s C 192.0.2.1", "t C 192.0.2.2", "t X", "s X"},
			[]string{"3: 192.0.2.2  t C 192.0.2.2|t X", "4: 192.0.2.1  s C 192.0.2.1|s X"},
		},
		{
			"user of an earlier line", []string{"s X user=a", "s C 192.0.2.1"},
			[]string{"2: 192.0.2.1 a s X user=a|s C 192.0.2.1"},
		},
		{
			"the pending failure is counted once", []string{"s X", "s C 192.0.2.1", "s C 192.0.2.1"},
			[]string{"2: 192.0.2.1  s X|s C 192.0.2.1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, sessionFilter, filter.Options{}).NewMatcher()
			var got []string
			for i, text := range tt.lines {
				r := m.Match(line(text))
				if r.Verdict != filter.Matched {
					t.Errorf("%q: %s", text, r.Verdict)
				}
				if f := r.Failure; f != nil {
					got = append(got, fmt.Sprintf("%d: %s %s %s", i+1, f.Host, f.User, strings.Join(f.Lines, "|")))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSessionEndsWithTime(t *testing.T) {
	connect, fail := "2026-03-10 21:00:00 s C 192.0.2.1", "2026-03-10 21:05:01 s X"
	for _, tt := range []struct {
		name  string
		later filter.Line
		want  string
	}{
		{"within five minutes", filter.Line{Text: fail, Read: read.Add(5 * time.Minute)}, "192.0.2.1"},
		{"after five minutes", filter.Line{Text: fail, Read: read.Add(5*time.Minute + 1)}, ""},
		{"catching up, by the line's own time", filter.Line{Text: fail, Read: read, CatchUp: true}, ""},
		{"catching up, within five minutes", filter.Line{Text: "2026-03-10 21:05:00 s X", Read: read, CatchUp: true}, "192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, sessionFilter, filter.Options{}).NewMatcher()
			m.Match(filter.Line{Text: connect, Read: read, CatchUp: tt.later.CatchUp})
			if got := accused(m.Match(tt.later)); got != tt.want {
				t.Errorf("accuses %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSessionsAreBounded(t *testing.T) {
	m := compile(t, sessionFilter, filter.Options{}).NewMatcher()
	for i := range 101 {
		m.Match(line(fmt.Sprintf("s%d C 192.0.2.%d", i, i+1)))
	}
	if got := accused(m.Match(line("s0 X"))); got != "" {
		t.Errorf("the oldest of 101 sessions is remembered: %s", got)
	}
	if got := accused(m.Match(line("s100 X"))); got != "192.0.2.101" {
		t.Errorf("the youngest of 101 sessions is forgotten: %q", got)
	}

	spec := filter.Spec{Failregex: []string{`^<F-MLFID>\w+</F-MLFID> X .*$`, `^<F-MLFID>\w+</F-MLFID> from <HOST>$`}}
	m = compile(t, spec, filter.Options{}).NewMatcher()
	long := "s X " + strings.Repeat("x", 1000)
	for range 1000 {
		m.Match(line(long))
	}
	size := 0
	for _, held := range m.Match(line("s from 192.0.2.1")).Failure.Lines {
		size += len(held)
	}
	if size > 20_000 {
		t.Errorf("a session holds %d bytes of lines", size)
	}
}
