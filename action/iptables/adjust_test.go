package iptables_test

import (
	"context"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/jail"
)

func TestAdjustNFT(t *testing.T)    { testAdjust(t, nftVariant) }
func TestAdjustLegacy(t *testing.T) { testAdjust(t, legacyVariant) }

// testAdjust gives a jail other ports and another refusal. Whoever is banned is never let in to a port that is
// closed before and after.
func testAdjust(t *testing.T, of func(*testing.T) variant) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	server, bad := actiontest.Own(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	server.Serve(t, "tcp", ":80")
	server.Serve(t, "tcp", ":81")
	rule := action.Rule{Jail: "app", Ports: []action.Port{{First: 80, Last: 80}}}
	s := of(t).newSet(t, rule)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Adjust(t.Context(), rule)) // before it is started
	must(s.Start(t.Context()))
	must(s.Ban(t.Context(), []jail.Ban{actiontest.Ban("10.0.1.2", time.Hour), actiontest.Ban("fd00:1::/64", time.Hour)}, time.Now()))
	open := func(want bool, addresses ...string) {
		t.Helper()
		for _, a := range addresses {
			if _, err := bad.Ask("tcp", a, time.Second); (err == nil) != want {
				t.Errorf("%s: open is %v: %v", a, err == nil, err)
			}
		}
	}
	open(false, "10.0.1.1:80", "[fd00:1::1]:80")
	open(true, "10.0.1.1:81", "[fd00:1::1]:81")

	asking, stop := context.WithCancel(t.Context())
	asked := make(chan int)
	go func() {
		n := 0
		for ; asking.Err() == nil; n++ {
			if _, err := bad.Ask("tcp", "10.0.1.1:80", 20*time.Millisecond); err == nil {
				t.Error("port 80 was served while rules changed")
			}
		}
		asked <- n
	}()
	for i := range 10 {
		rule.Ports, rule.Drop = []action.Port{{First: 80, Last: 80}, {First: 81 + uint16(i), Last: 90}}, i%2 == 0
		must(s.Adjust(t.Context(), rule))
		must(s.Check(t.Context()))
	}
	stop()
	t.Logf("asked %d times meanwhile", <-asked)

	rule.Ports = []action.Port{{First: 81, Last: 81}}
	must(s.Adjust(t.Context(), rule))
	open(true, "10.0.1.1:80", "[fd00:1::1]:80")
	open(false, "10.0.1.1:81", "[fd00:1::1]:81")
	rule.Ports = nil
	must(s.Adjust(t.Context(), rule))
	open(false, "10.0.1.1:80", "[fd00:1::1]:80", "10.0.1.1:81", "[fd00:1::1]:81")

	// What could not be done is done by the start that Check asks for.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rule.Ports = []action.Port{{First: 80, Last: 80}}
	if err := s.Adjust(ctx, rule); err == nil {
		t.Error("it was adjusted after the end of time")
	}
	if err := s.Check(t.Context()); err == nil {
		t.Error("nothing says that it must be started again")
	}
	must(s.Start(t.Context()))
	open(true, "10.0.1.1:81")
	other := rule
	other.Jail = "other"
	if err := s.Adjust(t.Context(), other); err == nil {
		t.Error("a jail became another one")
	}
	must(s.Stop(t.Context()))
}
