package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
)

// metrics are the daemon's figures as Prometheus reads them.
func (s *site) metrics() string {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("unix", filepath.Join(s.dir, "gaol.sock"))
		},
	}}
	resp, err := client.Get("http://gaol/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s, %v: %s", resp.Status, err, text)
	}
	return string(text)
}

func TestStatusMetricsAndLogShowTheSameProblem(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.start("GAOL_TEST_OBSERVE=1")
	if err := os.Remove(filepath.Join(s.dir, "app.log")); err != nil {
		t.Fatal(err)
	}
	s.waitProblem("app", "app.log")
	want := s.jail("app").Problems
	if len(want) != 1 {
		t.Fatalf("problems: %q", want)
	}
	if got := s.metrics(); !strings.Contains(got, `gaol_problems{jail="app"} 1`) {
		t.Errorf("metrics:\n%s", got)
	}
	if got := s.log(); strings.Count(got, fmt.Sprintf("%q", want[0])) != 1 {
		t.Errorf("%q should be logged once:\n%s", want[0], got)
	}
	s.append("app.log", "")
	s.wait("the problem is over", func() error {
		if problems := s.jail("app").Problems; len(problems) > 0 {
			return fmt.Errorf("problems: %q", problems)
		}
		return nil
	})
	if got := s.metrics(); !strings.Contains(got, `gaol_problems{jail="app"} 0`) {
		t.Errorf("metrics:\n%s", got)
	}
}

func TestWrongDatesAreShown(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"another time zone", time.Now().Add(-6*time.Hour).Format(time.DateTime) + " ERROR Login failure 203.0.113.1\n", "runs 6 h behind"},
		{"half an hour ahead", time.Now().Add(90*time.Minute).Format(time.DateTime) + " ERROR Login failure 203.0.113.1\n", "runs 1 h 30 min ahead"},
		{"no date", "ERROR Login failure 203.0.113.1\n", "no date that gaol can read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, oneJail("app", ""))
			s.run(nil)
			s.append("app.log", strings.Repeat(tt.line, 5))
			s.waitDecided("203.0.113.1")
			s.waitProblem("app", tt.want)
		})
	}
}

func TestNamesAreLookedUp(t *testing.T) {
	s := newSite(t, oneJail("app", `usedns = "yes"
ignoreip = ["friend.example"]`))
	s.run(func(o *daemon.Options) {
		o.Lookup = func(_ context.Context, name string) ([]netip.Addr, error) {
			switch name {
			case "attacker.example":
				return []netip.Addr{netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("2001:db8::1")}, nil
			case "friend.example":
				return []netip.Addr{netip.MustParseAddr("203.0.113.2")}, nil
			}
			return nil, errors.New("no such host")
		}
	})
	// The friend is known before the first line.
	s.append("app.log", failures(5, "203.0.113.2")+failures(5, "nobody.example")+failures(5, "attacker.example"))
	s.waitDecided("203.0.113.1")
	s.waitDecided("2001:db8::1")
	if bans := s.banned(); len(bans) != 2 {
		t.Errorf("bans: %+v", bans)
	}
}

func TestNamesThatCannotBeLookedUpAreShown(t *testing.T) {
	s := newSite(t, oneJail("app", `ignoreip = ["friend.example"]`))
	s.run(func(o *daemon.Options) {
		o.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no name server") }
	})
	s.waitProblem("app", "friend.example")
}

func TestChangedIgnoreFileLiftsTheBan(t *testing.T) {
	t.Parallel()
	s := newSite(t, oneJail("app", `ignoreip = ["file:DIR/allow.txt"]`))
	s.append("allow.txt", "# nobody yet\n")
	s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1")+failures(5, "203.0.113.2"))
	s.waitDecided("203.0.113.1")
	s.waitDecided("203.0.113.2")
	s.append("allow.txt", "203.0.113.1\n")
	s.wait("the ban is lifted", func() error {
		if bans := s.banned("203.0.113.1"); len(bans) > 0 {
			return fmt.Errorf("bans: %+v", bans)
		}
		return nil
	})
	s.waitDecided("203.0.113.2")
	s.append("app.log", failures(5, "203.0.113.1")+failures(5, "203.0.113.3"))
	s.waitDecided("203.0.113.3")
	if bans := s.banned("203.0.113.1"); len(bans) > 0 {
		t.Errorf("banned again: %+v", bans)
	}
}

func TestEventsTellTheStoryOfABan(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	s := newSite(t, oneJail("app", `maxretry = 2
banaction = "nftables"`))
	s.start()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := make(chan string, 100)
	listening, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.client.Events(ctx, func() { close(listening) }, func(e control.Event) error {
			what := e.What
			if e.Enforced {
				what = "enforced"
			}
			events <- what + " " + e.Prefix + " " + e.Text
			return nil
		})
	}()
	<-listening
	s.append("app.log", failures(2, "203.0.113.1"))
	var got []string
	hear := func(n int) {
		t.Helper()
		s.wait(fmt.Sprintf("event %d", n), func() error {
			for len(got) < n {
				select {
				case e := <-events:
					got = append(got, e)
				default:
					return fmt.Errorf("heard %q", got)
				}
			}
			return nil
		})
	}
	hear(4)
	if _, err := s.client.Unban(ctx, control.UnbanRequest{Addresses: []string{"203.0.113.1"}}); err != nil {
		t.Fatal(err)
	}
	hear(5)
	want := []string{"failure 203.0.113.1/32 ", "failure 203.0.113.1/32 ", "ban 203.0.113.1/32 ", "enforced 203.0.113.1/32 ", "unban 203.0.113.1/32 hand"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	s.stop()
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.run(nil)
	ban := func(r control.BanRequest) error { _, err := s.client.Ban(t.Context(), r); return err }
	unban := func(r control.UnbanRequest) error { _, err := s.client.Unban(t.Context(), r); return err }
	some := []string{"203.0.113.1"}
	for _, tt := range []struct {
		name   string
		err    error
		status int
		words  string
	}{
		{"ban nobody", ban(control.BanRequest{}), http.StatusBadRequest, "no address"},
		{"ban a name", ban(control.BanRequest{Addresses: []string{"example.com", "203.0.113.1", "x"}}), http.StatusBadRequest, `"example.com", "x": not an address`},
		{"ban an id", ban(control.BanRequest{Addresses: []string{"id:bob"}}), http.StatusBadRequest, "is an id"},
		{"ban for no time", ban(control.BanRequest{Addresses: some, Time: "0"}), http.StatusBadRequest, "no time"},
		{"ban for some time", ban(control.BanRequest{Addresses: some, Time: "soon"}), http.StatusBadRequest, "the time of the ban"},
		{"ban in another jail", ban(control.BanRequest{Addresses: some, Jail: "ssh"}), http.StatusNotFound, "there are app"},
		{"unban nobody", unban(control.UnbanRequest{}), http.StatusBadRequest, "no address"},
		{"unban all and one", unban(control.UnbanRequest{Addresses: some, All: true}), http.StatusBadRequest, "choose one"},
		{"unban a name", unban(control.UnbanRequest{Addresses: []string{"example.com"}}), http.StatusBadRequest, "not an address"},
		{"unban in another jail", unban(control.UnbanRequest{All: true, Jail: "ssh"}), http.StatusNotFound, "there are app"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused, ok := errors.AsType[*control.Error](tt.err)
			if !ok || refused.Status != tt.status || !strings.Contains(refused.Message, tt.words) {
				t.Errorf("got %#v", tt.err)
			}
		})
	}
	if bans := s.banned(); len(bans) > 0 {
		t.Errorf("a request that was refused has banned: %+v", bans)
	}
}

func TestBanByHandInSpiteOfIgnoreIP(t *testing.T) {
	s := newSite(t, oneJail("app", `ignoreip = ["203.0.113.0/28"]`))
	s.run(nil)
	reply, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: []string{"203.0.113.0/24", "::ffff:198.51.100.0/120"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Warnings) != 1 || !strings.Contains(reply.Warnings[0], "would never ban 203.0.113.0/24 by itself (ignoreip 203.0.113.0/28)") {
		t.Errorf("warnings: %q", reply.Warnings)
	}
	if got := []string{reply.Banned[0].Prefix, reply.Banned[1].Prefix}; !cmp.Equal(got, []string{"203.0.113.0/24", "198.51.100.0/24"}) {
		t.Errorf("banned: %q", got)
	}
	unbanned, err := s.client.Unban(t.Context(), control.UnbanRequest{All: true})
	if err != nil || len(unbanned.Unbanned) != 2 {
		t.Errorf("unban: %+v, %v", unbanned, err)
	}
}

// TestManyAddressesAtOnce bans and unbans more than a request holds the lock for.
func TestManyAddressesAtOnce(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.run(nil)
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("100.64.%d.%d", i/250, i%250))
	}
	banned, err := s.client.Ban(t.Context(), control.BanRequest{Addresses: many})
	if err != nil || len(banned.Banned) != len(many) {
		t.Fatalf("%d banned, %v", len(banned.Banned), err)
	}
	unbanned, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: many})
	if err != nil || len(unbanned.Unbanned) != len(many) || len(s.banned()) > 0 {
		t.Errorf("%d unbanned, %v", len(unbanned.Unbanned), err)
	}
}
