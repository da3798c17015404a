package iptables_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/jail"
)

// TestHeldLock has another program hold the lock for longer than anybody waits for it. The status must name it, and
// the ban be made once it is released.
func TestHeldLock(t *testing.T) {
	v := legacyVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	// XTABLES_LOCKFILE of iptables(8), since 1.8.5: the host's own is left alone.
	path := filepath.Join(t.TempDir(), "xtables.lock")
	t.Setenv("XTABLES_LOCKFILE", path)
	lock, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	a := v.newRules(t, action.Rule{Jail: "web"})
	r := action.NewRunner(action.RunnerOptions{Name: "iptables-rules", Jail: "web", Action: a})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := r.Stop(t.Context(), true); err != nil {
			t.Error(err)
		}
	}()
	b := actiontest.Ban("192.0.2.7", time.Hour)
	r.Ban([]jail.Ban{b})
	began := time.Now()
	if err := r.Sync(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "xtables lock") {
		t.Errorf("while the lock is held: %v", err)
	}
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("it waited for %s only", took)
	}
	if s := r.Status(); s.Healthy || !strings.Contains(s.Problem, "another program holds the xtables lock") {
		t.Errorf("status: %+v", s)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	for {
		err := r.Sync(t.Context(), r.Told())
		if err == nil {
			break
		}
		if time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // it was waiting for the lock until now
	}
	if held, err := a.Holds(t.Context(), b.Prefix); err != nil || !held.Holds {
		t.Errorf("after it was released: %+v, %v", held, err)
	}
	if s := r.Status(); !s.Healthy {
		t.Errorf("status: %+v", s)
	}
}
