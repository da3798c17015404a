package daemon_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gaol/cmd/internal/control"
)

// relapses is a configuration with two jails that ban at the first failure, one that only
// watches, and recidive, which bans at the third ban.
const relapses = `
[default]
maxretry = 1
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = "DIR/app.log"
failregex = ['^ERROR Login failure <HOST>$']
[jail.web]
enabled = true
logpath = "DIR/web.log"
failregex = ['^ERROR Login failure <HOST>$']
[jail.trial]
enabled = true
enforce = false
logpath = "DIR/trial.log"
failregex = ['^ERROR Login failure <HOST>$']
[jail.recidive]
enabled = true
maxretry = 3
ignoreip = ["203.0.113.9"]
`

// offend has a jail ban an address, and lets it in again without forgetting anything.
func (s *site) offend(jail, address string) {
	s.t.Helper()
	total := s.jail(jail).Banned.Total
	s.append(jail+".log", failures(1, address))
	s.wait(jail+" bans "+address, func() error {
		if got := s.jail(jail).Banned.Total; got != total+1 {
			return fmt.Errorf("%d bans", got)
		}
		return nil
	})
}

// recidivists are the bans by recidive.
func (s *site) recidivists() (bans []control.Ban) {
	s.t.Helper()
	for _, b := range s.banned() {
		if b.Jail == "recidive" {
			bans = append(bans, b)
		}
	}
	return bans
}

func TestRecidive(t *testing.T) {
	s := newSite(t, relapses)
	s.append("web.log", "")
	s.append("trial.log", "")
	stop := s.run(nil)
	s.offend("app", "203.0.113.1")
	s.offend("web", "203.0.113.1")
	s.offend("trial", "203.0.113.1")                                 // nobody enforces it
	for _, address := range []string{"203.0.113.2", "203.0.113.9"} { // the latter is ignored by recidive
		s.offend("app", address)
		s.offend("web", address)
	}
	s.waitFailures("recidive", 4)
	if _, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{"203.0.113.3"}}); err != nil {
		t.Fatal(err)
	}
	s.waitFailures("recidive", 4)

	// A restart forgets neither the counts nor their proofs.
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.configure(strings.Replace(relapses, "[jail.recidive]", `[jail.more]
enabled = true
logpath = "DIR/more.log"
failregex = ['^ERROR Login failure <HOST>$']
[jail.recidive]`, 1))
	s.append("more.log", "")
	stop = s.run(nil)
	s.waitFailures("recidive", 4)
	s.offend("more", "203.0.113.1")
	var got control.Ban
	s.wait("recidive bans", func() error {
		bans := s.recidivists()
		for _, b := range bans {
			if b.By != "hand" {
				got = b
				return nil
			}
		}
		return fmt.Errorf("bans: %+v", bans)
	})
	if got.Prefix != "203.0.113.1/32" || got.End.Sub(got.Start).Hours() != 7*24 || len(got.Lines) != 3 {
		t.Fatalf("got %+v", got)
	}
	for n, name := range []string{"app", "web", "more"} {
		if !strings.Contains(got.Lines[n], " "+name+" banned 203.0.113.1 ") {
			t.Errorf("line %d is %q", n+1, got.Lines[n])
		}
	}
	// What it bans is no offence that it counts.
	s.waitFailures("recidive", 2)
	status := s.jail("recidive")
	if status.Filter != "" || len(status.Sources) != 1 || status.Sources[0].Path != "bans" || status.Sources[0].Lines != 1 || len(status.Problems) != 0 {
		t.Errorf("status is %+v", status)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.run(nil)
	if bans := s.recidivists(); len(bans) != 2 {
		t.Errorf("got %+v after one more restart, want two bans", bans)
	}
	// An unban everywhere forgets the counts as well.
	reply, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"203.0.113.2"}})
	if err != nil || len(reply.Forgotten) != 1 || reply.Forgotten[0].Jail != "recidive" || reply.Forgotten[0].Failures != 2 {
		t.Errorf("got %+v, %v", reply, err)
	}
}

// A jail may come to count bans while it runs, and go back to its log.
func TestRecidiveComesWithAReload(t *testing.T) {
	s := newSite(t, oneJail("app", "maxretry = 1"))
	s.append("web.log", "")
	s.run(nil)
	both := func(logpath string) string {
		return oneJail("app", "maxretry = 1") + "\n[jail.again]\nenabled = true\nmaxretry = 1\n" + logpath
	}
	log := "logpath = \"DIR/web.log\"\nfailregex = ['^ERROR Login failure <HOST>$']"
	// reads waits until web.log is read, which takes a moment to begin.
	reads := func(address string) {
		t.Helper()
		s.wait("a failure in web.log leads to a ban", func() error {
			s.append("web.log", failures(1, address))
			if bans := s.banned(address); len(bans) == 0 {
				return errors.New("not banned")
			}
			return nil
		})
	}
	s.reload(both(log))
	reads("203.0.113.4")
	for n, conf := range []string{both(`logpath = "bans"`), both(log), both(`logpath = "bans"`)} {
		if reply := s.reload(conf); len(reply.Problems) > 0 || len(reply.Changed) != 1 {
			t.Fatalf("got %+v", reply)
		}
		address := fmt.Sprintf("203.0.113.%d", 10+n)
		s.append("app.log", failures(1, address))
		want := 2 - n%2 // app, and again where it counts bans
		s.wait("bans of "+address, func() error {
			if bans := s.banned(address); len(bans) != want {
				return fmt.Errorf("bans: %+v", bans)
			}
			return nil
		})
		if n%2 == 1 {
			reads("203.0.113.5")
		}
	}
}
