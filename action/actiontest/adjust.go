package actiontest

import (
	"context"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Adjustable is a firewall that can be given other rules while bans are in force.
type Adjustable interface {
	action.Action
	action.Adjuster
	action.Checker
}

// TestAdjust gives a firewall other ports and another way to refuse. They must be closed to whoever is banned, while
// the old ones are open again, and a port that is closed before and after at no time lets him in.
func TestAdjust(t *testing.T, of func(t *testing.T, rule action.Rule) Adjustable) {
	t.Parallel()
	if !Isolate(t) {
		return
	}
	server, bad := Own(t), NewSpace(t)
	Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	server.Serve(t, "tcp", ":80")
	server.Serve(t, "tcp", ":81")
	rule := action.Rule{Jail: "app", Ports: []action.Port{{First: 80, Last: 80}}}
	a := of(t, rule)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(a.Adjust(t.Context(), rule)) // before it is started
	must(a.Start(t.Context()))
	must(a.Ban(t.Context(), []jail.Ban{Ban("10.0.1.2", time.Hour), Ban("fd00:1::/64", time.Hour)}, time.Now()))
	open := func(want bool, addresses ...string) {
		t.Helper()
		for _, address := range addresses {
			if _, err := bad.Ask("tcp", address, time.Second); (err == nil) != want {
				t.Errorf("%s: open is %v: %v", address, err == nil, err)
			}
		}
	}
	adjusted := func(ports ...action.Port) {
		t.Helper()
		rule.Ports = ports
		must(a.Adjust(t.Context(), rule))
		must(a.Check(t.Context()))
	}
	open(false, "10.0.1.1:80", "[fd00:1::1]:80")
	open(true, "10.0.1.1:81", "[fd00:1::1]:81")

	meanwhile := AskMeanwhile(t, bad, "10.0.1.1:80")
	for i := range uint16(10) {
		rule.Block = action.Block(i % 4)
		adjusted(action.Port{First: 80, Last: 80}, action.Port{First: 81 + i, Last: 90})
	}
	t.Logf("asked %d times meanwhile", meanwhile())

	adjusted(action.Port{First: 81, Last: 81})
	open(true, "10.0.1.1:80", "[fd00:1::1]:80")
	open(false, "10.0.1.1:81", "[fd00:1::1]:81")
	adjusted()
	open(false, "10.0.1.1:80", "[fd00:1::1]:80", "10.0.1.1:81", "[fd00:1::1]:81")

	// What could not be done is done by the start that Check asks for.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rule.Ports = []action.Port{{First: 80, Last: 80}}
	if err := a.Adjust(ctx, rule); err == nil {
		t.Error("it was adjusted after the end of time")
	}
	if err := a.Check(t.Context()); err == nil {
		t.Error("nothing says that it must be started again")
	}
	must(a.Start(t.Context()))
	open(true, "10.0.1.1:81")
	other := rule
	other.Jail = "other"
	if err := a.Adjust(t.Context(), other); err == nil {
		t.Error("a jail became another one")
	}
	must(a.Stop(t.Context()))
}

// AskMeanwhile asks for a closed port again and again, and fails the test if it is served. What it returns ends that, and says
// how often was asked.
func AskMeanwhile(t *testing.T, from *Space, address string) (end func() int) {
	asking, stop := context.WithCancel(t.Context())
	asked := make(chan int, 1)
	go func() {
		n := 0
		for ; asking.Err() == nil; n++ {
			if _, err := from.Ask("tcp", address, 20*time.Millisecond); err == nil {
				t.Errorf("%s was served while rules changed", address)
			}
		}
		asked <- n
	}()
	return func() int {
		stop()
		return <-asked
	}
}
