package daemon_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

func TestListsHoldWithIPTables(t *testing.T) { t.Parallel(); enforceLists(t, "iptables") }
func TestListsHoldWithNFTables(t *testing.T) { t.Parallel(); enforceLists(t, "nftables") }

// listedClients are on lists.
var listedClients = []client{
	{family: "IPv4", server: "203.0.113.1:80", address: "203.0.113.2"},
	{family: "IPv6", server: "[2001:db8:1::1]:80", address: "2001:db8:1::2"},
}

// enforceLists runs the daemon with lists of a web server and of a file, with real packets.
func enforceLists(t *testing.T, backend string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "ip6tables-nft", "ipset", "nft")
	server, bad, good := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"203.0.113.1/29", "2001:db8:1::1/64"}, bad, []string{"203.0.113.2/29", "2001:db8:1::2/64"})
	actiontest.Connect(t, server, []string{"203.0.113.9/29", "2001:db8:2::1/64"}, good, []string{"203.0.113.10/29", "2001:db8:2::2/64"})
	good.Route(t, "203.0.113.9")
	good.Route(t, "2001:db8:2::1")
	server.Serve(t, "tcp", ":80")
	var asked atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		// One network holds an address that is ignored, and this host's own.
		fmt.Fprint(w, "# a list\n10.0.0.0/8\n203.0.113.0/24 ; SBL1\n2001:db8::/32\n")
	}))
	defer web.Close()
	conf := fmt.Sprintf(`
[jail.sshd]
enabled = false
[jail.lists]
enabled = true
blocklist = [%q, "file:DIR/own.txt"]
ignoreip = ["203.0.113.10", "2001:db8:2::2"]
banaction = %q
`, web.URL+"/list.txt", backend)
	s := newSite(t, conf)
	own := filepath.Join(s.dir, "own.txt")
	if err := os.WriteFile(own, []byte("# nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + only(t, "iptables-nft", "ip6tables-nft") + ":" + os.Getenv("PATH")
	inForce := func(what string) {
		t.Helper()
		s.wait(what, func() error {
			status, err := s.client.Status(t.Context(), "lists")
			if err != nil {
				return err
			}
			if b := status.Jails[0].Blocklist; b == nil || !b.Healthy || b.Enforced == 0 || b.Enforced != b.Networks {
				return fmt.Errorf("%+v", b)
			}
			return nil
		})
	}
	check := func() {
		t.Helper()
		for _, c := range listedClients {
			refused(t, bad, c)
			served(t, good, c)
		}
	}
	s.start(path)
	inForce("the list is in force")
	check()
	s.wait("packets are counted", func() error {
		b := s.jail("lists").Blocklist
		if b.Spared != 2 || b.Packets == nil || b.Bytes == nil || *b.Packets == 0 || *b.Bytes == 0 {
			return fmt.Errorf("%+v", b)
		}
		return nil
	})
	why, err := s.client.Why(t.Context(), "203.0.113.2")
	if err != nil || len(why.Listed) != 1 || !why.Listed[0].Enforced || why.Listed[0].Entry != "203.0.113.0/24" {
		t.Errorf("why: %+v, %v", why.Listed, err)
	}
	if !strings.Contains(why.Advice, "Refused by lists while 203.0.113.0/24 is on its list") || strings.Contains(why.Advice, "failures") {
		t.Errorf("advice: %s", why.Advice)
	}
	if len(why.Kernel) > 0 {
		t.Errorf("why tells of bans that the jail of lists does not have: %+v", why.Kernel)
	}
	reply, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"203.0.113.2", "203.0.113.10"}})
	if err != nil || len(reply.Listed) != 1 || reply.Listed[0].Prefix != "203.0.113.2/32" || reply.Listed[0].Jail != "lists" {
		t.Errorf("unban: %+v, %v", reply, err)
	}
	why, err = s.client.Why(t.Context(), "203.0.113.10")
	if err != nil || len(why.Listed) != 1 || why.Listed[0].Enforced {
		t.Errorf("why of one that is ignored: %+v, %v", why.Listed, err)
	}

	// Other programs remove all.
	for _, damage := range []string{"nft flush ruleset", "ipset flush"} {
		if out, err := exec.Command("sh", "-c", damage).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", damage, err, out)
		}
		began := time.Now()
		for _, c := range listedClients {
			s.wait("refused again", func() error {
				if _, err := bad.Ask("tcp", c.server, 300*time.Millisecond); err == nil {
					return fmt.Errorf("served")
				}
				return nil
			})
		}
		t.Logf("back within %s of %q", time.Since(began).Round(time.Millisecond), damage)
		inForce("back")
		check()
	}

	// A restart without the server: what is kept holds.
	web.Close()
	s.stop()
	served(t, bad, listedClients[0])
	s.start(path)
	inForce("what is kept is in force")
	check()

	// A crash leaves it in force.
	s.kill()
	check()
	s.start(path)
	inForce("in force again")
	check()

	// Who is spared changes, by the configuration and by a file.
	was := s.jail("lists").Blocklist.Networks
	ignored := strings.Replace(conf, `"2001:db8:2::2"`, `"2001:db8:2::2", "203.0.113.2", "file:DIR/allow.txt"`, 1)
	allow := filepath.Join(s.dir, "allow.txt")
	if err := os.WriteFile(allow, []byte("2001:db8:1::/64\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reload(ignored)
	for _, c := range listedClients {
		s.wait("spared", func() error { _, err := bad.Ask("tcp", c.server, time.Second); return err })
	}
	if got := s.jail("lists").Blocklist.Networks; got != was {
		t.Errorf("a list of %d networks has %d around those who are spared", was, got)
	}
	if err := os.WriteFile(allow, []byte("# nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reload(conf)
	for _, c := range listedClients {
		s.wait("no longer spared", func() error {
			if _, err := bad.Ask("tcp", c.server, 300*time.Millisecond); err == nil {
				return fmt.Errorf("served")
			}
			return nil
		})
	}

	// Another file acts, and a jail without lists lets everybody in.
	s.reload(strings.ReplaceAll(conf, fmt.Sprintf("%q, ", web.URL+"/list.txt"), ""))
	s.wait("the web's list is gone", func() error {
		_, err := bad.Ask("tcp", listedClients[0].server, time.Second)
		return err
	})
	if err := os.WriteFile(own, []byte("203.0.113.2\n2001:db8:1::2 # mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.wait("the file is in force", func() error {
		if _, err := bad.Ask("tcp", listedClients[0].server, time.Second); err == nil {
			return fmt.Errorf("served")
		}
		return nil
	})
	inForce("the file is in force")
	check()
	s.stop()
	nothingLeft(t, "iptables-nft", "ip6tables-nft")
}
