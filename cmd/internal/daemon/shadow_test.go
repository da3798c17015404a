package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/control"
)

// shadowSite has a jail that tells a file of its bans, and one in which the bans of all count.
func shadowSite(enforce bool) string {
	return oneJail("app", fmt.Sprintf(`enforce = %v
banaction = "none"
bantime = "1h"
action = [{ name = "command", ban = ["sh", "-c", "echo ban $GAOL_IP >>DIR/told"], unban = ["sh", "-c", "echo unban $GAOL_IP >>DIR/told"] }]`, enforce)) + `
[jail.other]
enabled = true
logpath = ["DIR/other.log"]
failregex = ['^ERROR Login failure <HOST>$']
banaction = "none"
bantime = "10m"
bantime_increment = { enabled = true, overalljails = true }
`
}

// told waits until that is what the action has been told.
func (s *site) told(want string) {
	s.t.Helper()
	s.wait("the action is told "+want, func() error {
		text, err := os.ReadFile(filepath.Join(s.dir, "told"))
		if got := strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", ", "); got != want {
			return fmt.Errorf("it was told %q, %v", got, err)
		}
		return nil
	})
}

// waitIn waits until the jail has banned address.
func (s *site) waitIn(jail, address string) (ban control.Ban) {
	s.t.Helper()
	s.wait(address+" is banned in "+jail, func() error {
		bans := s.banned(address)
		for _, b := range bans {
			if b.Jail == jail {
				ban = b
				return nil
			}
		}
		return fmt.Errorf("bans: %+v", bans)
	})
	return ban
}

func TestShadowJail(t *testing.T) {
	s := newSite(t, shadowSite(false))
	stop := s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1"))
	if b := s.waitIn("app", "203.0.113.1"); !b.Shadow || b.Enforced {
		t.Errorf("got %+v, want a shadow", b)
	}
	if !s.jail("app").Shadow || s.jail("other").Shadow || len(s.jail("app").Actions) > 0 {
		t.Errorf("got %+v and %+v", s.jail("app"), s.jail("other"))
	}
	for _, want := range []string{`gaol_jail_enforces{jail="app"} 0`, `gaol_jail_enforces{jail="other"} 1`} {
		if !strings.Contains(s.metrics(), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	reply, err := s.client.Ban(t.Context(), control.BanRequest{Jail: "app", Addresses: []string{"203.0.113.9"}})
	if err != nil || len(reply.Warnings) != 1 || !strings.Contains(reply.Warnings[0], "enforce = false") || !reply.Banned[0].Shadow {
		t.Errorf("by hand: got %+v, %v", reply, err)
	}
	if _, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"203.0.113.9"}}); err != nil {
		t.Fatal(err)
	}

	// Its bans are none to others: neither while they run nor after a start.
	s.append("other.log", failures(5, "203.0.113.1"))
	if length := lengthOf(s.waitIn("other", "203.0.113.1")); length != 10*time.Minute {
		t.Errorf("a ban for %s in the other jail, want that of a first one", length)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "told")); err == nil {
		t.Error("the action was told of a shadow")
	}
	stop = s.run(nil)
	s.append("app.log", failures(5, "203.0.113.2"))
	s.waitIn("app", "203.0.113.2")
	if err := stop(); err != nil {
		t.Error(err)
	}
	stop = s.run(nil)
	s.append("other.log", failures(5, "203.0.113.2"))
	if length := lengthOf(s.waitIn("other", "203.0.113.2")); length != 10*time.Minute {
		t.Errorf("after a start: a ban for %s in the other jail, want that of a first one", length)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func lengthOf(b control.Ban) time.Duration { return b.End.Sub(b.Start) }

// Switched on, a shadow jail enforces what is in force, and that counts; switched off, it lets go.
func TestShadowJailIsSwitchedByAReload(t *testing.T) {
	s := newSite(t, shadowSite(false))
	stop := s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitIn("app", "203.0.113.1")
	s.reload(shadowSite(true))
	s.told("ban 203.0.113.1")
	if b := s.waitIn("app", "203.0.113.1"); b.Shadow {
		t.Errorf("got %+v, want no shadow", b)
	}
	s.append("other.log", failures(5, "203.0.113.1"))
	if length := lengthOf(s.waitIn("other", "203.0.113.1")); length != 20*time.Minute {
		t.Errorf("a ban for %s in the other jail, want that of a second one: the first was enforced", length)
	}

	s.reload(shadowSite(false))
	s.told("ban 203.0.113.1, unban 203.0.113.1")
	if b := s.waitIn("app", "203.0.113.1"); !b.Shadow {
		t.Errorf("got %+v, want a shadow", b)
	}
	s.append("app.log", failures(5, "203.0.113.3"))
	s.waitIn("app", "203.0.113.3")
	if err := stop(); err != nil {
		t.Error(err)
	}

	// Started with another configuration than it was stopped with, it does the same.
	s.configure(shadowSite(true))
	stop = s.run(nil)
	s.told("ban 203.0.113.1, unban 203.0.113.1, ban 203.0.113.1, ban 203.0.113.3")
	s.append("other.log", failures(5, "203.0.113.3"))
	if length := lengthOf(s.waitIn("other", "203.0.113.3")); length != 20*time.Minute {
		t.Errorf("after a start: a ban for %s in the other jail, want that of a second one", length)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
