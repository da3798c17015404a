package nftables_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/nftables"
)

func TestStartSaysThatCapabilitiesAreMissing(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: this thread has no capabilities any more
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			done <- fmt.Errorf("dropping capabilities: %w", err)
			return
		}
		done <- newSet(t, action.Rule{Jail: "web"}).Start(t.Context())
	}()
	if err := <-done; !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "give it CAP_NET_ADMIN") {
		t.Errorf("without capabilities: %v", err)
	}
}

func TestStartSaysThatTheTableHasAnOwner(t *testing.T) {
	actiontest.Need(t, "nft")
	if !actiontest.Isolate(t) {
		return
	}
	// nft -i keeps the table for as long as it reads from its input.
	owner := exec.Command("nft", "-i")
	in, err := owner.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = owner.Wait() }()
	if _, err := in.Write([]byte("add table inet gaol { flags owner; }\n")); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(5 * time.Second); !strings.Contains(ruleset(t), "flags owner"); {
		if time.Now().After(until) {
			t.Skip("this kernel or nft knows no owners of tables")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := newSet(t, action.Rule{Jail: "web"}).Start(t.Context()); !errors.Is(err, nftables.ErrOwned) {
		t.Errorf("with a table of another's: %v", err)
	}
}
