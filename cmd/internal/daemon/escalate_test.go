package daemon_test

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// escalates bans a /24 for three hosts of it that are banned.
const escalates = "maxretry = 1\n[jail.app.escalate]\nenabled = true\nhosts = 3\n"

// prefixes are those of all bans in force.
func (s *site) prefixes() (list []string) {
	s.t.Helper()
	for _, b := range s.banned() {
		list = append(list, b.Prefix)
	}
	slices.Sort(list)
	return list
}

func TestNetworkIsBannedForItsHosts(t *testing.T) {
	s := newSite(t, oneJail("app", escalates))
	stop := s.run(nil)
	restart := func() {
		t.Helper()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		stop = s.run(nil)
	}
	s.append("app.log", failures(1, "203.0.113.1")+failures(1, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	restart()
	s.append("app.log", failures(1, "203.0.113.3"))
	var network control.Ban
	s.wait("the network is banned", func() error {
		bans := s.banned("203.0.113.99")
		if len(bans) != 1 {
			return fmt.Errorf("bans: %+v", bans)
		}
		network = bans[0]
		return nil
	})
	if network.Prefix != "203.0.113.0/24" || network.By != "escalation" || len(network.Lines) != 3 || !strings.HasSuffix(network.Lines[0], " banned 203.0.113.1") {
		t.Errorf("got %+v", network)
	}
	restart()
	if diff := cmp.Diff([]string{"203.0.113.0/24", "203.0.113.1/32", "203.0.113.2/32", "203.0.113.3/32"}, s.prefixes()); diff != "" {
		t.Errorf("after a restart:\n%s", diff)
	}
	// One of the hosts is let in: the network's ban goes, and with it those of the others.
	reply, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"203.0.113.2"}})
	if err != nil || len(reply.Unbanned) != 4 {
		t.Errorf("got %+v, %v", reply, err)
	}
	restart()
	if got := s.prefixes(); len(got) != 0 {
		t.Errorf("got %v after the unban", got)
	}
	// What led to the network's ban does not lead to the next one, and who was not let in by name has been banned
	// before.
	s.append("app.log", failures(1, "203.0.113.1")+failures(1, "203.0.113.4"))
	if ban := s.waitDecided("203.0.113.1"); ban.Count != 2 {
		t.Errorf("got %+v, want a second ban", ban)
	}
	s.waitDecided("203.0.113.4")
	if diff := cmp.Diff([]string{"203.0.113.1/32", "203.0.113.4/32"}, s.prefixes()); diff != "" {
		t.Error(diff)
	}
}

// A reload that enables escalation counts those who were banned before.
func TestEscalationIsEnabledByAReload(t *testing.T) {
	s := newSite(t, oneJail("app", "maxretry = 1"))
	s.run(nil)
	s.append("app.log", failures(1, "203.0.113.1")+failures(1, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	s.reload(oneJail("app", escalates))
	s.append("app.log", failures(1, "203.0.113.3"))
	s.wait("the network is banned", func() error {
		if len(s.banned("203.0.113.99")) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
}

func TestNetworkOfTheIgnoredIsNotBanned(t *testing.T) {
	s := newSite(t, oneJail("app", "ignoreip = [\"file:DIR/allow.txt\"]\n"+escalates))
	s.append("allow.txt", "203.0.113.200\n")
	s.run(nil)
	for n := range 4 {
		s.append("app.log", failures(1, fmt.Sprintf("203.0.113.%d", n+1)))
	}
	for n := range 4 {
		s.append("app.log", failures(1, fmt.Sprintf("198.51.100.%d", n+1)))
	}
	s.waitDecided("203.0.113.4")
	s.wait("the other network is banned", func() error {
		if len(s.banned("198.51.100.200")) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	if bans := s.banned("203.0.113.200"); len(bans) != 0 {
		t.Errorf("got %+v", bans)
	}
	// Who comes to be ignored later is let in, those who offended are not.
	s.append("allow.txt", "198.51.100.200\n")
	s.wait("the network is let in", func() error {
		if len(s.banned("198.51.100.200")) != 0 {
			return errors.New("not yet")
		}
		return nil
	})
	s.waitDecided("198.51.100.1")
}

// TestNetworkInTheKernel looks into both firewalls: the network comes, and goes with its hosts.
func TestNetworkInTheKernel(t *testing.T) {
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
			s := newSite(t, oneJail("app", "banaction = \""+tt.backend+"\"\n"+escalates))
			s.start()
			for n := range 3 {
				s.append("app.log", failures(1, fmt.Sprintf("203.0.113.%d", n+1))+failures(1, fmt.Sprintf("2001:db8:7:%d::1", n+1)))
			}
			s.waitBanned("203.0.113.99")
			s.waitBanned("2001:db8:7:99::1")
			kernel := func() string {
				t.Helper()
				out, err := exec.Command("sh", "-c", tt.list).CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				return string(out)
			}
			held := kernel()
			for _, want := range []string{"203.0.113.0", "203.0.113.1", "203.0.113.3", "2001:db8:7::", "2001:db8:7:1::", "2001:db8:7:3::"} {
				if !strings.Contains(held, want) {
					t.Errorf("%s is missing:\n%s", want, held)
				}
			}
			reply, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"203.0.113.1", "2001:db8:7:99::1"}})
			if err != nil || len(reply.Unbanned) != 8 || len(reply.Warnings) != 0 {
				t.Errorf("got %+v, %v", reply, err)
			}
			if left := kernel(); strings.Contains(left, "203.0.113.") || strings.Contains(left, "2001:db8:") {
				t.Errorf("still held:\n%s", left)
			}
			s.stop()
		})
	}
}
