// Package actiontest tests actions: Test is the contract of action.Action as a
// suite, Packets shows with real packets that a firewall action refuses whom it
// should and nobody else. Space and Connect lay out hosts in network
// namespaces.
//
// Everything here happens in network namespaces of the test's own: Isolate moves
// the whole test process into one, so that no mistake in a test can reach the
// host's firewall.
package actiontest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inside names the test that runs in its namespace, in that process.
const inside = "GAOL_TEST_NAMESPACE"

// Isolate runs the test t, a top-level one, again in a process that has a
// network namespace to itself. It is true in that process; in the other
// it has done all there is to do:
//
//	if !actiontest.Isolate(t) {
//		return
//	}
func Isolate(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		own := Own(t)
		own.up(t)
		return true
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-test.run=^" + regexp.QuoteMeta(t.Name()) + "$", "-test.count=1"}
	if testing.Verbose() {
		args = append(args, "-test.v")
	}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	if deadline, ok := t.Deadline(); ok {
		args = append(args, fmt.Sprintf("-test.timeout=%s", time.Until(deadline)-time.Second))
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, unix.EPERM):
		Missing(t, "a network namespace of its own: run it as root")
	case err != nil:
		t.Errorf("in its network namespace: %v\n%s", err, out)
	case testing.Verbose():
		t.Logf("in its network namespace:\n%s", out)
	}
	return false
}

// Enter moves the calling goroutine, and nothing else, into a network namespace of
// its own for the rest of its life. It is for benchmarks, which Isolate cannot
// run elsewhere: all they do has to be done by that goroutine.
func Enter(tb testing.TB) {
	tb.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	switch err := unix.Unshare(unix.CLONE_NEWNET); {
	case errors.Is(err, unix.EPERM):
		Missing(tb, "a network namespace of its own: run it as root")
	case err != nil:
		tb.Fatalf("making a network namespace: %v", err)
	}
}

// Need makes sure that programs are there.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			Missing(t, "the program "+p)
		}
	}
}

// Missing skips a test that lacks something, and fails it where CI=true.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test needs %s", what)
	}
	t.Skipf("this test needs %s", what)
}
