package daemon_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gaol/cmd/internal/daemon"
)

// TestLogInAnotherFormatIsShown has a service write in a new format. The clock is ahead of the true one by as much as it is told.
func TestLogInAnotherFormatIsShown(t *testing.T) {
	s := newSite(t, `
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
[jail.app.filter]
failregex = ['^ERROR Login failure <HOST>$']
alive = ['^INFO Login of ']
`)
	var ahead atomic.Int64
	s.run(func(o *daemon.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	now := func() string { return time.Now().Add(time.Duration(ahead.Load())).Format("2006-01-02 15:04:05,000") }
	s.append("app.log", now()+" INFO Login of alice\n")
	s.wait("it is read", func() error {
		if jail := s.jail("app"); len(jail.Sources) != 1 || jail.Sources[0].Lines != 1 {
			return fmt.Errorf("sources %+v", jail.Sources)
		}
		return nil
	})
	ahead.Store(int64(10 * time.Minute))
	s.append("app.log", now()+" level=info event=login user=alice\n")
	s.wait("it is read", func() error {
		if lines := s.jail("app").Sources[0].Lines; lines != 2 {
			return fmt.Errorf("%d lines", lines)
		}
		return nil
	})
	ahead.Store(int64(2 * time.Hour))
	s.wait("the problem is shown", func() error {
		s.append("app.log", now()+" level=info event=login user=alice\n")
		if problems := s.jail("app").Problems; !strings.Contains(strings.Join(problems, "\n"), "its format may have changed") {
			return fmt.Errorf("problems %q", problems)
		}
		return nil
	})
	if got := s.metrics(); !strings.Contains(got, `gaol_problems{jail="app"} 1`) {
		t.Errorf("metrics:\n%s", got)
	}
	s.append("app.log", now()+" INFO Login of alice\n")
	s.waitWell("app")
}
