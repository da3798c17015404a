package daemon_test

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"gaol/action/actiontest"
)

// TestReloadEndsWhatIsOpen turns established from keep to end while a ban is in force.
func TestReloadEndsWhatIsOpen(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	server, bad, good := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24"}, bad, []string{"10.0.1.2/24"})
	actiontest.Connect(t, server, []string{"10.0.2.1/24"}, good, []string{"10.0.2.2/24"})
	ended := chat(t, server, "tcp", ":80")
	const conf = `
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
ignoreip = ["10.0.2.2", "127.0.0.0/8"]
port = [80]
banaction = "nftables"
`
	s := newSite(t, conf)
	s.start()
	attacker, ignored, local := talk(t, bad, "10.0.1.1:80"), talk(t, good, "10.0.2.1:80"), talk(t, server, "127.0.0.1:80")
	for _, address := range []string{"10.0.2.2", "127.0.0.1", "10.0.1.2"} {
		s.append("app.log", failures(5, address))
	}
	s.waitBanned("10.0.1.2")
	s.waitSilent(attacker) // as the firewall refuses what it answers
	select {
	case err := <-ended:
		t.Errorf("established = keep ends a connection: %v", err)
	default:
	}

	s.reload(conf + "established = \"end\"\n")
	s.waitEnded("app", 1)
	s.waitAborted(ended)
	for name, c := range map[string]*conversation{"of an ignored address": ignored, "over loopback": local} {
		before := c.heard.Load()
		s.wait("the connection "+name+" goes on", func() error {
			if c.heard.Load() == before {
				return fmt.Errorf("it hears nothing")
			}
			return nil
		})
	}
	// The bans in force are ended once, not at each reload.
	s.reload(conf + "established = \"end\"\nmaxretry = 4\n")
	s.append("app.log", failures(4, "10.0.1.77"))
	s.waitBanned("10.0.1.77")
	s.waitEnded("app", 1)
}

// TestUDPConnectionsEnd bans a client of a UDP service that a rule before gaol's lets by, as it is known.
func TestUDPConnectionsEnd(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "ipset")
	server, bad := actiontest.Own(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24"}, bad, []string{"10.0.1.2/24"})
	server.Serve(t, "udp", "10.0.1.1:1194")
	s := newSite(t, `
[jail.sshd]
enabled = false
[jail.vpn]
enabled = true
logpath = ["DIR/vpn.log"]
failregex = ['^ERROR Login failure <HOST>$']
port = [1194]
protocol = "udp"
banaction = "iptables"
established = "end"
`)
	s.start("PATH=" + only(t, "iptables-nft", "ip6tables-nft") + ":" + os.Getenv("PATH"))
	server.Run(t, "iptables-nft", "-I", "INPUT", "1", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
	var conn net.Conn
	err := bad.Do(func() (err error) { conn, err = net.Dial("udp", "10.0.1.1:1194"); return err })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ask := func(within time.Duration) error {
		_ = conn.SetDeadline(time.Now().Add(within))
		if _, err := conn.Write([]byte("?")); err != nil {
			return err
		}
		_, err := conn.Read(make([]byte, 10))
		return err
	}
	for range 2 {
		if err := ask(5 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	s.append("vpn.log", failures(5, "10.0.1.2"))
	s.waitBanned("10.0.1.2")
	s.waitEnded("vpn", 1)
	if err := ask(time.Second); err == nil {
		t.Error("the client is answered")
	}
}
