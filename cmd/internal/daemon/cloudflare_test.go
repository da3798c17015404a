package daemon_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

func cloudflareAction(c *actiontest.Cloudflare, more string) string {
	return fmt.Sprintf(`{ name = "cloudflare", token = %q, account = %q, list = %q, url = %q, hostname = "web1", every = "1s"%s }`,
		c.Token, c.Account, c.List, c.URL, more)
}

// waitOnList waits until the list has just these.
func (s *site) waitOnList(c *actiontest.Cloudflare, want ...string) {
	s.t.Helper()
	s.wait("the list is as it should be", func() error {
		if got := slices.Sorted(maps.Keys(c.Items())); !slices.Equal(got, want) {
			return fmt.Errorf("it has %q, not %q", got, want)
		}
		return nil
	})
}

// TestCloudflareHoldsTheBans follows a ban through a kill, a restart, an unban by hand and the end of the daemon.
func TestCloudflareHoldsTheBans(t *testing.T) {
	c := actiontest.NewCloudflare(t)
	c.Put("198.51.100.1", "by hand")
	s := newCommandSite(t, cloudflareAction(c, ""))
	s.start()
	s.append("app.log", failures(2, "203.0.113.7")+failures(2, "2001:db8:0:7::1")+failures(2, "203.0.113.8"))
	s.waitOnList(c, "198.51.100.1", "2001:db8:0:7::/64", "203.0.113.7", "203.0.113.8")
	if got := c.Items()["203.0.113.7"]; !strings.HasPrefix(got, "gaol web1 app until ") {
		t.Errorf("it is marked %q", got)
	}
	s.kill()
	c.Take("203.0.113.8")
	c.Put("203.0.113.9", "gaol web1 app for ever")
	_ = os.Remove(filepath.Join(s.dir, "ready"))
	s.start()
	s.waitOnList(c, "198.51.100.1", "2001:db8:0:7::/64", "203.0.113.7", "203.0.113.8")
	if _, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"203.0.113.7"}}); err != nil {
		t.Fatal(err)
	}
	s.waitOnList(c, "198.51.100.1", "2001:db8:0:7::/64", "203.0.113.8")
	if a := s.status().Jails[0].Actions[0]; a.Name != "cloudflare" || !a.Healthy {
		t.Errorf("status %+v", a)
	}
	s.stop()
	s.waitOnList(c, "198.51.100.1")
}

// TestNoBanWaitsForCloudflare has it not answer at all: the jail's other action runs at once, the problem shows, and once it answers
// all is made up for.
func TestNoBanWaitsForCloudflare(t *testing.T) {
	c := actiontest.NewCloudflare(t)
	c.Fault(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	s := newCommandSite(t, cloudflareAction(c, `, timeout = "3s"`)+", "+record)
	s.start()
	s.append("app.log", failures(2, "203.0.113.7"))
	s.wait("the program has run", func() error {
		ran, err := os.ReadFile(filepath.Join(s.dir, "ran"))
		if err == nil && string(ran) != "ban app 203.0.113.7\n" {
			err = fmt.Errorf("it wrote %q", ran)
		}
		return err
	})
	s.waitProblem("app", "no answer within 3s")
	if log := s.log(); strings.Contains(log, c.Token) {
		t.Errorf("the log has the token:\n%s", log)
	}
	c.Fault(nil)
	s.waitOnList(c, "203.0.113.7")
	s.waitWell("app")
}

// TestJailsShareAListAtCloudflare has two jails ban the same address, and a reload that takes one of them away.
func TestJailsShareAListAtCloudflare(t *testing.T) {
	c := actiontest.NewCloudflare(t)
	c.Takes(50 * time.Millisecond)
	action := cloudflareAction(c, "")
	second := strings.ReplaceAll(strings.Replace(commandSite(action), "[jail.sshd]\nenabled = false\n", "", 1), "app", "web")
	s := newSite(t, commandSite(action)+second)
	s.append("web.log", "")
	s.start()
	s.append("app.log", failures(2, "203.0.113.7")+failures(2, "203.0.113.8"))
	s.append("web.log", failures(2, "203.0.113.7")+failures(2, "203.0.113.9"))
	s.waitOnList(c, "203.0.113.7", "203.0.113.8", "203.0.113.9")
	s.reload(commandSite(action))
	s.waitOnList(c, "203.0.113.7", "203.0.113.8")
	if strings.Contains(s.log(), "action has a problem") {
		t.Errorf("there was a problem:\n%s", s.log())
	}
}

func TestObservingLeavesCloudflareAlone(t *testing.T) {
	c := actiontest.NewCloudflare(t)
	s := newCommandSite(t, cloudflareAction(c, "")+", "+record)
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", failures(2, "203.0.113.7"))
	s.wait("the program has run", func() error {
		_, err := os.ReadFile(filepath.Join(s.dir, "ran"))
		return err
	})
	if asked := c.Requests(); len(asked) > 0 {
		t.Errorf("it asked %v", asked)
	}
}
