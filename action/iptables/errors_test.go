package iptables_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/iptables"
)

// TestStartSaysWhatIsMissing starts where something is not to be had, with sets and with rules.
func TestStartSaysWhatIsMissing(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	rule := action.Rule{Jail: "web"}
	for _, tt := range []struct {
		name    string
		opts    iptables.Options
		prepare func() error
		is      error
		says    string
	}{
		{"the program", iptables.Options{Rule: rule, IPTables: "/nowhere/iptables"}, nil, iptables.ErrNoProgram, "install it, or use banaction nftables"},
		{"capabilities", iptables.Options{Rule: rule, IPTables: v.v4, IP6Tables: v.v6}, dropCapabilities, os.ErrPermission, "run gaol as root, give it CAP_NET_ADMIN and CAP_NET_RAW"},
	} {
		for kind, start := range map[string]func() action.Action{
			"sets":  func() action.Action { return must(t, iptables.New, tt.opts) },
			"rules": func() action.Action { return must(t, iptables.NewRules, tt.opts) },
		} {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				a, done := start(), make(chan error)
				go func() {
					runtime.LockOSThread() // for ever: what it has lost, it has lost
					if tt.prepare != nil {
						if err := tt.prepare(); err != nil {
							done <- err
							return
						}
					}
					done <- a.Start(t.Context())
				}()
				if err := <-done; !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func must[A action.Action](t *testing.T, make func(iptables.Options) (A, error), opts iptables.Options) A {
	t.Helper()
	a, err := make(opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// dropCapabilities takes from this thread, and from what it starts, all that root may.
func dropCapabilities() error {
	const noRoot, noRootLocked = 1, 2 // SECBIT_NOROOT, capabilities(7)
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, noRoot|noRootLocked, 0, 0, 0); err != nil {
		return fmt.Errorf("being root no more: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("dropping capabilities: %w", err)
	}
	return nil
}
