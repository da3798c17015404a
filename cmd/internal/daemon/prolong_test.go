package daemon_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// byHand bans an address in all jails, and returns what came of it in app.
func (s *site) byHand(length string) control.Ban {
	s.t.Helper()
	reply, err := s.client.Ban(s.t.Context(), control.BanRequest{Jail: "app", Time: length, Addresses: []string{"203.0.113.1"}})
	if err != nil || len(reply.Banned) != 1 {
		s.t.Fatalf("got %+v, %v", reply, err)
	}
	return reply.Banned[0]
}

// TestBanIsMadeLongerByHand makes a ban by the jail longer, in memory and in the store: its reason
// and count stay, and it is one ban for those who count the bans of all jails.
func TestBanIsMadeLongerByHand(t *testing.T) {
	conf := oneJail("app", "bantime = \"10m\"") + `
[jail.other]
enabled = true
logpath = ["DIR/other.log"]
failregex = ['^ERROR Login failure <HOST>$']
maxretry = 1
bantime = "1h"
bantime_increment = { enabled = true, overalljails = true }
`
	s := newSite(t, conf)
	s.append("other.log", "")
	stop := s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1"))
	before := s.waitDecided("203.0.113.1")
	if got := s.byHand("1m"); !got.End.Equal(*before.End) || got.By != "jail" {
		t.Errorf("got %+v, want the ban as it was", got)
	}
	longer := s.byHand("2h")
	if !longer.Start.Equal(before.Start) || longer.End.Sub(*before.End) < time.Hour || longer.Count != 1 || longer.By != "hand" || len(longer.Lines) != 5 {
		t.Errorf("got %+v, want %+v until later", longer, before)
	}
	if got := s.byHand("forever"); got.End != nil || !got.Start.Equal(before.Start) {
		t.Errorf("got %+v, want it for ever", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.run(nil)
	if got := s.waitDecided("203.0.113.1"); got.End != nil || got.By != "hand" || !got.Start.Equal(before.Start) {
		t.Errorf("got %+v after a restart, want it for ever", got)
	}
	s.append("other.log", failures(1, "203.0.113.1"))
	s.wait("the other jail bans", func() error {
		for _, b := range s.banned("203.0.113.1") {
			if b.Jail == "other" {
				if got := b.End.Sub(b.Start); got != 2*time.Hour {
					t.Errorf("the other jail bans for %s, want 2h after one earlier ban", got)
				}
				return nil
			}
		}
		return errors.New("not yet")
	})
}

// TestBanIsMadeLongerInTheKernel makes a ban of a second one for ever: the kernel must not let go.
func TestBanIsMadeLongerInTheKernel(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nft", "ipset", "iptables")
	for _, tt := range []struct{ backend, list string }{
		{"nftables", "nft list table inet gaol"},
		{"iptables", "ipset list"},
	} {
		t.Run(tt.backend, func(t *testing.T) {
			s := newSite(t, oneJail("app", "bantime = \"2s\"\nbanaction = \""+tt.backend+"\""))
			s.start()
			s.append("app.log", failures(5, "203.0.113.1"))
			before := s.waitBanned("203.0.113.1")
			if got := s.byHand("forever"); !got.Enforced {
				t.Errorf("got %+v, want it enforced", got)
			}
			time.Sleep(time.Until(before.End.Add(time.Second))) // the kernel tells nobody
			list, err := exec.Command("sh", "-c", tt.list).CombinedOutput()
			if err != nil || !strings.Contains(string(list), "203.0.113.1") {
				t.Errorf("the kernel has let go at the first end: %v\n%s", err, list)
			}
			if got := s.waitBanned("203.0.113.1"); got.End != nil {
				t.Errorf("got %+v, want it for ever", got)
			}
			s.stop()
		})
	}
}
