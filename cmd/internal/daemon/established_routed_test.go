package daemon_test

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

func TestRoutedConnectionsEndWithIPTables(t *testing.T) {
	t.Parallel()
	endRouted(t, "iptables", `chain = ["INPUT", "FORWARD"]`)
}

func TestRoutedConnectionsEndWithNFTables(t *testing.T) {
	t.Parallel()
	endRouted(t, "nftables", "")
}

// endRouted bans a client of a host behind this one, to which it is connected by its own address, without NAT. The host
// behind is connected to the client too, of its own accord: that stays until a rule refuses what the client
// answers.
func endRouted(t *testing.T, backend, keys string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "ipset", "nft")
	router, bad, behind := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, router, []string{"10.0.1.1/24"}, bad, []string{"10.0.1.2/24"})
	actiontest.Connect(t, router, []string{"10.0.3.1/24"}, behind, []string{"10.0.3.2/24"})
	bad.Route(t, "10.0.1.1")
	behind.Route(t, "10.0.3.1")
	router.Forward(t)
	chat(t, behind, "tcp", ":80")
	chat(t, bad, "tcp", ":9000")
	s := newSite(t, fmt.Sprintf(`
[jail.sshd]
enabled = false
[default]
banaction = %q
established = "end"
%s
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
port = [80]
[jail.whole]
enabled = true
logpath = ["DIR/whole.log"]
failregex = ['^ERROR Login failure <HOST>$']
`, backend, keys))
	s.append("whole.log", "")
	s.start("PATH=" + only(t, "iptables-nft", "ip6tables-nft") + ":" + os.Getenv("PATH"))
	router.Run(t, "iptables-nft", "-I", "FORWARD", "1", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
	in, out := talk(t, bad, "10.0.3.2:80"), talk(t, behind, "10.0.1.2:9000")

	s.append("app.log", failures(5, "10.0.1.2"))
	s.waitBanned("10.0.1.2")
	s.waitEnded("app", 1)
	s.waitSilent(in)
	if _, err := bad.Ask("tcp", "10.0.3.2:80", time.Second); err == nil {
		t.Error("the client is served again")
	}
	before := out.heard.Load()
	s.wait("what was begun behind this host goes on", func() error {
		if out.heard.Load() == before {
			return fmt.Errorf("it hears nothing")
		}
		return nil
	})

	s.append("whole.log", failures(5, "10.0.1.2"))
	s.waitEnded("whole", 1)
	s.waitSilent(out)

	s.returns(bad, in, "10.0.3.2:80")
}

// waitSilent waits until a client hears nothing any more.
func (s *site) waitSilent(c *conversation) {
	s.t.Helper()
	s.wait("it hears nothing any more", func() error {
		before := c.heard.Load()
		time.Sleep(200 * time.Millisecond) // ten times as long as the server pauses
		if now := c.heard.Load(); now != before {
			return fmt.Errorf("it heard %d bytes", now-before)
		}
		return nil
	})
}

// returns unbans a client, which may then use the same port: what the kernel remembers of its old connection must not hold it up.
func (s *site) returns(from *actiontest.Space, c *conversation, server string) {
	s.t.Helper()
	_ = c.conn.(*net.TCPConn).SetLinger(0)
	_ = c.conn.Close()
	if _, err := s.client.Unban(s.t.Context(), control.UnbanRequest{All: true}); err != nil {
		s.t.Fatal(err)
	}
	err := from.Do(func() error {
		again := net.Dialer{LocalAddr: c.conn.LocalAddr(), Timeout: 30 * time.Second}
		conn, err := again.Dial("tcp", server)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_, err = conn.Read(make([]byte, 1))
		return err
	})
	if err != nil {
		s.t.Errorf("the client from the same port, once its ban is lifted: %v", err)
	}
}
