package daemon_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/cmd/internal/daemon"
)

// TestKillLosesNothingAndCountsNothingTwice kills the daemon again and again while failures
// are being written. Hosts that fail five times must be banned, once each; those that fail four times
// must not, and have four failures against them.
func TestKillLosesNothingAndCountsNothingTwice(t *testing.T) {
	s := newSite(t, `
[default]
maxretry = 5
findtime = "1h"
bantime = "1d"
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
`)
	const hosts = 400
	var lines, want []string
	for i := range hosts {
		address := fmt.Sprintf("198.51.%d.%d", i/200, i%200)
		n := 5
		if i%2 == 1 {
			n = 4
		} else {
			want = append(want, address+"/32")
		}
		lines = append(lines, slices.Repeat([]string{address}, n)...)
	}
	rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	slices.Sort(want)

	s.start("GAOL_TEST_OBSERVE=1")
	var writing sync.WaitGroup
	writing.Go(func() {
		for _, address := range lines {
			s.append("app.log", failures(1, address))
			time.Sleep(time.Millisecond)
		}
	})
	written := make(chan struct{})
	go func() { writing.Wait(); close(written) }()
	kills := 0
	for open := true; open; {
		select {
		case <-written:
			open = false
		case <-time.After(time.Duration(rand.IntN(150)) * time.Millisecond):
			s.kill()
			s.start("GAOL_TEST_OBSERVE=1")
			kills++
		}
	}
	t.Logf("killed %d times while %d failures were written", kills, len(lines))
	if kills < 3 {
		t.Fatal("that was too seldom to show anything")
	}

	s.wait("all failures are counted", func() error {
		jail := s.status().Jails[0]
		if got, want := jail.Failures.Current, 4*hosts/2; got != want {
			return fmt.Errorf("%d failures are counted, not %d", got, want)
		}
		if got, want := len(s.banned()), hosts/2; got != want {
			return fmt.Errorf("%d are banned, not %d", got, want)
		}
		return nil
	})
	var got []string
	for _, b := range s.banned() {
		got = append(got, b.Prefix)
		if b.Count != 1 {
			t.Errorf("%s was banned %d times", b.Prefix, b.Count)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("banned (-want +got):\n%s", diff)
	}
	if problems := errors.Join(asErrors(s.status().Problems)...); problems != nil {
		t.Errorf("problems: %v", problems)
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
