package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManyJailsReloadTogether has ten jails ban at the same time. Their server is reloaded once for the files that are new
// and once for the bans, or once more each where a jail is late, but not for each jail.
func TestManyJailsReloadTogether(t *testing.T) {
	var conf strings.Builder
	conf.WriteString("[jail.sshd]\nenabled = false\n")
	for i := range 10 {
		fmt.Fprintf(&conf, "[jail.app%d]\nenabled = true\nlogpath = [\"DIR/app.log\"]\nfailregex = ['^ERROR Login failure <HOST>$']\nbanaction = \"none\"\n"+
			"action = { name = \"nginx\", path = \"DIR/deny/%d.conf\", every = \"3s\", reload = [\"/bin/sh\", \"-c\", \"cat DIR/deny/*.conf | grep -c . >> DIR/ran; true\"] }\n", i, i)
	}
	s := newSite(t, conf.String())
	s.run(bans)
	ran := func() []string {
		text, _ := os.ReadFile(filepath.Join(s.dir, "ran"))
		return strings.Fields(string(text))
	}
	s.wait("the server knows the files", func() error {
		if len(ran()) == 0 {
			return fmt.Errorf("it does not")
		}
		return nil
	})
	s.append("app.log", failures(5, "203.0.113.7"))
	s.wait("the server knows all bans", func() error {
		if got := ran(); got[len(got)-1] != "10" {
			return fmt.Errorf("it was reloaded with %q bans", got)
		}
		return nil
	})
	got := ran()
	if t.Logf("reloaded with %q bans", got); len(got) > 4 {
		t.Errorf("reloaded %d times for ten jails", len(got))
	}
}
