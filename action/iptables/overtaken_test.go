package iptables_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/jail"
)

func TestOvertakenNFT(t *testing.T)    { v := nftVariant(t); testOvertaken(t, v, v.newAction, 0) }
func TestOvertakenLegacy(t *testing.T) { v := legacyVariant(t); testOvertaken(t, v, v.newAction, 0) }

// Without ipset there is a note that says so.
func TestOvertakenRulesNFT(t *testing.T) {
	v := nftVariant(t)
	testOvertaken(t, v, func(t *testing.T, rule action.Rule) action.Action { return v.newRules(t, rule) }, 1)
}

// testOvertaken has other programs put rules before gaol's. It has some notes from the beginning.
func testOvertaken(t *testing.T, v variant, newAction func(*testing.T, action.Rule) action.Action, usual int) {
	if !actiontest.Isolate(t) {
		return
	}
	v.run(t, "V4 -A INPUT -i lo -j ACCEPT", "V4 -N others", "V4 -A others -s 192.0.2.1 -j ACCEPT", "V4 -N counts", "V4 -A counts -p tcp")
	r := action.NewRunner(action.RunnerOptions{Name: "iptables", Jail: "web",
		Action: newAction(t, action.Rule{Jail: "web", Protocol: "tcp", Ports: []action.Port{{First: 22, Last: 22}}}), CheckEvery: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		<-done
		if err := r.Stop(context.Background(), true); err != nil {
			t.Error(err)
		}
	}()
	r.Ban([]jail.Ban{actiontest.Ban("192.0.2.7", time.Hour)})
	if err := r.Sync(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	first := func() string {
		for line := range strings.Lines(v.run(t, "V4 -S INPUT")) {
			if strings.HasPrefix(line, "-A") {
				return strings.TrimSpace(line)
			}
		}
		return ""
	}
	if got := first(); !strings.HasSuffix(got, "-j gaol-web") {
		t.Errorf("first after the start: %s", got)
	}
	wait := func(state func() error) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) { // it looks by itself
			err := state()
			if err == nil {
				return
			}
			if time.Since(began) > 20*time.Second {
				t.Fatal(err)
			}
		}
	}
	notes := func(want ...string) func() error {
		return func() error {
			s := r.Status()
			if len(s.Notes) != usual+len(want) || !s.Healthy {
				return fmt.Errorf("want %q, got %+v", want, s)
			}
			for i, words := range want {
				if !strings.Contains(s.Notes[usual+i], words) {
					return fmt.Errorf("want %q, got %q", words, s.Notes[i])
				}
			}
			return nil
		}
	}

	// What makes no difference is not told, what makes an exception is, and stays where it is.
	v.run(t, "V4 -I INPUT -p tcp --dport 443 -j ACCEPT", "V4 -I INPUT -j counts", "V4 -I INPUT -s 198.51.100.1 -j ACCEPT", "V4 -I INPUT -j others")
	wait(notes(`the rule "-A INPUT -j others" comes before gaol's`, `the rule "-A INPUT -s 198.51.100.1/32 -j ACCEPT" comes before gaol's`))
	if got := first(); got != "-A INPUT -j others" {
		t.Errorf("first: %s", got)
	}
	v.run(t, "V4 -D INPUT -j others", "V4 -D INPUT -s 198.51.100.1 -j ACCEPT", "V4 -D INPUT -p tcp --dport 443 -j ACCEPT", "V4 -D INPUT -j counts")
	wait(notes())

	// What lets everybody in is overtaken, but somebody who insists is not fought with.
	for range 3 {
		v.run(t, "V4 -I INPUT -p tcp --dport 22 -j ACCEPT")
		wait(func() error {
			if got := first(); !strings.HasSuffix(got, "-j gaol-web") {
				return fmt.Errorf("first: %s", got)
			}
			return nil
		})
	}
	v.run(t, "V4 -I INPUT -j ACCEPT")
	wait(notes(`the rule "-A INPUT -j ACCEPT" comes before gaol's`))
	if got := strings.Count(v.run(t, "V4 -S INPUT"), "-j gaol-web"); got != 1 {
		t.Errorf("%d jumps", got)
	}
	if s := r.Status(); s.Losses.Restored != 0 {
		t.Errorf("the bans were made anew: %+v", s.Losses)
	}
}

// TestStartIsFirst starts on rules of before that are not the first any more.
func TestStartIsFirst(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	rule := action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}, {First: 443, Last: 443}}, Interfaces: []string{"eth0", "eth1"}}
	if err := v.newSet(t, rule).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := v.run(t, "V4 -S INPUT")
	v.run(t, "V4 -I INPUT 2 -s 198.51.100.1 -j ACCEPT")
	if err := v.newSet(t, rule).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	want += "-A INPUT -s 198.51.100.1/32 -j ACCEPT\n"
	if got := v.run(t, "V4 -S INPUT"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
