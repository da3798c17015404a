package daemon_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"gaol/action/actiontest"
)

// TestStatusNamesRulesBeforeOurs has somebody let a network in before gaol's rules.
func TestStatusNamesRulesBeforeOurs(t *testing.T) {
	t.Parallel()
	actiontest.Need(t, "iptables", "ipset")
	if !actiontest.Isolate(t) {
		return
	}
	s := newSite(t, oneJail("app", "banaction = \"iptables\"\nport = 22\nprotocol = \"tcp\""))
	s.start()
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitBanned("203.0.113.1")
	if out, err := exec.Command("iptables", "-w", "5", "-I", "INPUT", "-s", "203.0.113.0/24", "-j", "ACCEPT").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.wait("status names the rule", func() error {
		a := s.jail("app").Actions[0]
		if !a.Healthy || !strings.Contains(strings.Join(a.Notes, "\n"), `the rule "-A INPUT -s 203.0.113.0/24 -j ACCEPT" comes before gaol's`) {
			return fmt.Errorf("%+v", a)
		}
		return nil
	})
	if !strings.Contains(s.log(), "comes before gaol's") {
		t.Errorf("the log does not say so:\n%s", s.log())
	}
	s.stop()
}
