package daemon_test

import (
	"fmt"
	"strings"
	"testing"

	"gaol/action/actiontest"
)

// TestOthersEnforceWhatIsPublished has one gaol read what another bans, as docs/blocklists.md says, but for TLS.
func TestOthersEnforceWhatIsPublished(t *testing.T) {
	const page = "../../../docs/blocklists.md"
	address := freePort(t)
	here := strings.NewReplacer("127.0.0.1:7413", address, "https://web1.example.org", "http://"+address, "[jail.sshd]", `[jail.sshd]
logpath = ["DIR/app.log"]
filter = { failregex = ['^ERROR Login failure <HOST>$'] }
banaction = "none"`)
	publisher := newSite(t, here.Replace(actiontest.FromPage(t, page, "toml", `action = ["web"]`)))
	publisher.start()
	neighbour := func(networks int) {
		t.Helper()
		s := newSite(t, "[jail.sshd]\nenabled = false\n"+here.Replace(actiontest.FromPage(t, page, "toml", "[jail.neighbours]")))
		stop := s.run(nil)
		s.wait("the list is read", func() error {
			status := s.jail("neighbours")
			b := status.Blocklist
			if b == nil || len(b.Lists) != 1 || b.Lists[0].Updated == nil || b.Lists[0].Networks != networks || len(status.Problems) > 0 {
				return fmt.Errorf("%+v, %q", b, status.Problems)
			}
			return nil
		})
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	neighbour(0)
	publisher.append("app.log", failures(5, "203.0.113.7")+failures(5, "2001:db8:7::1"))
	publisher.wait("both are on the list", func() error {
		if _, list := ask(t, address+"/denylist"); list != "203.0.113.7/32\n2001:db8:7::/64\n" {
			return fmt.Errorf("the list is %q", list)
		}
		return nil
	})
	neighbour(2)
}
