package daemon_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// rival is how the kernel's own tool is fed the bans of a contestant.
type rival struct {
	program          []string
	before, add, del string // add and del are formats for an address
	addMany, delMany string // of which one line takes all, parted by commas
}

var rivals = map[string]rival{
	"iptables (nft)":    ipsetRestore,
	"iptables (legacy)": ipsetRestore,
	"nftables": {program: []string{"nft", "-f", "-"}, before: "table inet rival { set addr4 { type ipv4_addr; flags timeout; counter; }; }\n",
		add: "%s timeout 1h, ", del: "%s, ", addMany: "add element inet rival addr4 { %s }\n", delMany: "delete element inet rival addr4 { %s }\n"},
	"route": {program: []string{"ip", "-batch", "-"}, add: "route replace blackhole %s table 99\n", del: "route del blackhole %s table 99\n"},
}

var ipsetRestore = rival{program: []string{"ipset", "restore"}, before: "create rival hash:net timeout 0 counters maxelem 262144\n",
	add: "add rival %s timeout 3600\n", del: "del rival %s\n"}

// cost is what something took by the clock and of processors.
type cost struct{ wall, cpu time.Duration }

func (c cost) String() string {
	return fmt.Sprintf("%.3f s (cpu %.3f s)", c.wall.Seconds(), c.cpu.Seconds())
}

// TestAtOnce measures GAOL_AT_ONCE_BANS bans that come at once, by hand and by as many lines of a log, their restoring at the next start, and
// the lifting of all, each beside the kernel's own tool that is fed the same.
func TestAtOnce(t *testing.T) {
	n := measured(t, "GAOL_AT_ONCE_BANS")
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "ipset", "nft", "ip")
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()
	}
	for _, c := range contestants {
		t.Run(c.name, func(t *testing.T) {
			add, del := rivals[c.name].measure(t, addresses)
			t.Logf("%s: adding: %s, deleting: %s", rivals[c.name].program, add, del)
			s := newSite(t, oneJail("app", fmt.Sprintf("maxretry = 1\nbantime = \"1h\"\nbanaction = %q", c.banaction)))
			environment := c.environment(t)
			s.start(environment...)
			last := netip.MustParseAddr(addresses[n-1])
			t.Logf("by hand: %s", s.measure(c, last, true, func() error { return s.banAll(addresses) }))
			t.Logf("unban: %s", s.measure(c, last, false, s.unbanAll))
			var log strings.Builder
			for _, address := range addresses {
				log.WriteString(failures(1, address))
			}
			t.Logf("by %d lines: %s", n, s.measure(c, last, true, func() error { s.append("app.log", log.String()); return nil }))
			s.wait("all are banned", func() error {
				if got := len(s.banned()); got != n {
					return fmt.Errorf("%d are banned", got)
				}
				return nil
			})
			s.stop()
			t.Logf("restored, start of the program included: %s", s.restored(c, addresses, environment))
			s.waitReady()
			if err := s.unbanAll(); err != nil {
				t.Fatal(err)
			}
			s.stop()
		})
	}
}

func (s *site) banAll(addresses []string) error {
	_, err := s.client.Ban(s.t.Context(), control.BanRequest{Addresses: addresses, Jail: "app"})
	return err
}

func (s *site) unbanAll() error {
	_, err := s.client.Unban(s.t.Context(), control.UnbanRequest{All: true})
	return err
}

// measure does something, and says when the kernel holds the last address, or no longer does, and when it is done: a request is
// answered once the store has it as well.
func (s *site) measure(c contestant, last netip.Addr, held bool, do func() error) string {
	s.t.Helper()
	before, began := s.used(), time.Now()
	var answered time.Duration
	done := make(chan error, 1)
	go func() {
		err := do()
		answered = time.Since(began)
		done <- err
	}()
	for c.holds(s.t, last) != held {
		if time.Since(began) > time.Minute {
			s.t.Fatalf("after a minute, that it is held is %v", !held)
		}
		time.Sleep(time.Millisecond) // the kernel tells nobody
	}
	inKernel := cost{time.Since(began), s.used() - before}
	if err := <-done; err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%s, answered after %.3f s", inKernel, answered.Seconds())
}

// restored starts the daemon and waits until the kernel holds a sample of the addresses.
func (s *site) restored(c contestant, addresses []string, environment []string) cost {
	s.t.Helper()
	began := time.Now()
	s.launch(environment...)
	for i := 0; i < len(addresses); i += max(1, len(addresses)/200) {
		address := netip.MustParseAddr(addresses[len(addresses)-1-i])
		for !c.holds(s.t, address) {
			if time.Since(began) > time.Minute {
				s.t.Fatalf("%s is not restored after a minute", address)
			}
			time.Sleep(time.Millisecond) // the kernel tells nobody
		}
	}
	return cost{time.Since(began), s.used()}
}

// used is the processor time that the daemon has used, proc_pid_stat(5); a tick is 10 ms.
func (s *site) used() time.Duration {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.daemon.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	var user, system int64
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		s.t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// measure feeds the tool all addresses to add and to delete, and leaves nothing. It takes the least of
// three times.
func (r rival) measure(t *testing.T, addresses []string) (add, del cost) {
	t.Helper()
	all := func(one, many string) string {
		var b strings.Builder
		for _, a := range addresses {
			fmt.Fprintf(&b, one, a)
		}
		if many != "" {
			return fmt.Sprintf(many, b.String())
		}
		return b.String()
	}
	for i := range 3 {
		a := r.run(t, r.before+all(r.add, r.addMany))
		d := r.run(t, all(r.del, r.delMany))
		if i == 0 || a.wall < add.wall {
			add = a
		}
		if i == 0 || d.wall < del.wall {
			del = d
		}
		for _, clean := range []string{"ipset destroy rival", "nft delete table inet rival", "ip route flush table 99"} {
			_ = exec.Command("sh", "-c", clean).Run() // whichever there is
		}
	}
	return add, del
}

func (r rival) run(t *testing.T, script string) cost {
	t.Helper()
	cmd := exec.Command(r.program[0], r.program[1:]...)
	cmd.Stdin = strings.NewReader(script)
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %.300s", r.program, err, out)
	}
	return cost{time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}
