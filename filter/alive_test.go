package filter

import (
	"testing"
	"time"
)

func TestSight(t *testing.T) {
	spec := Spec{
		Daemon:    []string{"app"},
		Failregex: []string{`^login failure from <HOST>$`},
		Alive:     []string{`^(?:login|logout) of \S+$`, `^started`},
	}
	f, err := Compile(spec, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Watchful() {
		t.Error("it does not know what a healthy log looks like")
	}
	m := f.NewMatcher()
	for line, want := range map[string]Sight{
		"Nov 24 20:50:13 server app[7]: logout of alice":              Known,
		"Nov 24 20:50:13 server app[7]: started":                      Known,
		"Nov 24 20:50:13 server other[7]: started":                    Foreign,
		"Nov 24 20:50:13 server app[7]: login failure from 192.0.2.5": Strange,
		"Nov 24 20:50:13 server app[7]: something else":               Strange,
		"":        Strange,
		"started": Strange,
		`{"log":"Nov 24 20:50:13 server app[7]: started\n","stream":"stdout","time":"2026-11-24T20:50:13Z"}`: Known,
	} {
		if got := m.Sight(Line{Text: line, Read: time.Unix(1e9, 0)}); got != want {
			t.Errorf("%q: got %v, want %v", line, got, want)
		}
	}
	if bare, err := Compile(Spec{Failregex: spec.Failregex}, Options{}); err != nil || bare.Watchful() || bare.NewMatcher().Sight(Line{Text: "started"}) == Known {
		t.Errorf("a filter that knows nothing of health: %v", err)
	}
	if _, err := Compile(Spec{Failregex: spec.Failregex, Alive: []string{`(`}}, Options{}); err == nil {
		t.Error("a pattern that is none is accepted")
	}
}

func TestAliveInTests(t *testing.T) {
	spec := Spec{
		Failregex: []string{`^login failure from <HOST>$`},
		Alive:     []string{`^started`, `^login failure`},
		Tests: []Test{
			{Lines: []string{"started"}, Alive: true},
			{Lines: []string{"login failure from 192.0.2.5"}, Alive: true, Match: true, Host: "192.0.2.5"},
			{Lines: []string{"stopped"}, Alive: true},
			{Lines: []string{"login failure from 192.0.2.5"}, Alive: true},
		},
	}
	for i, want := range []bool{true, true, false, false} {
		if got := RunTests(spec)[i]; got.OK != want {
			t.Errorf("test %d: %s", i+1, got.Problem)
		}
	}
}

// A filter that also takes lines without a header knows those of others all the same.
func TestSightWithoutHeader(t *testing.T) {
	f, err := Compile(Spec{Daemon: []string{"", "app"}, Failregex: []string{`^x <HOST>$`}, Alive: []string{`^started`}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := f.NewMatcher()
	for line, want := range map[string]Sight{
		"Nov 24 20:50:13 server app[7]: started":                     Known,
		"Nov 24 20:50:13 server app[7]: 2026-11-24 20:50:13 started": Known,
		"2026-11-24 20:50:13 started":                                Known,
		"Nov 24 20:50:13 server cron[7]: started":                    Foreign,
		"2026-11-24 20:50:13 something else":                         Strange,
	} {
		if got := m.Sight(Line{Text: line, Read: time.Unix(1e9, 0)}); got != want {
			t.Errorf("%q: got %v, want %v", line, got, want)
		}
	}
}

// A filter that does not know its service's tags cannot tell whose the lines of a shared log are.
func TestSightOfSharedLogs(t *testing.T) {
	spec := Spec{Failregex: []string{`^x <HOST>$`}, Alive: []string{`started$`}}
	f, err := Compile(spec, Options{})
	if err != nil {
		t.Fatal(err)
	}
	spec.Journalmatch = []string{"_COMM=app"}
	matched, err := Compile(spec, Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1e9, 0)
	for _, tt := range []struct {
		filter *Filter
		line   Line
		want   Sight
	}{
		{f, Line{Text: "Nov 24 20:50:13 server cron[7]: something", Read: at}, Foreign},
		{f, Line{Text: "Nov 24 20:50:13 server app[7]: started", Read: at}, Known},
		{f, Line{Text: "2026-11-24 20:50:13 something", Read: at}, Strange},
		{f, Line{Text: "2026-11-24 20:50:13 WARN app: something", Read: at}, Strange},
		{f, Line{Text: "server cron[7]: something", Read: at, Time: at}, Foreign},
		{f, Line{Text: "server app[7]: started", Read: at, Time: at}, Known},
		{matched, Line{Text: "server app[7]: something", Read: at, Time: at}, Strange},
	} {
		if got := tt.filter.NewMatcher().Sight(tt.line); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.line.Text, got, tt.want)
		}
	}
}
