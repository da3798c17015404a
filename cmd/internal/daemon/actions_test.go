package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newCommandSite has a jail that runs actions and no firewall.
func newCommandSite(t *testing.T, actions string) *site {
	t.Helper()
	return newSite(t, commandSite(actions))
}

func commandSite(actions string) string {
	return `
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
from = "findtime"
banaction = "none"
maxretry = 2
action = [` + actions + `]
`
}

// record is a program that writes down what it was run for.
const record = `{ name = "command", ban = ["/bin/sh", "-c", "echo $GAOL_ACTION $GAOL_JAIL $GAOL_IP >> DIR/ran"] }`

func TestCommandsKnowTheirJail(t *testing.T) {
	s := newCommandSite(t, record)
	s.start()
	s.append("app.log", failures(2, "192.0.2.7"))
	s.wait("the program has run", func() error {
		ran, err := os.ReadFile(filepath.Join(s.dir, "ran"))
		if err == nil && string(ran) != "ban app 192.0.2.7\n" {
			err = fmt.Errorf("it wrote %q", ran)
		}
		return err
	})
}

func TestObservingLeavesOutTheFirewallAlone(t *testing.T) {
	s := newCommandSite(t, `{ name = "command", ban = ["/bin/sh", "-c", "echo observe=$GAOL_OBSERVE $GAOL_IP >> DIR/ran"] }`)
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", failures(2, "192.0.2.7"))
	s.wait("the program has run", func() error {
		ran, err := os.ReadFile(filepath.Join(s.dir, "ran"))
		if err == nil && string(ran) != "observe=1 192.0.2.7\n" {
			err = fmt.Errorf("it wrote %q", ran)
		}
		return err
	})
}

func TestActionsOfOneNameHaveProblemsOfTheirOwn(t *testing.T) {
	s := newCommandSite(t, `{ name = "command", ban = ["/bin/false"] }, { name = "command", ban = ["/nowhere/program"] }`)
	s.start()
	s.append("app.log", failures(2, "192.0.2.7"))
	s.wait("both problems show", func() error {
		problems := strings.Join(s.status().Jails[0].Problems, "\n")
		for _, want := range []string{"/bin/false", "/nowhere/program"} {
			if strings.Count(problems, "running "+want+":") != 1 {
				return fmt.Errorf("want one of %s in:\n%s", want, problems)
			}
		}
		return nil
	})
}

func TestAnActionMayTakeAMomentToStart(t *testing.T) {
	s := newCommandSite(t, `{ name = "command", start = ["/bin/sh", "-c", "until [ -e DIR/go ]; do sleep 0.1; done"], ban = ["/bin/true"] }`)
	s.start()
	s.wait("the daemon says that it runs", func() error {
		if !strings.Contains(s.log(), "msg=started") {
			return fmt.Errorf("it does not yet")
		}
		return nil
	})
	if status := s.status().Jails[0]; status.Actions[0].Healthy || len(status.Problems) > 0 {
		t.Errorf("not healthy yet, and no problem either: %+v", status)
	}
	s.append("go", "")
	s.wait("the action has started", func() error {
		if !s.status().Jails[0].Actions[0].Healthy {
			return fmt.Errorf("not healthy")
		}
		return nil
	})
}
