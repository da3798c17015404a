package daemon_test

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// TestNoServerDelaysABan has a jail with a firewall tell everybody there is of its bans, through servers that
// misbehave in every way at once, and run a program that hangs. A jail beside it has the firewall alone.
func TestNoServerDelaysABan(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nft")
	villains := newVillains(t)
	kinds := slices.Sorted(maps.Keys(outbound))
	var actions strings.Builder
	for _, v := range villains {
		for _, kind := range kinds {
			actions.WriteString(v.entry(kind))
		}
	}
	actions.WriteString(`{ name = "hanging", kind = "command", ban = ["/bin/sh", "-c", "echo $GAOL_IP >> DIR/ran; exec sleep 1000"] }` + "\n")
	s := newSite(t, fmt.Sprintf(`
[default]
banaction = "nftables"
maxretry = 1
bantime = "1h"
[jail.sshd]
enabled = false
[jail.plain]
enabled = true
logpath = ["DIR/plain.log"]
failregex = ['^ERROR Login failure <HOST>$']
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
action = [
%s]
`, actions.String()))
	s.append("plain.log", "")
	s.start()

	ban := func(jail string, address netip.Addr) time.Duration {
		t.Helper()
		began := time.Now()
		s.append(jail+".log", failures(1, address.String()))
		holds := inNFTSet("gaol", "addr4-"+jail)
		s.wait(address.String()+" is in the kernel", func() error {
			if !holds(t, address) {
				return fmt.Errorf("it is not banned by %s", jail)
			}
			return nil
		})
		return time.Since(began)
	}
	ban("app", netip.MustParseAddr("203.0.113.1"))
	s.wait("all have been asked", func() error { return errors.Join(notAsked(villains, kinds), notRun(s)) })

	// As fast as without, while nobody has answered who never will.
	var with, without []time.Duration
	for i := range 40 {
		address := netip.AddrFrom4([4]byte{203, 0, 113, byte(10 + i)})
		with, without = append(with, ban("app", address)), append(without, ban("plain", address))
	}
	slices.Sort(with)
	slices.Sort(without)
	t.Logf("from the line to the kernel: with them %v, without %v", with[len(with)/2], without[len(without)/2])
	if with[len(with)/2] > 10*without[len(without)/2]+100*time.Millisecond {
		t.Error("they slow bans down")
	}

	s.wait("status says what is wrong", func() error { return statusOf(s, villains, kinds) })
	for _, mail := range villains[0].mails.Mails() {
		if !mail.Encrypted || mail.Login != "me s3cret" || !strings.Contains(mail.Text, "203.0.113.") {
			t.Errorf("%+v", mail)
		}
	}
	if n := villains[0].asked.of("webhook"); n == 0 {
		t.Error("who is well is not told")
	}

	const each = 1100 // more than a queue has room for
	flood := func(second byte) float64 {
		t.Helper()
		var lines strings.Builder
		var last netip.Addr
		for i := range each {
			last = netip.AddrFrom4([4]byte{198, second, byte(i >> 8), byte(i)})
			lines.WriteString(failures(1, last.String()))
		}
		s.append("app.log", lines.String())
		s.waitBanned(last.String())
		return s.memory("VmRSS")
	}
	before := flood(18)
	for second := range byte(3) {
		flood(19 + second)
	}
	// What waits for the store comes and goes.
	s.wait("memory does not grow with the bans that nobody can be told of", func() error {
		if after := s.memory("VmRSS"); after > 2*before+100 {
			return fmt.Errorf("resident: %.0f MB after %d bans, %.0f MB after %d", before, each, after, 4*each)
		}
		return nil
	})
	for _, v := range villains {
		if n := v.asked.of("webhook"); v.name == "429" && n != 1 {
			t.Errorf("it is asked %d times though it is to be left alone for an hour", n)
		}
	}

	began := time.Now()
	s.stop()
	t.Logf("stopping took %v", time.Since(began))
	// All of them notice that they are to end.
	if strings.Contains(s.log(), "left behind") {
		t.Errorf("an action is left behind\n%s", s.log())
	}
	if strings.Contains(s.log(), "s3cret") {
		t.Errorf("the log shows a secret:\n%s", s.log())
	}
}

// notAsked says which server of the web has not been asked yet.
func notAsked(villains []*villain, kinds []string) error {
	for _, v := range villains {
		for _, kind := range kinds {
			if v.name != "refused" && v.name != "certificate" && !isMail(kind) && v.asked.of(kind) == 0 {
				return fmt.Errorf("%s is not asked by %s", v.name, kind)
			}
		}
	}
	return nil
}

// notRun says that the program was not run yet.
func notRun(s *site) error {
	if ran(s) == "" {
		return errors.New("the program does not hang yet")
	}
	return nil
}

// statusOf says which actions do not tell yet what is wrong with their servers.
func statusOf(s *site, villains []*villain, kinds []string) error {
	actions := map[string]control.ActionStatus{}
	for _, a := range s.jail("app").Actions {
		actions[a.Name] = a
	}
	var errs []error
	for _, v := range villains {
		for _, kind := range kinds {
			a, words := actions[v.name+"-"+kind], v.wordsOf(kind)
			wrong := a.Healthy != (words == "") || a.Healthy && a.Sent == 0
			for word := range strings.SplitSeq(words, "|") {
				wrong = wrong || !strings.Contains(a.Problem, word)
			}
			if wrong {
				errs = append(errs, fmt.Errorf("want %q of %+v", words, a))
			}
		}
	}
	return errors.Join(errs...)
}
