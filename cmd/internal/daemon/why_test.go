package daemon_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
	"gaol/config"
	"gaol/config/stock"
)

const appPattern = `^ERROR Login failure <HOST>$`

func (s *site) why(address string) control.Why {
	s.t.Helper()
	why, err := s.client.Why(s.t.Context(), address)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log())
	}
	return why
}

// stored is what gaol why says without a daemon.
func (s *site) stored(address string) control.Why {
	s.t.Helper()
	conf := config.Load(config.Options{File: filepath.Join(s.dir, "gaol.toml"), Stock: stock.FS()})
	why, err := daemon.WhyStored(s.t.Context(), conf, address, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return why
}

func TestWhy(t *testing.T) {
	s := newSite(t, oneJail("app", `ignoreip = ["198.51.100.0/24"]`))
	stop := s.run(nil)

	nobody := s.why("192.0.2.9")
	if nobody.Known || !nobody.Running || len(nobody.Jails) != 1 || nobody.Jails[0].Needed != 5 ||
		nobody.Advice != "Banned after 5 failures within 10m in app." {
		t.Errorf("nobody: got %+v", nobody)
	}
	if why := s.why("198.51.100.7"); !why.Known || why.Ignored != "ignoreip 198.51.100.0/24" ||
		why.Advice != "Never banned by itself: ignoreip 198.51.100.0/24." {
		t.Errorf("ignored: got %+v", why)
	}

	s.append("app.log", failures(2, "192.0.2.7"))
	s.waitFailures("app", 2)
	for name, why := range map[string]control.Why{"asked": s.why("192.0.2.7"), "its network": s.why("192.0.2.0/24")} {
		j := why.Jails[0]
		if !why.Known || j.Failures != 2 || j.Host != "192.0.2.7" || j.Until == nil || j.Banned ||
			why.Advice != "Banned after 3 more failures within 10m in app." {
			t.Errorf("%s: got %+v", name, why)
		}
		if len(why.History) != 2 || why.History[1].What != "failure" || !strings.HasSuffix(why.History[1].Line, "ERROR Login failure 192.0.2.7") ||
			why.History[1].Pattern != appPattern {
			t.Errorf("%s: got %+v, want two failures with line and pattern", name, why.History)
		}
	}

	s.append("app.log", failures(3, "192.0.2.7"))
	s.waitDecided("192.0.2.7")
	if _, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{"192.0.2.0/24"}, Time: "forever"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"192.0.2.0/24"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{"192.0.2.7"}, Time: "1h"}); err != nil {
		t.Fatal(err)
	}
	checkStory(t, "of the daemon", s.why("192.0.2.7"))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stored := s.stored("192.0.2.7")
	if stored.Running || len(stored.Kernel) > 0 {
		t.Errorf("without a daemon: got %+v", stored)
	}
	checkStory(t, "of the store", stored)
	if why := s.stored("198.51.100.7"); why.Ignored != "ignoreip 198.51.100.0/24" {
		t.Errorf("without a daemon, ignored: got %+v", why)
	}
}

// checkStory expects an address that was banned by the jail, with its network by hand, let in again, and
// banned by hand.
func checkStory(t *testing.T, what string, why control.Why) {
	t.Helper()
	var story []string
	for _, e := range why.History {
		story = append(story, e.What+" "+e.Prefix+" "+e.By)
	}
	want := "ban 192.0.2.7/32 jail|ban 192.0.2.0/24 hand|unban 192.0.2.7/32 hand|unban 192.0.2.0/24 hand|ban 192.0.2.7/32 hand"
	if got := strings.Join(story, "|"); got != want {
		t.Errorf("%s: got %s\nwant %s", what, got, want)
	}
	if len(why.History) == 0 {
		return
	}
	first := why.History[0]
	if len(first.Evidence) != 5 || first.Failures != 5 || first.Count != 1 || first.End == nil || first.Pattern != appPattern {
		t.Errorf("%s: got %+v", what, first)
	}
	for _, l := range first.Evidence {
		if l.Pattern != appPattern || !strings.Contains(l.Line, "192.0.2.7") {
			t.Errorf("%s: got %+v", what, l)
		}
	}
	if len(why.Bans) != 1 || why.Bans[0].By != "hand" || !why.Jails[0].Banned ||
		!strings.HasPrefix(why.Advice, "Free at ") || !strings.HasSuffix(why.Advice, "or with: gaol unban 192.0.2.7.") {
		t.Errorf("%s: got bans %+v, advice %q", what, why.Bans, why.Advice)
	}
}

func TestWhyTellsOfTrustedProxies(t *testing.T) {
	s := newSite(t, oneJail("app", "")+`
[jail.front]
enabled = true
logpath = ["DIR/front.log"]
filter = { json = { when = { status = 401 }, host = "xff", peer = "ip" } }
trusted = ["10.1.0.0/16"]
`)
	s.append("front.log", "")
	s.run(nil)
	for address, want := range map[string]string{
		"10.1.2.3": "trusted 10.1.0.0/16 in front", "10.1.2.0/24": "trusted 10.1.0.0/16 in front", "10.2.2.3": "", "10.0.0.0/8": "",
	} {
		if why := s.why(address); why.Ignored != want {
			t.Errorf("%s: got %q, want %q", address, why.Ignored, want)
		}
	}
}

func TestWhyRefuses(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.run(nil)
	for _, address := range []string{"", "no-address", "192.0.2.7/40", "\x1b[2J"} {
		if _, err := s.client.Why(t.Context(), address); err == nil {
			t.Errorf("%q: no error", address)
		}
	}
}

func TestWhyStoredWithoutAStore(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	if why := s.stored("192.0.2.7"); why.Known || len(why.Problems) != 1 || !strings.Contains(why.Problems[0], "there is no store") {
		t.Errorf("got %+v", why)
	}
}

func TestWhyAsksIPTables(t *testing.T) { whyAsksTheKernel(t, "iptables", "gaol-app") }
func TestWhyAsksNFTables(t *testing.T) { whyAsksTheKernel(t, "nftables", "addr4-app") }

// whyAsksTheKernel has a banned client go on, with real packets and real sets.
func whyAsksTheKernel(t *testing.T, backend, set string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables", "ipset", "nft")
	server, bad := actiontest.Own(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24"}, bad, []string{"10.0.1.2/24"})
	server.Serve(t, "tcp", ":80")
	s := newSite(t, oneJail("app", fmt.Sprintf("port = [\"http\"]\nbantime = \"1h\"\nbanaction = %q", backend)))
	s.start()
	s.append("app.log", failures(5, "10.0.1.2"))
	s.waitBanned("10.0.1.2")

	why := s.why("10.0.1.2")
	if len(why.Kernel) != 1 || len(why.Problems) > 0 {
		t.Fatalf("got %+v", why)
	}
	k := why.Kernel[0]
	if k.Action != backend || k.Set != set || !k.Holds || k.Member != "10.0.1.2/32" || k.LeftSeconds == nil ||
		*k.LeftSeconds < 3000 || *k.LeftSeconds > 3601 || k.Dropping == nil || *k.Dropping {
		t.Errorf("nothing comes: got %+v", k)
	}
	// It goes on while the question is answered.
	answered, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-answered:
				return
			case <-time.After(10 * time.Millisecond):
				_, _ = bad.Ask("tcp", "10.0.1.1:80", 100*time.Millisecond)
			}
		}
	}()
	if k = s.why("10.0.1.2").Kernel[0]; k.Dropping == nil || !*k.Dropping || k.Packets < 1 {
		t.Errorf("packets come: got %+v", k)
	}
	close(answered)
	<-done

	// More failures are logged although it is locked out.
	s.wait("a failure since the ban was enforced", func() error {
		s.append("app.log", failures(1, "10.0.1.2"))
		why = s.why("10.0.1.2")
		if why.Jails[0].SinceEnforced == 0 || !strings.Contains(why.Advice, " since its ban is enforced: ") {
			return fmt.Errorf("got %+v, %q", why.Jails, why.Advice)
		}
		return nil
	})

	// Somebody else has taken it out, or holds what nobody bans.
	if k := s.why("10.0.1.0/24").Kernel; len(k) != 2 || k[0].Holds || !k[1].Holds {
		t.Errorf("a network around it: got %+v", k)
	}
	if k := s.why("10.0.1.9").Kernel; len(k) != 1 || k[0].Holds || k[0].Set != set {
		t.Errorf("another address: got %+v", k)
	}
	s.stop()
}
