package daemon_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

// oneJail is a configuration with a jail of that name and keys.
func oneJail(name, keys string) string {
	return fmt.Sprintf(`
[jail.sshd]
enabled = false
[jail.%s]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST>$']
%s
`, name, keys)
}

func (s *site) reload(conf string) control.ReloadReply {
	s.t.Helper()
	s.configure(conf)
	reply, err := s.client.Reload(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return reply
}

func TestReloadKeepsCountsAndBans(t *testing.T) {
	for _, tt := range []struct {
		name, before, after string
		// counted failures do not lead to a ban before the reload, and do with more after it.
		counted, more      int
		changed, unchanged []string
	}{
		{"nothing changed", "maxretry = 5", "maxretry = 5", 4, 1, []string{}, []string{"app"}},
		{"fewer are enough", "maxretry = 5", "maxretry = 3", 2, 1, []string{"app"}, []string{}},
		{"more are needed", "maxretry = 3", "maxretry = 5", 2, 3, []string{"app"}, []string{}},
		{"bans are longer", "bantime = \"10m\"", "bantime = \"1h\"", 4, 1, []string{"app"}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, oneJail("app", tt.before))
			s.run(nil)
			s.append("app.log", failures(5, "203.0.113.1"))
			s.append("app.log", failures(tt.counted, "203.0.113.2"))
			ban := s.waitDecided("203.0.113.1")
			s.waitFailures("app", tt.counted)
			reply := s.reload(oneJail("app", tt.after))
			want := control.ReloadReply{Started: []string{}, Stopped: []string{}, Changed: tt.changed, Unchanged: tt.unchanged, Problems: []string{}}
			if diff := cmp.Diff(want, reply); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(ban, s.waitDecided("203.0.113.1")); diff != "" {
				t.Errorf("the ban has changed:\n%s", diff)
			}
			s.append("app.log", failures(tt.more, "203.0.113.2"))
			s.waitDecided("203.0.113.2")
		})
	}
}

func TestReloadInTheKernelWithNFTables(t *testing.T) {
	t.Parallel()
	reloadInTheKernel(t, "nftables", "nft list ruleset")
}

func TestReloadInTheKernelWithIPTables(t *testing.T) {
	t.Parallel()
	reloadInTheKernel(t, "iptables", "iptables -S; ip6tables -S; ipset save")
}

func TestReloadInTheKernelWithIPTablesRules(t *testing.T) {
	t.Parallel()
	reloadInTheKernel(t, "iptables-rules", "iptables -S; ip6tables -S")
}

// reloadInTheKernel changes what a jail closes, takes it away and brings it back; list shows what the
// kernel holds.
func reloadInTheKernel(t *testing.T, backend, list string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nft", "iptables", "ip6tables", "ipset")
	s := newSite(t, oneJail("app", fmt.Sprintf("port = [80]\nbanaction = %q", backend)))
	s.start()
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitBanned("203.0.113.1")
	held := func(words ...string) {
		t.Helper()
		rules, err := exec.Command("sh", "-c", list).CombinedOutput()
		for _, want := range words {
			if err != nil || !strings.Contains(string(rules), want) {
				t.Errorf("%s is missing: %v\n%s", want, err, rules)
			}
		}
	}
	held("80", "203.0.113.1")

	s.reload(oneJail("app", fmt.Sprintf("port = [8443]\nbanaction = %q", backend)))
	s.waitBanned("203.0.113.1")
	held("8443", "203.0.113.1")
	if rules, _ := exec.Command("sh", "-c", list).CombinedOutput(); strings.Contains(string(rules), "dport 80\n") || strings.Contains(string(rules), "dports 80 ") {
		t.Errorf("the old port is still closed:\n%s", rules)
	}

	reply := s.reload(oneJail("other", fmt.Sprintf("maxretry = 9\nbanaction = %q", backend)))
	if diff := cmp.Diff([]string{"app"}, reply.Stopped); diff != "" {
		t.Error(diff)
	}
	if bans := s.banned(); len(bans) > 0 {
		t.Errorf("still listed: %+v", bans)
	}
	if rules, err := exec.Command("sh", "-c", list).CombinedOutput(); err != nil || strings.Contains(string(rules), "203.0.113.1") {
		t.Errorf("the kernel still holds the ban: %v\n%s", err, rules)
	}

	// The store has not forgotten it: the jail takes it up again.
	reply = s.reload(oneJail("app", fmt.Sprintf("port = [80]\nbanaction = %q", backend)))
	if diff := cmp.Diff([]string{"app"}, reply.Started); diff != "" {
		t.Error(diff)
	}
	s.waitBanned("203.0.113.1")
	held("80", "203.0.113.1")
	s.stop()
	nothingLeft(t, "", "")
}

func TestReloadWithOtherParameters(t *testing.T) {
	jail := func(word string) string {
		return fmt.Sprintf(`
[jail.sshd]
enabled = false
[jail.app]
enabled = true
logpath = ["DIR/app.log"]
filter = { failregex = '^ERROR <word> failure <HOST>$', param.word.default = 'Logout' }
param = { word = '%s' }
`, word)
	}
	s := newSite(t, jail("Signin"))
	s.run(nil)
	reply := s.reload(jail("Login"))
	if diff := cmp.Diff([]string{"app"}, reply.Changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitDecided("203.0.113.1")
}

func TestBrokenJailStaysAsItWas(t *testing.T) {
	s := newSite(t, oneJail("app", "maxretry = 3"))
	s.run(nil)
	reply := s.reload(oneJail("app", "maxretry = 0"))
	if len(reply.Problems) != 1 || len(reply.Stopped)+len(reply.Changed)+len(reply.Unchanged) > 0 {
		t.Errorf("got %+v", reply)
	}
	s.waitProblem("app", "maxretry")
	s.append("app.log", failures(3, "203.0.113.1"))
	s.waitDecided("203.0.113.1")

	reply = s.reload(oneJail("app", "maxretry = 4"))
	if len(reply.Problems) > 0 || len(s.jail("app").Problems) > 0 {
		t.Errorf("mended, but %+v", s.jail("app"))
	}
}

func TestUnreadableFileChangesNothing(t *testing.T) {
	s := newSite(t, oneJail("app", "maxretry = 3")+"[jail.sshd.bantime_increment]\n")
	s.run(nil)
	for name, spoil := range map[string]func(){
		"a drop-in": func() {
			if err := os.Mkdir(filepath.Join(s.dir, "conf.d"), 0o700); err != nil {
				t.Fatal(err)
			}
			s.append("conf.d/web.toml", "[jail.app\n")
		},
		"the main file": func() { s.append("gaol.toml", "\n= what?\n") },
	} {
		t.Run(name, func(t *testing.T) {
			s.configure(oneJail("other", "maxretry = 9"))
			spoil()
			reply, err := s.client.Reload(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			problems := reply.Problems
			reply.Problems = nil
			want := control.ReloadReply{Started: []string{}, Stopped: []string{}, Changed: []string{}, Unchanged: []string{"app"}}
			if diff := cmp.Diff(want, reply); diff != "" || len(problems) == 0 {
				t.Errorf("problems %q, and (-want +got):\n%s", problems, diff)
			}
			if len(s.status().Jails) != 1 || len(s.status().Problems) == 0 {
				t.Errorf("status: %+v", s.status())
			}
			os.RemoveAll(filepath.Join(s.dir, "conf.d"))
		})
	}
}

func TestNewJailTakesUpItsBans(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	stop := s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1")+failures(2, "203.0.113.2"))
	ban := s.waitDecided("203.0.113.1")
	s.waitFailures("app", 2)
	s.reload(oneJail("other", ""))
	s.reload(oneJail("app", ""))
	if diff := cmp.Diff(ban, s.waitDecided("203.0.113.1")); diff != "" {
		t.Errorf("another ban (-was +is):\n%s", diff)
	}
	s.waitFailures("app", 2)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestSettingsOfTheStartAskForOne(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.run(nil)
	reply := s.reload(oneJail("app", "") + "[store]\npath = \"DIR/other.sqlite3\"\n")
	if len(reply.Problems) != 1 {
		t.Errorf("got %q", reply.Problems)
	}
	s.waitProblem("", "restart gaol")
	s.reload(oneJail("app", ""))
	if problems := s.status().Problems; len(problems) > 0 {
		t.Errorf("taken back, but %q", problems)
	}
}

// TestReloadsWhileLinesCome reloads from several sides while failures are written. None
// may be lost: each host that fails five times is banned.
func TestReloadsWhileLinesCome(t *testing.T) {
	s := newSite(t, oneJail("app", "maxretry = 5"))
	stop := s.run(nil)
	const hosts = 200
	var all sync.WaitGroup
	all.Go(func() {
		for i := range 5 * hosts {
			s.append("app.log", failures(1, fmt.Sprintf("198.51.100.%d", i%hosts)))
		}
	})
	for i := range 3 {
		all.Go(func() {
			for n := range 10 {
				s.configureFor(oneJail("app", fmt.Sprintf("maxretry = 5\nbantime = \"%dm\"", 10+i+n)))
				if _, err := s.client.Reload(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s.wait("all are banned", func() error {
		if got := len(s.banned()); got != hosts {
			return fmt.Errorf("%d are", got)
		}
		return nil
	})
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// configureFor is configure at one go, as an editor does it, for several goroutines.
func (s *site) configureFor(conf string) {
	f, err := os.CreateTemp(s.dir, "conf")
	if err != nil {
		s.t.Error(err)
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%s\n[store]\npath = \"%s/gaol.sqlite3\"\n", strings.ReplaceAll(conf, "DIR", s.dir), s.dir)
	if err := os.Rename(f.Name(), filepath.Join(s.dir, "gaol.toml")); err != nil {
		s.t.Error(err)
	}
}

// journalctl pretends to be that program: it writes down its arguments and has one record.
const journalctl = `#!/bin/sh
echo "$@" >> DIR/args
echo '{"MESSAGE":"Login failure 203.0.113.1","__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1700000000000000","_HOSTNAME":"h","SYSLOG_IDENTIFIER":"app"}'
exec sleep 1000
`

// TestJournalGoesOnWhereItWas takes the jail away that reads the journal and brings it back: it must
// not read again what it has read before.
func TestJournalGoesOnWhereItWas(t *testing.T) {
	reading := strings.Replace(oneJail("app", ""), `["DIR/app.log"]`, `"journal"`, 1)
	s := newSite(t, reading)
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "journalctl"), []byte(strings.ReplaceAll(journalctl, "DIR", s.dir)), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	since := `
[store]
path = "DIR/gaol.sqlite3"
`
	s.run(nil)
	args := func(calls int) string {
		var text []byte
		s.wait("journalctl is called", func() error {
			text, _ = os.ReadFile(filepath.Join(s.dir, "args"))
			if n := strings.Count(string(text), "\n"); n != calls {
				return fmt.Errorf("%d times: %s", n, text)
			}
			return nil
		})
		return string(text)
	}
	if first := args(1); !strings.Contains(first, "--since=@") {
		t.Fatalf("got %s", first)
	}
	s.reload(oneJail("other", "") + since)
	s.reload(reading + since)
	if both := args(2); strings.Count(both, "--since=@") != 2 && !strings.Contains(both, "--after-cursor=s=1") {
		t.Errorf("got %s", both)
	}
}
