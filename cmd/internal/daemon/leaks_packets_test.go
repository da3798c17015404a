package daemon_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// leakCase is a way past a ban: a jail with its keys, the address that is charged, and what is to be found.
type leakCase struct {
	jail, keys, address string
	kind, text          string
}

func TestLeaksWithNFTables(t *testing.T) {
	t.Parallel()
	findLeaks(t, "nftables", "", nil)
}

func TestLeaksWithIPTables(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "ipset")
	// There is no ip6tables here.
	dir := t.TempDir()
	for name, program := range map[string]string{"iptables": "iptables-nft", "iptables-restore": "iptables-nft-restore"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	findLeaks(t, "iptables", "PATH="+dir, []leakCase{
		{"contained", `port = [8080]` + "\n" + `chain = ["INPUT"]`, "10.0.1.4", "container", "it goes to 172.17.0.2:80 by published tcp port 8080, past chain INPUT"},
		{"six", `port = [993]`, "fd00:1::6", "family", "it comes by IPv6"},
	})
}

// findLeaks lets hosts get past their bans in all ways there are at the same time, with real packets.
func findLeaks(t *testing.T, backend, env string, more []leakCase) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft")
	server, bad, proxy, container := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"},
		bad, []string{"10.0.1.2/24", "10.0.1.3/24", "10.0.1.4/24", "10.0.1.5/24", "10.0.1.7/24", "fd00:1::6/64"})
	actiontest.Connect(t, server, []string{"10.0.2.1/24"}, proxy, []string{"10.0.2.2/24"})
	actiontest.Connect(t, server, []string{"172.17.0.1/16"}, container, []string{"172.17.0.2/16"})
	bad.Route(t, "10.0.1.1")
	proxy.Route(t, "10.0.2.1")
	container.Route(t, "172.17.0.1")
	server.Forward(t)
	server.Run(t, "iptables-nft", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8080", "-j", "DNAT", "--to-destination", "172.17.0.2:80")
	for _, port := range []string{":80", ":2222", ":25", ":993", ":110", ":587"} {
		keep(t, server, port)
	}
	keep(t, container, ":80")
	hold(t, proxy, "10.0.2.2", "10.0.1.1:80")
	hold(t, bad, "10.0.1.5", "10.0.1.1:25")
	for range 4 {
		hold(t, proxy, "10.0.2.2", "10.0.1.1:110")
	}
	hold(t, bad, "10.0.1.2", "10.0.1.1:110")

	cases := append([]leakCase{
		{"proxied", `port = [80]`, "198.51.100.7", "proxy", "connections come from 10.0.2.2"},
		{"declared", `port = [80]` + "\n" + `trusted = ["10.0.2.2"]`, "198.51.100.8", "proxy", "through the trusted proxy 10.0.2.2"},
		{"elsewhere", `port = [22]`, "10.0.1.3", "port", "it connects to tcp port 2222, which the jail does not close"},
		{"before", `port = [25]`, "10.0.1.5", "established", "to tcp port 25 that was opened before the ban"},
		{"inside", `port = [587]` + "\n" + `interface = ["eth9", "wg+"]`, "10.0.1.7", "interface", "through interface eth1, as the route to it says, and the jail closes eth9 and wg+ only"},
		{"here", `port = [2525]` + "\n" + `ignoreself = false`, "10.0.1.1", "local", "an address of this host itself"},
		{"nowhere", `port = [143]`, "198.51.100.9", "unseen", "none of its packets are seen on this host"},
	}, more...)
	var conf strings.Builder
	conf.WriteString("[jail.sshd]\nenabled = false\n")
	for _, c := range cases {
		fmt.Fprintf(&conf, "[jail.%s]\nenabled = true\nlogpath = [\"DIR/%[1]s.log\"]\nfailregex = ['^ERROR Login failure <HOST>$']\nbantime = \"1h\"\nbanaction = %q\n%s\n",
			c.jail, backend, c.keys)
	}
	fmt.Fprintf(&conf, "[jail.undeclared]\nenabled = true\nlogpath = [\"DIR/app.log\"]\nfailregex = ['^ERROR Login failure <HOST>$']\nbanaction = %q\nport = [110]\n", backend)
	s := newSite(t, conf.String())
	for _, c := range cases {
		s.append(c.jail+".log", "")
	}
	if env == "" {
		env = "X="
	}
	s.start(env)
	for _, c := range cases {
		s.append(c.jail+".log", failures(5, c.address))
	}
	s.append("app.log", failures(5, "10.0.2.2"))
	for _, c := range cases {
		s.waitBanned(c.address)
	}
	s.waitProblem("undeclared", "10.0.2.2 is banned, which has 4 of 5 connections of the service: if it is a proxy")
	// Once they are banned: else they would be open from before.
	hold(t, bad, "10.0.1.3", "10.0.1.1:2222")
	hold(t, bad, "10.0.1.7", "10.0.1.1:587")
	if len(more) > 0 {
		hold(t, bad, "10.0.1.4", "10.0.1.1:8080")
		hold(t, bad, "fd00:1::6", "[fd00:1::1]:993")
	}

	for _, c := range cases {
		s.append(c.jail+".log", failures(1, c.address))
	}
	if leaks := s.jail("proxied").Leaks; leaks != nil {
		t.Errorf("a failure of the moment of the ban: %+v", leaks)
	}
	next := time.Now()
	s.wait("the reasons are found", func() error {
		if now := time.Now(); now.After(next) {
			next = now.Add(time.Second)
			for _, c := range cases {
				s.append(c.jail+".log", failures(1, c.address))
			}
		}
		for _, c := range cases {
			if leaks := s.jail(c.jail).Leaks; leaks == nil || len(leaks.Examples) == 0 {
				return fmt.Errorf("jail %s: %+v", c.jail, leaks)
			}
		}
		return nil
	})
	for _, c := range cases {
		t.Run(c.jail, func(t *testing.T) {
			leaks := s.jail(c.jail).Leaks
			if l := leaks.Examples[0]; leaks.Current != 1 || l.Address != c.address || l.Kind != c.kind || !strings.Contains(l.Text, c.text) {
				t.Errorf("got %+v, want %s: %s", leaks, c.kind, c.text)
			}
			s.waitProblem(c.jail, c.address+" goes on failing though it is banned: ")
			if got := strings.Count(s.log(), "problem=\""+c.address+" goes on failing"); got != 1 {
				t.Errorf("logged %d times", got)
			}
			why := s.why(c.address)
			if !strings.Contains(why.Advice, " since its ban is enforced: ") || !strings.Contains(why.Advice, c.text) {
				t.Errorf("why: %s", why.Advice)
			}
			for _, j := range why.Jails {
				if (j.Leak != nil) != (j.Name == c.jail) || j.Leak != nil && j.Leak.Kind != c.kind {
					t.Errorf("why: jail %s: %+v", j.Name, j.Leak)
				}
			}
		})
	}
	if _, err := s.client.Unban(t.Context(), control.UnbanRequest{All: true}); err != nil {
		t.Fatal(err)
	}
	s.wait("nothing leaks any more", func() error {
		for _, j := range s.status().Jails {
			if len(j.Problems) > 0 {
				return fmt.Errorf("%s: %q", j.Name, j.Problems)
			}
		}
		return nil
	})
	s.stop()
}

// keep accepts connections and keeps them until the test ends.
func keep(t *testing.T, on *actiontest.Space, address string) {
	t.Helper()
	err := on.Do(func() error {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer func() { _ = conn.Close() }()
			}
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hold connects and stays connected until the test ends.
func hold(t *testing.T, from *actiontest.Space, source, address string) {
	t.Helper()
	err := from.Do(func() error {
		dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
		conn, err := dialer.Dial("tcp", address)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
