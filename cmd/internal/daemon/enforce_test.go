package daemon_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

func TestBansHoldWithIPTables(t *testing.T) {
	t.Parallel()
	enforce(t, "iptables", "iptables-nft", "ip6tables-nft", "ipset test gaol-app%s %s")
}

func TestBansHoldWithLegacyIPTables(t *testing.T) {
	t.Parallel()
	enforce(t, "iptables", "iptables-legacy", "ip6tables-legacy", "ipset test gaol-app%s %s")
}

func TestBansHoldWithIPTablesRules(t *testing.T) {
	t.Parallel()
	enforce(t, "iptables-rules", "iptables-nft", "ip6tables-nft", "ip%stables -S gaol-app | grep -e '-s %s -j'")
}

func TestBansHoldWithLegacyIPTablesRules(t *testing.T) {
	t.Parallel()
	enforce(t, "iptables-rules", "iptables-legacy", "ip6tables-legacy", "ip%stables-legacy -S gaol-app | grep -e '-s %s -j'")
}

func TestBansHoldWithNFTables(t *testing.T) {
	t.Parallel()
	enforce(t, "nftables", "", "", "")
}

// client is how the server sees the one who is to be banned, in one family.
type client struct {
	family, server, address, suffix string
}

var clients = []client{
	{"IPv4", "10.0.1.1:80", "10.0.1.2", ""},
	{"IPv6", "[fd00:1::1]:80", "fd00:1::2", "6"},
}

// enforce runs the daemon on a host of a little network and has it lock a client out, with
// real packets.
func enforce(t *testing.T, backend, iptables, ip6tables, member string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "iptables-legacy", "ipset", "nft")
	server, bad, good := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, bad, []string{"10.0.1.2/24", "fd00:1::2/64"})
	actiontest.Connect(t, server, []string{"10.0.2.1/24", "fd00:2::1/64"}, good, []string{"10.0.2.2/24", "fd00:2::2/64"})
	good.Route(t, "10.0.2.1")
	good.Route(t, "fd00:2::1")
	server.Serve(t, "tcp", ":80")

	s := newSite(t, fmt.Sprintf(`
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
port = ["http"]
banaction = %q
bantime = "1h"
`, backend))
	path := os.Getenv("PATH")
	if iptables != "" {
		path = only(t, iptables, ip6tables) + ":" + path
	}
	s.start("PATH=" + path)

	for _, c := range clients {
		t.Run(c.family, func(t *testing.T) {
			served(t, bad, c)
			begin := time.Now()
			s.append("app.log", failures(5, c.address))
			ban := s.waitBanned(c.address)
			t.Logf("line written → kernel: %v", time.Since(begin))
			if member != "" {
				server.Run(t, "sh", "-c", fmt.Sprintf(member, c.suffix, ban.Prefix))
			}
			refused(t, bad, c)
			served(t, good, c)

			reply, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{c.address}})
			if err != nil || len(reply.Unbanned) != 1 {
				t.Fatalf("unban: %+v, %v", reply, err)
			}
			served(t, bad, c)

			// A short ban, by hand: the kernel lets in at its end.
			_, err = s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{c.address}, Time: "2s"})
			if err != nil {
				t.Fatal(err)
			}
			refused(t, bad, c)
			s.wait("the ban has ended", func() error {
				_, err := bad.Ask("tcp", c.server, time.Second)
				return err
			})
			if bans := s.banned(c.address); len(bans) > 0 {
				t.Errorf("still listed: %+v", bans)
			}
		})
	}

	// A crash leaves the ban with the kernel, a stop lifts it, a start restores it.
	c := clients[0]
	s.append("app.log", failures(5, c.address))
	s.waitBanned(c.address)
	s.kill()
	refused(t, bad, c)
	s.start("PATH=" + path)
	s.waitBanned(c.address)
	refused(t, bad, c)
	s.stop()
	served(t, bad, c)
	s.start("PATH=" + path)
	s.waitBanned(c.address)
	refused(t, bad, c)
	s.stop()
	nothingLeft(t, iptables, ip6tables)
}

// only makes a folder in which the programs have the names that everybody uses.
func only(t testing.TB, iptables, ip6tables string) string {
	t.Helper()
	dir := t.TempDir()
	for name, program := range map[string]string{
		"iptables": iptables, "ip6tables": ip6tables,
		"iptables-restore": iptables + "-restore", "ip6tables-restore": ip6tables + "-restore",
	} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func served(t *testing.T, from *actiontest.Space, c client) {
	t.Helper()
	if _, err := from.Ask("tcp", c.server, 5*time.Second); err != nil {
		t.Fatalf("should be served: %v", err)
	}
}

func refused(t *testing.T, from *actiontest.Space, c client) {
	t.Helper()
	_, err := from.Ask("tcp", c.server, 5*time.Second)
	timeout, ok := errors.AsType[net.Error](err)
	if !errors.Is(err, syscall.ECONNREFUSED) && (!ok || timeout.Timeout()) {
		t.Fatalf("should be refused: %v", err)
	}
}

// nothingLeft makes sure that a stopped daemon leaves the firewall as it was.
func nothingLeft(t *testing.T, iptables, ip6tables string) {
	t.Helper()
	checks := []string{"! nft list tables | grep gaol", "! ipset list -n | grep gaol"}
	if iptables != "" {
		checks = append(checks, "! "+iptables+" -S | grep gaol", "! "+ip6tables+" -S | grep gaol")
	}
	for _, check := range checks {
		if out, err := exec.Command("sh", "-c", check).CombinedOutput(); err != nil {
			t.Errorf("%s: left behind: %s", check, out)
		}
	}
}
