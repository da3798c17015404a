package daemon_test

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// TestBansHoldWithRoutes has two jails ban one client by route, with real packets, through all that ends a ban
// and through a crash.
func TestBansHoldWithRoutes(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "ip")
	server, bad := actiontest.Own(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	server.Serve(t, "tcp", ":80")
	conf := `
[default]
banaction = "route"
bantime = "1h"
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
port = [80]
[jail.other]
enabled = true
logpath = ["DIR/other.log"]
failregex = ['^ERROR Login failure <HOST>$']
`
	s := newSite(t, conf)
	s.start()
	silent := func(c client) {
		t.Helper()
		_, err := bad.Ask("tcp", c.server, 300*time.Millisecond)
		if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
			t.Fatalf("should meet silence: %v", err)
		}
	}
	for _, c := range clients {
		t.Run(c.family, func(t *testing.T) {
			served(t, bad, c)
			s.append("app.log", failures(5, c.address))
			s.waitBanned(c.address)
			silent(c)
			_, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{c.address}, Time: "2s", Jail: "other"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{c.address}, Jail: "app"})
			if err != nil {
				t.Fatal(err)
			}
			silent(c) // the other jail's still
			s.wait("the ban has ended", func() error {
				_, err := bad.Ask("tcp", c.server, time.Second)
				return err
			})
		})
	}

	c := clients[0]
	s.append("app.log", failures(5, c.address))
	s.waitBanned(c.address)
	if notes := s.jail("app").Actions[0].Notes; len(notes) != 1 || !strings.Contains(notes[0], "routes know no ports") {
		t.Errorf("notes: %q", notes)
	}
	if why, err := s.client.Why(t.Context(), c.address); err != nil {
		t.Error(err)
	} else {
		for _, k := range why.Kernel {
			left := k.LeftSeconds
			if k.Jail == "app" && (!k.Holds || left == nil || *left > 3601 || *left < 3000 || k.Dropping != nil) {
				t.Errorf("why: %+v", k)
			}
		}
	}
	s.reload(strings.Replace(conf, "port = [80]", `blocktype = "drop"`, 1))
	silent(c)
	s.wait("it leaves out nothing", func() error {
		if notes := s.jail("app").Actions[0].Notes; len(notes) > 0 {
			return fmt.Errorf("notes: %q", notes)
		}
		return nil
	})
	if log := s.log(); strings.Count(log, `msg="action started" jail=app`) != 1 {
		t.Errorf("another blocktype started the action anew:\n%s", log)
	}
	s.kill()
	silent(c)
	s.start()
	s.waitBanned(c.address)
	silent(c)
	s.stop()
	served(t, bad, c)
	check := "! (ip rule; ip -6 rule; ip route show table all; ip -6 route show table all) | grep 147"
	if out, err := exec.Command("sh", "-c", check).CombinedOutput(); err != nil {
		t.Errorf("left behind: %s", out)
	}
}
