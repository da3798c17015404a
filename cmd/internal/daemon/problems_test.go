package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"gaol/cmd/internal/control"
	"gaol/filter"
	"gaol/jail/source"
)

func TestProblemsAreToldOnceAndListed(t *testing.T) {
	var log bytes.Buffer
	var told []string
	p := newProblems(slog.New(slog.NewTextHandler(&log, nil)), func(jail, text string) { told = append(told, jail+": "+text) })
	p.set("sshd", "source:a", "a: permission denied")
	p.set("sshd", "source:a", "a: permission denied")
	p.replace("sshd", "source", map[string]string{"b": "b: no such file"})
	p.set("sshd", "action:iptables", "no")
	p.set("", "store", "full")

	if diff := cmp.Diff([]string{"sshd: a: permission denied", "sshd: b: no such file", "sshd: no", ": full"}, told); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"no", "b: no such file"}, p.list("sshd")); diff != "" {
		t.Error(diff)
	}
	if got := strings.Count(log.String(), "a: permission denied"); got != 2 {
		t.Errorf("raised and solved should be logged once each, got %d:\n%s", got, log.String())
	}
	p.mirror("sshd", "action", map[string]string{"0": "logged elsewhere"})
	if strings.Contains(log.String(), "logged elsewhere") || !slices.Contains(p.list("sshd"), "logged elsewhere") {
		t.Errorf("a problem that is mirrored should be listed and not logged: %q\n%s", p.list("sshd"), log.String())
	}
	p.drop("sshd")
	if diff := cmp.Diff([]string{}, p.list("sshd")); diff != "" {
		t.Error(diff)
	}
}

func TestSlowListenerIsToldWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		ctx, cancel := context.WithCancel(t.Context())
		begin := make(chan struct{})
		var got []control.Event
		done := make(chan error)
		go func() {
			done <- h.listen(ctx, func() {}, func(e control.Event) error {
				<-begin
				got = append(got, e)
				return nil
			})
		}()
		synctest.Wait()
		// One is with the listener, eventBacklog wait, 7 are too many.
		h.publish(func() control.Event { return control.Event{What: "failure"} })
		synctest.Wait()
		for range eventBacklog + 7 {
			h.publish(func() control.Event { return control.Event{What: "failure"} })
		}
		close(begin)
		synctest.Wait()
		h.publish(func() control.Event { return control.Event{What: "ban"} })
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		last := got[len(got)-2:]
		if last[0].Text != "7 events missed: read faster" || last[1].What != "ban" {
			t.Errorf("got %+v", last)
		}
	})
}

// A pattern that takes too many steps is one problem, however many lines and sources it is of.
func TestRunawayPatternIsAProblem(t *testing.T) {
	f, err := filter.Compile(filter.Spec{Fail2ban: true, Failregex: []string{`^(a+)+\1[bc] from <HOST>$`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := &cell{name: "j", filter: f, taps: map[string]*tap{}}
	lines := []filter.Line{{Text: strings.Repeat("a", 1000) + " from 192.0.2.1"}, {Text: "aab from 192.0.2.1"}}
	scanner := filter.NewScanner([]*filter.Filter{f})
	for range 3 {
		for _, log := range []string{"/var/log/a", "/var/log/b"} {
			if problems := patternProblems(c); len(c.taps) == 0 && len(problems) > 0 {
				t.Errorf("problems before any line: %q", problems)
			}
			c.tap(log).match(source.Batch{Lines: lines}, scanner.Scan(lines))
		}
	}
	problems := patternProblems(c)
	if len(problems) != 1 || !strings.Contains(problems["failregex 1"], "took too many steps") {
		t.Errorf("problems are %q", problems)
	}
}
