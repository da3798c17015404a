package daemon_test

import (
	"strings"
	"testing"
)

const trustKeys = `successregex = ['^INFO Login <HOST>$']
banaction = "none"
maxretry = 3
trusttime = "1h"
trustretry = 2`

// Whoever has logged in may fail more often, after a restart as well, and not once trusttime is taken away.
func TestTrustInTheDaemon(t *testing.T) {
	s := newSite(t, oneJail("app", trustKeys))
	stop := s.run(nil)
	login := strings.ReplaceAll(failures(1, "203.0.113.1"), "ERROR Login failure", "INFO Login")
	s.append("app.log", login+failures(4, "203.0.113.1")+failures(3, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	s.waitFailures("app", 4)
	if j := s.jail("app"); j.Trusted != 1 || j.Banned.Current != 1 || j.Sources[0].Matched != 8 {
		t.Errorf("got %+v", j)
	}
	if !strings.Contains(s.metrics(), `gaol_trusted{jail="app"} 1`) {
		t.Errorf("metrics:\n%s", s.metrics())
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	stop = s.run(nil)
	if j := s.jail("app"); j.Trusted != 1 || j.Failures.Current != 4 {
		t.Errorf("after a restart: got %+v", j)
	}
	s.append("app.log", failures(1, "203.0.113.1"))
	s.waitDecided("203.0.113.1")

	s.reload(oneJail("app", strings.ReplaceAll(trustKeys, "trusttime", "# trusttime")))
	s.append("app.log", strings.ReplaceAll(login, "113.1", "113.3")+failures(3, "203.0.113.3"))
	s.waitDecided("203.0.113.3")
	if j := s.jail("app"); j.Trusted != 0 {
		t.Errorf("without trusttime: got %+v", j)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
