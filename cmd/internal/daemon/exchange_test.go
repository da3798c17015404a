package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReloadLeavesOtherActionsAlone changes the actions of a jail one by one. Those that are the same go on, and what takes over
// another's file never has the server read it without the bans.
func TestReloadLeavesOtherActionsAlone(t *testing.T) {
	s := newSite(t, "")
	trace := filepath.Join(s.dir, "trace")
	note := func(what string) string {
		return fmt.Sprintf(`["/bin/sh", "-c", 'echo %s $GAOL_IP >>%s']`, what, trace)
	}
	program := func(name string) string {
		return fmt.Sprintf(`{ name = %q, kind = "command", start = %s, ban = %s, stop = %s }`, name, note(name+" start"), note(name+" ban"), note(name+" stop"))
	}
	file := filepath.Join(s.dir, "deny.conf")
	// A server reads the file when it is told to.
	deny := func(server string) string {
		return fmt.Sprintf(`{ name = "nginx", path = %q, reload = ["/bin/sh", "-c", 'echo %s reads $(grep -o 203.0.113.1 %s) >>%s'] }`, file, server, file, trace)
	}
	conf := func(actions ...string) string {
		return oneJail("app", "banaction = \"none\"\naction = ["+strings.Join(actions, ", ")+"]")
	}
	traced := func(want ...string) {
		t.Helper()
		s.wait("the actions were told", func() error {
			text, err := os.ReadFile(trace)
			if err != nil {
				return err
			}
			var got []string
			for line := range strings.Lines(string(text)) {
				if line = strings.TrimSpace(line); line != "first reads 203.0.113.1" { // of before
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				return fmt.Errorf("the trace (-want +got):\n%s", diff)
			}
			return nil
		})
	}
	s.configure(conf(program("one"), deny("first")))
	s.start()
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitDecided("203.0.113.1")
	s.wait("the file has the ban", func() error { return holds(file, "203.0.113.1") })
	s.wait("the program has run", func() error { return holds(trace, "one ban 203.0.113.1") })
	if err := os.Remove(trace); err != nil {
		t.Fatal(err)
	}
	untouched, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	s.reload(conf(program("one"), program("two"), deny("first")))
	traced("two start", "two ban 203.0.113.1")
	s.reload(conf(program("two"), deny("first")))
	traced("two start", "two ban 203.0.113.1", "one stop")
	if now, err := os.Stat(file); err != nil || !os.SameFile(untouched, now) {
		t.Errorf("the file was written again (%v), by an action that has not changed", err)
	}
	s.reload(conf(program("two"), deny("second")))
	traced("two start", "two ban 203.0.113.1", "one stop", "second reads 203.0.113.1")
	s.append("app.log", failures(5, "203.0.113.2"))
	s.wait("the file has the next ban", func() error { return holds(file, "203.0.113.2") })
	s.reload(conf(program("two")))
	s.wait("the file is empty", func() error {
		if err := holds(file, "203.0.113."); err == nil {
			return fmt.Errorf("%s has bans of an action that is gone", file)
		}
		return nil
	})
}

func holds(file, address string) error {
	text, err := os.ReadFile(file)
	if err == nil && !strings.Contains(string(text), address) {
		err = fmt.Errorf("%s does not hold %s", file, address)
	}
	return err
}
