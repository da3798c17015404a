package iptables_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/jail"
)

// withoutNfnetlink has the kernel refuse this process, and all that it starts, what a kernel without nfnetlink refuses: a
// socket for it. ipset has no other way in; iptables-legacy needs none of it.
func withoutNfnetlink(t *testing.T) {
	t.Helper()
	// struct seccomp_data of linux/seccomp.h: nr, arch, instruction_pointer, args[6].
	const nr, firstArg, thirdArg = 0, 16, 32
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: nr},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SOCKET, Jf: 5},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: firstArg},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.AF_NETLINK, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: thirdArg},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.NETLINK_NETFILTER, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPROTONOSUPPORT)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	code := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&code)))
	if errno != 0 {
		actiontest.Missing(t, "seccomp: "+errno.Error())
	}
}

func TestWithoutIPSet(t *testing.T) {
	v := legacyVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	// What an earlier run has left on a kernel that could do it.
	if err := v.newSet(t, action.Rule{Jail: "web"}).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	withoutNfnetlink(t)
	rule := action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}}
	s := v.newSet(t, rule)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Start(t.Context()))
	notes := s.Notes()
	if len(notes) != 2 || !strings.Contains(notes[0], "no ipset: load modules ip_set, ip_set_hash_net and xt_set") || !strings.Contains(notes[1], "slow from 1000 bans on") {
		t.Errorf("notes: %q", notes)
	}
	bans := []jail.Ban{actiontest.Ban("192.0.2.7", time.Hour), actiontest.Ban("2001:db8:0:7::/64", time.Hour)}
	must(s.Ban(t.Context(), bans, time.Now()))
	must(s.Check(t.Context()))
	_, err := s.Counted(t.Context())
	must(err)
	missing, err := s.Missing(t.Context(), []netip.Prefix{bans[0].Prefix, bans[1].Prefix, netip.MustParsePrefix("192.0.2.8/32")})
	if err != nil || len(missing) != 1 || missing[0] != netip.MustParsePrefix("192.0.2.8/32") {
		t.Errorf("missing: %v, %v", missing, err)
	}
	rule.Block = action.Drop
	must(s.Adjust(t.Context(), rule))
	held, err := s.Holds(t.Context(), bans[1].Prefix)
	if err != nil || !held.Holds || held.Left < 59*time.Minute {
		t.Errorf("held: %+v, %v", held, err)
	}
	if got := v.run(t, "V4 -S"); !strings.Contains(got, "-A gaol-web -s 192.0.2.7/32 -j gaol-web~\n-A gaol-web~ -j DROP\n") {
		t.Errorf("rules:\n%s", got)
	}
	must(s.Unban(t.Context(), bans[:1]))
	must(s.Check(t.Context()))
	// Another run, of which nobody knows what it is left, stops it.
	must(v.newSet(t, rule).Stop(t.Context()))
	if got := v.run(t, "V4 -S", "V6 -S"); strings.Contains(got, "gaol") {
		t.Errorf("left:\n%s", got)
	}
}

// TestTarpitWithoutTarget: the target is in xtables-addons alone.
func TestTarpitWithoutTarget(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	rule := action.Rule{Jail: "web", Block: action.Tarpit}
	for name, a := range map[string]interface {
		action.Action
		action.Noter
	}{"sets": v.newSet(t, rule), "rules": v.newRules(t, rule)} {
		t.Run(name, func(t *testing.T) {
			if err := a.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if notes := strings.Join(a.Notes(), "\n"); !strings.Contains(notes, "packets are dropped instead of held in a tarpit: install xtables-addons") {
				t.Errorf("notes: %q", notes)
			}
			if got := v.run(t, "V4 -S"); !strings.Contains(got, "-A gaol-web -j DROP\n") && !strings.Contains(got, "-A gaol-web~ -j DROP\n") {
				t.Errorf("rules:\n%s", got)
			}
			if err := a.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
