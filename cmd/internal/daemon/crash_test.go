package daemon_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"gaol/cmd/internal/daemon"
)

// TestKillLosesNothingAndCountsNothingTwice kills a daemon again and again while failures are being
// written, at any moment, that of its start included. In the end it must have the same bans and counted
// failures as one that reads the same log undisturbed. GAOL_KILLS says how often; 200 take some minutes.
func TestKillLosesNothingAndCountsNothingTwice(t *testing.T) {
	kills, err := strconv.Atoi(cmp.Or(os.Getenv("GAOL_KILLS"), "15"))
	if err != nil {
		t.Fatal(err)
	}
	conf := `
[default]
maxretry = 5
findtime = "1h"
bantime = "1d"
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["%s/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
`
	s := newSite(t, fmt.Sprintf(conf, "DIR"))
	undisturbed := newSite(t, fmt.Sprintf(conf, s.dir))
	s.start("GAOL_TEST_OBSERVE=1")
	undisturbed.start("GAOL_TEST_OBSERVE=1")

	enough := make(chan struct{})
	var load crashLoad
	var writing sync.WaitGroup
	writing.Go(func() { load.write(s, enough) })
	early := 0
	for range kills {
		time.Sleep(time.Duration(rand.IntN(700)) * time.Millisecond)
		if !s.isReady() {
			early++
		}
		s.kill()
		s.launch("GAOL_TEST_OBSERVE=1")
	}
	close(enough)
	writing.Wait()
	t.Logf("killed %d times, %d of them while it was starting, while %d failures of %d hosts were written", kills, early, load.failures, load.hosts)
	s.waitReady()

	for _, who := range []*site{undisturbed, s} {
		who.wait("all failures are counted", func() error {
			if got, want := who.status().Jails[0].Failures.Current, 4*load.hosts/2; got != want {
				return fmt.Errorf("%d failures are counted, not %d", got, want)
			}
			if got, want := len(who.banned()), load.hosts/2; got != want {
				return fmt.Errorf("%d are banned, not %d", got, want)
			}
			return nil
		})
	}
	if diff := gocmp.Diff(undisturbed.banned(), s.banned()); diff != "" {
		t.Errorf("bans (-undisturbed +killed):\n%s", diff)
	}
	if problems := errors.Join(asErrors(s.status().Problems)...); problems != nil {
		t.Errorf("problems: %v", problems)
	}
}

// crashLoad is what is written while a daemon is killed: half of the hosts fail five times, and so are
// banned, half of them four times.
type crashLoad struct{ hosts, failures int }

// write writes a failure a millisecond, of some hundred hosts in turn, until it is enough.
func (l *crashLoad) write(s *site, enough <-chan struct{}) {
	for {
		var lines []string
		for range 200 {
			address := fmt.Sprintf("10.%d.%d.%d", l.hosts>>16, l.hosts>>8&255, l.hosts&255)
			lines = append(lines, slices.Repeat([]string{address}, 5-l.hosts%2)...)
			l.hosts++
		}
		l.failures += len(lines)
		rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		for _, address := range lines {
			s.append("app.log", failures(1, address))
			time.Sleep(time.Millisecond)
		}
		select {
		case <-enough:
			return
		default:
		}
	}
}

// TestUndatedLinesOfAnOutageAreCounted kills the daemon while a log without dates is being written.
func TestUndatedLinesOfAnOutageAreCounted(t *testing.T) {
	s := newSite(t, oneJail("app", `maxretry = 5`))
	undated := func(n int, address string) string { return strings.Repeat("ERROR Login failure "+address+"\n", n) }
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", undated(2, "203.0.113.1"))
	s.waitFailures("app", 2)
	s.kill()
	s.append("app.log", undated(2, "203.0.113.1")+undated(1, "203.0.113.2"))
	s.start("GAOL_TEST_OBSERVE=1")
	s.waitFailures("app", 5)
	s.kill()
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", undated(1, "203.0.113.3"))
	s.waitFailures("app", 6)
	if bans := s.banned(); len(bans) > 0 {
		t.Errorf("something was counted twice: %+v", bans)
	}
	s.stop()
	s.append("app.log", undated(1, "203.0.113.1"))
	s.start("GAOL_TEST_OBSERVE=1")
	if ban := s.waitDecided("203.0.113.1"); ban.Start.After(time.Now()) || time.Since(ban.Start) > time.Minute {
		t.Errorf("the ban begins at %v, now is %v", ban.Start, time.Now())
	}
}

func TestUndatedLinesOfALongOutageAreNotHeaped(t *testing.T) {
	s := newSite(t, oneJail("app", "findtime = \"10m\"\nbantime = \"1d\""))
	var ahead time.Duration
	later := func(o *daemon.Options) {
		by := ahead
		o.Now = func() time.Time { return time.Now().Add(by) }
	}
	stop := s.run(later)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.append("app.log", strings.Repeat("ERROR Login failure 203.0.113.1\n", 5))
	ahead = 20 * time.Minute
	s.run(later)
	s.append("app.log", strings.Repeat("ERROR Login failure 203.0.113.2\n", 5))
	s.waitDecided("203.0.113.2")
	if bans := s.banned("203.0.113.1"); len(bans) > 0 {
		t.Errorf("failures of twenty minutes count as if they were of ten: %+v", bans)
	}
}

func asErrors(texts []string) []error {
	var errs []error
	for _, text := range texts {
		errs = append(errs, errors.New(text))
	}
	return errs
}

// TestKillInTheMidstOfManyBans kills a daemon at any moment while thousands are banned, or unbanned, by one request. What it has
// answered holds after the next start, whatever else does; nobody is banned twice.
func TestKillInTheMidstOfManyBans(t *testing.T) {
	s := newSite(t, oneJail("app", `bantime = "1d"`))
	s.start("GAOL_TEST_OBSERVE=1")
	var addresses []string
	for i := range 5000 {
		addresses = append(addresses, fmt.Sprintf("100.64.%d.%d", i/250, i%250))
	}
	answered := 0
	for round := range 10 {
		ban := round%2 == 0
		done := make(chan error, 1)
		go func() {
			if ban {
				done <- s.banAll(addresses)
			} else {
				done <- s.unbanAll()
			}
		}()
		var err error
		select {
		case err = <-done:
			s.kill()
		case <-time.After(time.Duration(rand.IntN(80)) * time.Millisecond):
			s.kill()
			err = <-done
		}
		s.start("GAOL_TEST_OBSERVE=1")
		banned := map[string]int{}
		for _, b := range s.banned() {
			banned[b.Prefix]++
			if banned[b.Prefix] > 1 || b.Count != 1 {
				t.Errorf("%s is banned twice, or counted so: %+v", b.Prefix, b)
			}
		}
		if err == nil {
			answered++
			if want := map[bool]int{true: len(addresses)}[ban]; len(banned) != want {
				t.Fatalf("round %d was answered, but %d are banned after the start, not %d", round, len(banned), want)
			}
		}
		// The next round begins from what is certain.
		if ban {
			err = s.banAll(addresses)
		} else {
			err = s.unbanAll()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of 10 requests were answered before the kill", answered)
}
