package nftables_test

import (
	"context"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/nftables"
	"gaol/jail"
)

// TestAdjust gives a jail other ports, which must be closed to whoever is banned, while the old ones are
// open again.
func TestAdjust(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	server, bad := actiontest.Own(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	server.Serve(t, "tcp", ":80")
	server.Serve(t, "tcp", ":81")
	rule := action.Rule{Jail: "app", Ports: []action.Port{{First: 80, Last: 80}}}
	s, err := nftables.New(nftables.Options{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
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

	rule.Ports = []action.Port{{First: 81, Last: 81}}
	must(s.Adjust(t.Context(), rule))
	must(s.Check(t.Context()))
	open(true, "10.0.1.1:80", "[fd00:1::1]:80")
	open(false, "10.0.1.1:81", "[fd00:1::1]:81")
	rule.Ports = nil
	must(s.Adjust(t.Context(), rule))
	must(s.Check(t.Context()))
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
