package cloudflare_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/cloudflare"
)

// running has a runner keep the bans of a jail on a list, as the daemon does.
func running(t *testing.T, opts cloudflare.Options) *action.Runner {
	t.Helper()
	r := action.NewRunner(action.RunnerOptions{
		Name: "cloudflare", Jail: "sshd", Action: newList(t, opts).Set("sshd"), BatchSize: 1 << 30, CheckEvery: 20 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

func wait(t *testing.T, what string, state func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		err := state()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// waitWell waits until the runner is healthy and the list has this.
func waitWell(t *testing.T, r *action.Runner, s *actiontest.Cloudflare, want string) {
	t.Helper()
	wait(t, "all is well", func() error {
		if got, status := onList(s), r.Status(); got != want || !status.Healthy {
			return fmt.Errorf("the list has %s, not %s: %s", got, want, status.Problem)
		}
		return nil
	})
}

func TestALossIsPutRightAndTold(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	r := running(t, quick(server))
	r.Ban(bansOf("203.0.113.1", "203.0.113.2"))
	waitWell(t, r, server, "203.0.113.1 203.0.113.2")
	server.Take("203.0.113.2")
	wait(t, "it is told", func() error {
		if l := r.Status().Losses; l.Restored == 0 || !strings.Contains(l.Last.What, "items are gone from the list gaol at Cloudflare, 1 of this jail: ") {
			return fmt.Errorf("losses %+v", l)
		}
		return nil
	})
	waitWell(t, r, server, "203.0.113.1 203.0.113.2")
}

// TestAFullListIsAProblem shows how many bans are left out, and no more once there is room.
func TestAFullListIsAProblem(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	opts := quick(server)
	opts.Limit, opts.Look = 2, time.Hour
	r := running(t, opts)
	r.Ban(bansOf("203.0.113.1", "203.0.113.2"))
	waitWell(t, r, server, "203.0.113.1 203.0.113.2")
	r.Ban(bansOf("203.0.113.3", "203.0.113.4"))
	wait(t, "the problem shows", func() error {
		if s := r.Status(); s.Healthy || !strings.Contains(s.Problem, "bans are left out of the list gaol at Cloudflare, 2 of this jail: it has its 2 items") {
			return fmt.Errorf("healthy %v: %s", s.Healthy, s.Problem)
		}
		return nil
	})
	wantOnList(t, server, "203.0.113.1 203.0.113.2")
	r.Unban(bansOf("203.0.113.1", "203.0.113.2"))
	waitWell(t, r, server, "203.0.113.3 203.0.113.4")
}

// TestWhoeverBansNeverWaits has Cloudflare not answer at all.
func TestWhoeverBansNeverWaits(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	server.Fault(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	r := running(t, quick(server))
	began := time.Now()
	for range 1000 {
		r.Ban(bansOf("203.0.113.1"))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("1000 bans took %v", took)
	}
}
