package daemon_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"gaol/action/actiontest"
)

func TestContainersConnectionsEndWithIPTables(t *testing.T) {
	t.Parallel()
	endForwarded(t, "iptables", "iptables-nft", "ip6tables-nft")
}

func TestContainersConnectionsEndWithLegacyIPTables(t *testing.T) {
	t.Parallel()
	endForwarded(t, "iptables", "iptables-legacy", "ip6tables-legacy")
}

func TestContainersConnectionsEndWithNFTables(t *testing.T) {
	t.Parallel()
	endForwarded(t, "nftables", "iptables-nft", "ip6tables-nft")
}

// endForwarded bans a client that is talking to a container by its published port, behind a rule that accepts all
// established connections, as container engines have one. The port is the container's own, so that what the container still sends would be
// sent from the same address and port as before if the kernel forgot the connection.
func endForwarded(t *testing.T, backend, iptables, ip6tables string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "iptables-legacy", "ipset", "nft")
	server, bad, good, container := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24"}, bad, []string{"10.0.1.2/24"})
	actiontest.Connect(t, server, []string{"10.0.2.1/24"}, good, []string{"10.0.2.2/24"})
	actiontest.Connect(t, server, []string{"172.17.0.1/16"}, container, []string{"172.17.0.2/16"})
	bad.Route(t, "10.0.1.1")
	good.Route(t, "10.0.2.1")
	container.Route(t, "172.17.0.1")
	server.Forward(t)
	for _, rule := range [][]string{
		{"-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "80", "-d", "10.0.0.0/8", "-j", "DNAT", "--to-destination", "172.17.0.2:80"},
		{"-t", "nat", "-A", "POSTROUTING", "-s", "172.17.0.0/16", "!", "-d", "172.17.0.0/16", "-j", "MASQUERADE"},
		{"-N", "DOCKER-USER"},
		{"-A", "FORWARD", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT"},
		{"-A", "FORWARD", "-j", "DOCKER-USER"},
	} {
		server.Run(t, iptables, rule...)
	}
	chat(t, container, "tcp", ":80")
	s := newSite(t, fmt.Sprintf(`
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
port = [80]
banaction = %q
established = "end"
`, backend))
	path := os.Getenv("PATH")
	if backend == "iptables" {
		path = only(t, iptables, ip6tables) + ":" + path
	}
	s.start("PATH=" + path)
	attacker, other := talk(t, bad, "10.0.1.1:80"), talk(t, good, "10.0.2.1:80")
	s.append("app.log", failures(5, "10.0.1.2"))
	s.waitBanned("10.0.1.2")
	s.waitSilent(attacker)
	if _, err := bad.Ask("tcp", "10.0.1.1:80", time.Second); err == nil {
		t.Error("the attacker is served again")
	}
	before := other.heard.Load()
	s.wait("the other client is served", func() error {
		if other.heard.Load() == before {
			return fmt.Errorf("it hears nothing")
		}
		return nil
	})
	s.waitEnded("app", 1)
	s.returns(bad, attacker, "10.0.1.1:80")
}
