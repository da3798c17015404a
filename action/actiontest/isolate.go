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
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
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
		Own(t).up(t)
		return true
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
	out := again(t, args)
	if testing.Verbose() && !t.Failed() {
		t.Logf("in its network namespace:\n%s", out)
	}
	return false
}

// IsolateBenchmark is Isolate for benchmarks. The result is that of the other
// process; this one skips the benchmark.
func IsolateBenchmark(b *testing.B) {
	b.Helper()
	if os.Getenv(inside) == b.Name() {
		return
	}
	args := []string{"-test.run=^$", "-test.bench=^" + regexp.QuoteMeta(b.Name()) + "$"}
	if f := flag.Lookup("test.benchtime"); f != nil {
		args = append(args, "-test.benchtime="+f.Value.String())
	}
	for line := range strings.Lines(again(b, args)) {
		if strings.HasPrefix(line, "Benchmark") {
			_, _ = os.Stdout.WriteString(line)
		}
	}
	if !b.Failed() {
		b.Skip("measured in a network namespace of its own, see above")
	}
}

// again runs this test binary in a network namespace of its own, and returns
// what it wrote.
func again(tb testing.TB, args []string) string {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), exe, args...)
	cmd.Env = append(os.Environ(), inside+"="+tb.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, unix.EPERM):
		Missing(tb, "a network namespace of its own: run it as root")
	case err != nil:
		tb.Errorf("in its network namespace: %v\n%s", err, out)
	}
	return string(out)
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
