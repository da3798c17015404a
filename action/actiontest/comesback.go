package actiontest

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// ComesBack has a Runner keep 100 bans in force with a, a firewall action,
// while other programs do damage, and fails the test if all is not as it was
// before within a minute. On an idle machine a second does: TestLosses measures that.
func ComesBack(t *testing.T, a action.Action, damage map[string]func(t *testing.T)) {
	t.Helper()
	r := action.NewRunner(action.RunnerOptions{Name: "firewall", Jail: "web", Action: a})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		<-done
		if err := r.Stop(t.Context(), true); err != nil {
			t.Error(err)
		}
	}()
	var bans []jail.Ban
	var prefixes []netip.Prefix
	for i := range 50 {
		bans = append(bans, Ban(fmt.Sprintf("192.0.2.%d", i), time.Hour), Ban(fmt.Sprintf("2001:db8:0:%x::/64", i), 0))
	}
	for _, b := range bans {
		prefixes = append(prefixes, b.Prefix)
	}
	r.Ban(bans)
	if err := r.Sync(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for name, do := range damage {
		t.Run(name, func(t *testing.T) {
			do(t)
			began := time.Now()
			for {
				err := a.(action.Checker).Check(t.Context())
				missing, missingErr := a.(action.Prober).Missing(t.Context(), prefixes)
				if err == nil && missingErr == nil && len(missing) == 0 {
					t.Logf("it was back after %s", time.Since(began))
					return
				}
				if time.Since(began) > time.Minute {
					t.Fatalf("after a minute: %v, %v, %d bans are missing", err, missingErr, len(missing))
				}
				time.Sleep(20 * time.Millisecond) // the kernel tells nobody
			}
		})
	}
	if s := r.Status(); !s.Healthy || s.Held != len(bans) {
		t.Errorf("status: %+v", s)
	}
}
