package daemon

import (
	"strings"
	"testing"
	"time"

	"gaol/config"
	"gaol/filter"
	"gaol/jail/source"
)

func TestLogsThatAreNotUnderstoodAnyMore(t *testing.T) {
	const (
		failure   = "Nov 24 20:50:13 server app[7]: login failure from 192.0.2.5"
		healthy   = "Nov 24 20:50:13 server app[7]: logout of alice"
		strange   = "Nov 24 20:50:13 server app[7]: user=alice event=logout"
		foreign   = "Nov 24 20:50:13 server other[7]: something"
		beheaded  = "20261124T205013 app 7 logout of alice"
		container = `{"log":"something\n","stream":"stdout","time":"2026-11-24T20:50:13Z"}`
	)
	filters := map[string]filter.Spec{
		"app":  {Daemon: []string{"app"}, Failregex: []string{`^login failure from <HOST>$`}, Alive: []string{`^logout of`}},
		"file": {Failregex: []string{`^login failure from <HOST>$`}, Alive: []string{`logout of`}},
		"bare": {Failregex: []string{`^login failure from <HOST>$`}},
	}
	const minute = time.Minute
	for _, tt := range []struct {
		name, filter string
		// Each step is so many lines of one text in as many minutes.
		steps []step
		want  bool
	}{
		{"a changed format", "app", steps(1, healthy, 150, strange), true},
		{"nothing but strange lines from the start", "app", steps(150, strange), true},
		{"lines whose header cannot be read", "app", steps(150, beheaded), true},
		{"not many lines", "app", steps(90, strange), false},
		{"healthy ones among them", "app", steps(90, strange, 1, healthy, 90, strange), false},
		{"failures among them", "app", steps(90, strange, 1, failure, 90, strange), false},
		{"healthy again", "app", steps(150, strange, 1, healthy), false},
		{"another service's", "app", steps(300, foreign), false},
		{"a filter that knows nothing of health", "bare", steps(300, strange), false},
		{"other containers", "file", steps(300, container), false},
		{"the service's own container", "file", steps(1, `{"log":"logout of x\n","stream":"stdout","time":"2026-11-24T20:50:13Z"}`, 150, container), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := filter.Compile(filters[tt.filter], filter.Options{})
			if err != nil {
				t.Fatal(err)
			}
			c := &cell{name: "j", conf: config.Jail{FilterName: "app"}, filter: f, taps: map[string]*tap{}}
			scanner := filter.NewScanner([]*filter.Filter{f})
			now := time.Date(2026, 11, 24, 20, 50, 13, 0, time.UTC)
			for _, step := range tt.steps {
				for range step.n {
					now = now.Add(minute)
					lines := []filter.Line{{Text: step.line, Read: now}}
					c.tap("/var/log/app.log").match(source.Batch{Lines: lines}, scanner.Scan(lines))
				}
			}
			got := strangeProblems(c)["/var/log/app.log"]
			if (got != "") != tt.want {
				t.Errorf("problem %q", got)
			}
			if tt.want && !strings.Contains(got, `gaol regex --missed /var/log/app.log app`) {
				t.Errorf("the problem does not say what to do: %q", got)
			}
		})
	}
}

type step = struct {
	n    int
	line string
}

func steps(pairs ...any) []step {
	var all []step
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, step{pairs[i].(int), pairs[i+1].(string)})
	}
	return all
}

// A log that suddenly grows fast is looked at in samples, and not taken for strange in a moment.
func TestManyStrangeLinesAtOnce(t *testing.T) {
	f, err := filter.Compile(filter.Spec{Failregex: []string{`^x <HOST>$`}, Alive: []string{`^healthy`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, now := f.NewMatcher(), time.Unix(1e9, 0)
	fam := familiarity{watchful: true}
	lines := make([]filter.Line, 10_000)
	for i := range lines {
		lines[i] = filter.Line{Text: "strange", Read: now}
	}
	fam.see(m, lines, false)
	if fam.strange == 0 || fam.strange > looks || fam.problem() != "" {
		t.Errorf("%d looked at, problem %q", fam.strange, fam.problem())
	}
}
