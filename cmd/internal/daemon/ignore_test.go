package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
)

// waitWell waits until a jail, "" for the daemon, has no problem.
func (s *site) waitWell(jail string) {
	s.t.Helper()
	s.wait("all is well", func() error {
		problems := s.status().Problems
		if jail != "" {
			problems = s.jail(jail).Problems
		}
		if len(problems) > 0 {
			return fmt.Errorf("problems: %q", problems)
		}
		return nil
	})
}

func TestProxyThatIsAccusedIsShownAndNotBanned(t *testing.T) {
	s := newSite(t, oneJail("app", `trusted = ["203.0.113.1"]`))
	s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1")+failures(5, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	s.waitProblem("app", "lines accuse the trusted proxy 203.0.113.1: nobody is banned for them")
	if bans, app := s.banned("203.0.113.1"), s.jail("app"); len(bans) > 0 || app.Failures.Total != 5 {
		t.Errorf("%d failures, bans %+v", app.Failures.Total, bans)
	}
	if got := s.metrics(); !strings.Contains(got, `gaol_problems{jail="app"} 1`) {
		t.Errorf("metrics:\n%s", got)
	}
	ban := func(force bool, addresses ...string) error {
		_, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: addresses, Force: force})
		return err
	}
	refused, ok := errors.AsType[*control.Error](ban(false, "203.0.113.3", "203.0.113.0/30"))
	if !ok || refused.Status != http.StatusForbidden || !strings.Contains(refused.Message, "203.0.113.0/30 (trusted 203.0.113.1)") {
		t.Errorf("got %v", refused)
	}
	if bans := s.banned("203.0.113.3"); len(bans) > 0 {
		t.Errorf("a request that was refused has banned %+v", bans)
	}
	if err := ban(true, "203.0.113.1"); err != nil {
		t.Error(err)
	}
	s.waitDecided("203.0.113.1")
}

// TestProxiesOfJSONComeFromAFile looks behind a proxy as soon as a file names it.
func TestProxiesOfJSONComeFromAFile(t *testing.T) {
	s := newSite(t, oneJail("app", `trusted = ["file:DIR/proxies.txt"]
filter = { json = { when = { status = 401 }, host = "xff", peer = "ip" } }`))
	s.append("proxies.txt", "10.0.0.1\n")
	s.run(nil)
	line := func(xff, ip string) string {
		return strings.Repeat(fmt.Sprintf(`{"ts":%d,"status":401,"xff":%q,"ip":%q}`+"\n", time.Now().Unix(), xff, ip), 5)
	}
	s.append("app.log", line("198.51.100.1, 203.0.113.1", "10.0.0.1"))
	s.waitDecided("203.0.113.1")
	s.append("app.log", line("", "10.0.0.1"))
	s.waitProblem("app", "lines accuse the trusted proxy 10.0.0.1")
	s.append("proxies.txt", "10.0.0.2\n")
	s.wait("the second proxy is known", func() error {
		s.append("app.log", line("203.0.113.2", "10.0.0.2"))
		if len(s.banned("203.0.113.2")) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	if bans := s.banned("10.0.0.0/24"); len(bans) > 0 {
		// Until the file was read again it was a client like any other; then it was let go.
		s.wait("the proxy is let go", func() error {
			if bans := s.banned("10.0.0.0/24"); len(bans) > 0 {
				return fmt.Errorf("bans: %+v", bans)
			}
			return nil
		})
	}
}

func TestOperatorIsNotBanned(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	stop := s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitDecided("203.0.113.1")
	over := control.Dial(filepath.Join(s.dir, "gaol.sock")).As(netip.MustParseAddr("203.0.113.1"))
	defer over.Close()
	status, err := over.Status(t.Context(), "")
	if err != nil || len(status.Operators) != 1 || status.Operators[0].Address != "203.0.113.1" {
		t.Fatalf("got %+v, %v", status.Operators, err)
	}
	s.wait("who uses gaol is let in", func() error {
		if bans := s.banned("203.0.113.1"); len(bans) > 0 {
			return fmt.Errorf("bans: %+v", bans)
		}
		return nil
	})
	_, err = over.Ban(t.Context(), control.BanRequest{Addresses: []string{"203.0.113.1"}})
	if refused, ok := errors.AsType[*control.Error](err); !ok || refused.Status != http.StatusForbidden || !strings.Contains(refused.Message, "(operator 203.0.113.1)") {
		t.Errorf("got %v", err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// It is known after a restart, too.
	s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1")+failures(5, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	if bans := s.banned("203.0.113.1"); len(bans) > 0 {
		t.Errorf("bans: %+v", bans)
	}
	if _, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{"203.0.113.1"}, Force: true}); err != nil {
		t.Error(err)
	}
	s.waitDecided("203.0.113.1")
}

func TestOperatorsCanBeSwitchedOff(t *testing.T) {
	s := newSite(t, "operators = 0\n"+oneJail("app", ""))
	s.run(nil)
	over := control.Dial(filepath.Join(s.dir, "gaol.sock")).As(netip.MustParseAddr("203.0.113.1"))
	defer over.Close()
	if status, err := over.Status(t.Context(), ""); err != nil || len(status.Operators) > 0 {
		t.Errorf("got %+v, %v", status.Operators, err)
	}
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitDecided("203.0.113.1")
}

func TestProblemOfASharedListIsToldOnce(t *testing.T) {
	s := newSite(t, "[default]\nignoreip = [\"file:DIR/allow.txt\"]\n"+oneJail("app", "")+`
[jail.web]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
`)
	s.run(nil)
	s.waitProblem("", "allow.txt: no such file or directory: its last known addresses (0) stay ignored (jails app, web)")
	for _, name := range []string{"app", "web"} {
		if problems := s.jail(name).Problems; len(problems) > 0 {
			t.Errorf("%s: %q", name, problems)
		}
	}
	s.append("allow.txt", "203.0.113.1\n")
	s.waitWell("")
	s.append("app.log", failures(5, "203.0.113.1")+failures(5, "203.0.113.2"))
	s.wait("both jails ban", func() error {
		if bans := s.banned("203.0.113.2"); len(bans) != 2 {
			return fmt.Errorf("bans: %+v", bans)
		}
		return nil
	})
	if bans := s.banned("203.0.113.1"); len(bans) > 0 {
		t.Errorf("bans: %+v", bans)
	}
}

// TestProgramThatFailsIsShownUntilItWorks uses a clock that is ahead of the true one by as much as it is told.
func TestProgramThatFailsIsShownUntilItWorks(t *testing.T) {
	s := newSite(t, oneJail("app", `ignoreip = ["command:/bin/cat DIR/list"]`))
	var ahead atomic.Int64
	s.run(func(o *daemon.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	s.waitProblem("app", "running /bin/cat: exit status 1")
	s.append("list", "203.0.113.1\n")
	ahead.Store(int64(2 * time.Minute))
	s.waitWell("app")
	if err := os.Remove(filepath.Join(s.dir, "list")); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(20 * time.Minute))
	s.waitProblem("app", "its last known addresses (1) stay ignored")
	if _, err := s.client.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reply, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{"203.0.113.1"}}); err != nil ||
		len(reply.Warnings) != 1 || !strings.Contains(reply.Warnings[0], "(command:/bin/cat ") {
		t.Errorf("got %q, %v", reply.Warnings, err)
	}
}

// TestListOnTheWeb is asked for again in time, keeps its last good copy, and tells what is wrong.
func TestListOnTheWeb(t *testing.T) {
	var page atomic.Value
	page.Store("203.0.113.1")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page.Load()) }))
	defer server.Close()
	s := newSite(t, oneJail("app", fmt.Sprintf("ignorerefresh = \"1m\"\nignoreip = [%q]", server.URL)))
	var ahead atomic.Int64
	s.run(func(o *daemon.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	s.append("app.log", failures(5, "203.0.113.1")+failures(5, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	page.Store("0.0.0.0/0")
	ahead.Store(int64(2 * time.Minute))
	s.waitProblem("app", "it holds more than a sixteenth of all addresses")
	if got := s.metrics(); !strings.Contains(got, `gaol_problems{jail="app"} 1`) {
		t.Errorf("metrics:\n%s", got)
	}
	if bans := s.banned(); len(bans) != 1 {
		t.Errorf("bans: %+v", bans)
	}
	page.Store(`["203.0.113.2"]`)
	ahead.Store(int64(4 * time.Minute))
	s.waitWell("app")
	s.wait("who is in the list now is let in", func() error {
		if bans := s.banned("203.0.113.2"); len(bans) > 0 {
			return fmt.Errorf("bans: %+v", bans)
		}
		return nil
	})
}

// TestWhoWasIgnoredStaysSoOverARestart restarts while no name server answers.
func TestWhoWasIgnoredStaysSoOverARestart(t *testing.T) {
	s := newSite(t, oneJail("app", `ignoreip = ["friend.example"]`))
	stop := s.run(func(o *daemon.Options) {
		o.Lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("203.0.113.1")}, nil
		}
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.run(func(o *daemon.Options) {
		o.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no name server") }
	})
	s.append("app.log", failures(5, "203.0.113.1")+failures(5, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	s.waitProblem("app", `looking up "friend.example": no name server: its last known addresses (1) stay ignored`)
	if bans := s.banned("203.0.113.1"); len(bans) > 0 {
		t.Errorf("bans: %+v", bans)
	}
}

func TestDamagedMemoryIsShown(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.append("gaol.sqlite3.ignored", "{")
	s.run(nil)
	s.waitProblem("", "reading who was ignored before the start")
}
