package stock_test

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"testing"
	"time"

	"gaol/filter"
)

// sent is when the lines of other forms are from.
var sent = time.Date(2026, time.November, 24, 20, 50, 13, 0, time.UTC)

// syslogLine has tag, process id and message of a line with a syslog daemon's header.
var syslogLine = regexp.MustCompile(`^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) (?:\S+ )??([^\s:\[]+)(?:\[(\d+)\])?: (.*)$`)

// TestEveryFormOfHeader has each test line come through syslog, in its forms, the journal and containers: whoever
// is found in the line must be found in all of them.
func TestEveryFormOfHeader(t *testing.T) {
	forEachFilter(t, func(t *testing.T, spec filter.Spec) {
		type variant struct{ mode, params string }
		compiled := map[variant]*filter.Filter{}
		for i, test := range spec.Tests {
			if !test.Match && !test.Success {
				continue
			}
			v := variant{test.Mode, fmt.Sprint(test.Params)}
			f := compiled[v]
			if f == nil {
				var err error
				f, err = filter.Compile(spec, filter.Options{Mode: test.Mode, Params: test.Params, Timezone: time.UTC, Success: true})
				if err != nil {
					t.Fatal(err)
				}
				compiled[v] = f
			}
			want := found(f, plainLines(test.Lines))
			for form, lines := range forms(spec, test.Lines) {
				if got := found(f, lines); got != want {
					t.Errorf("test %d as %s finds %q, not %q: %q", i+1, form, got, want, lines[len(lines)-1].Text)
				}
			}
		}
	})
}

// found is whom the last line tells of.
func found(f *filter.Filter, lines []filter.Line) string {
	m := f.NewMatcher()
	var result filter.Result
	for _, line := range lines {
		result = m.Match(line)
	}
	switch {
	case result.Failure != nil:
		return fmt.Sprintf("failure of %s %s, user %q", result.Failure.Host, result.Failure.ID, result.Failure.User)
	case result.Success != nil:
		return fmt.Sprintf("login of %s %s, user %q", result.Success.Host, result.Success.ID, result.Success.User)
	}
	return ""
}

func plainLines(texts []string) []filter.Line {
	lines := make([]filter.Line, len(texts))
	for i, text := range texts {
		lines[i] = filter.Line{Text: text, Read: sent, CatchUp: true}
	}
	return lines
}

// forms are the lines as they would stand in other logs.
func forms(spec filter.Spec, texts []string) map[string][]filter.Line {
	all := map[string][]filter.Line{}
	add := func(form, text string, journal bool) {
		line := filter.Line{Text: text, Read: sent, CatchUp: true}
		if journal {
			line.Time = sent
		}
		all[form] = append(all[form], line)
	}
	bare := len(spec.Daemon) == 0 || slices.Contains(spec.Daemon, "")
	tags := spec.Daemon
	if slices.Contains(tags, "") {
		tags = append(slices.Clone(tags), "conmon", "a6967501689b") // of a container
	}
	for _, text := range texts {
		if m := syslogLine.FindStringSubmatch(text); m != nil && isOf(tags, m[1]) {
			tag, pid, message := m[1], m[2], m[3]
			if pid == "" {
				pid = "77"
			}
			add("traditional syslog", fmt.Sprintf("Nov 24 20:50:13 server %s[%s]: %s", tag, pid, message), false)
			add("syslog with an ISO date", fmt.Sprintf("2026-11-24T20:50:13.000000+00:00 server %s[%s]: %s", tag, pid, message), false)
			add("RFC 5424", fmt.Sprintf("<38>1 2026-11-24T20:50:13Z server %s %s - - %s", tag, pid, message), false)
			add("a record of the journal", fmt.Sprintf("server %s[%s]: %s", tag, pid, message), true)
			continue
		}
		if !bare || isRecord(text) {
			continue
		}
		add("a record of the journal", "server program[77]: "+text, true)
		add("a container's output", fmt.Sprintf("2026-11-24T20:50:13.000000000Z stdout F %s", text), false)
		add("a container's output in Docker's form", docker(text), false)
		for _, tag := range tags {
			if tag != "" {
				add("syslog from "+tag, fmt.Sprintf("Nov 24 20:50:13 server %s[77]: %s", tag, text), false)
			}
		}
	}
	for form, lines := range all {
		if len(lines) != len(texts) {
			delete(all, form) // some of the lines are of another kind
		}
	}
	return all
}

var record = regexp.MustCompile(`^(?:\{"log":"|\d{4}-\d\d-\d\dT\S+ std(?:out|err) [FP] )`)

// isRecord says that a line is a container's already.
func isRecord(text string) bool { return record.MatchString(text) }

// isOf says that a tag is one of a service's, in which "*" stands for what changes.
func isOf(daemons []string, tag string) bool {
	return slices.ContainsFunc(daemons, func(daemon string) bool {
		fits, err := path.Match(daemon, tag)
		return err == nil && fits
	})
}

func docker(text string) string {
	quoted, err := json.Marshal(text + "\n")
	if err != nil {
		panic(err) // no string is refused
	}
	return fmt.Sprintf(`{"log":%s,"stream":"stdout","time":"2026-11-24T20:50:13.000000000Z"}`, quoted)
}
