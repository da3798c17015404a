package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
	"gaol/jail"
	"gaol/jail/store"
)

func TestOneBadJailStopsNoOther(t *testing.T) {
	s := newSite(t, oneJail("app", "")+`
[jail.broken]
enabled = true
logpath = ["DIR/app.log"]
failregex = ['no host']
[jail.unknown]
enabled = true
filter = "no-such-filter"
logpath = ["DIR/app.log"]
`)
	s.run(nil)
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitDecided("203.0.113.1")
	for _, name := range []string{"broken", "unknown"} {
		if j := s.jail(name); j.Enabled || len(j.Problems) == 0 {
			t.Errorf("%s should be left out and say why: %+v", name, j)
		}
	}
}

func TestUnreadableMainFileRefusesToStart(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.append("gaol.toml", "\n= what?\n")
	err := daemon.Run(t.Context(), options(s.dir))
	if err == nil || !strings.Contains(err.Error(), "gaol.toml") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "gaol.sock")); err == nil {
		t.Error("the control socket was left behind")
	}
}

func TestBansAreMadeWithoutAStore(t *testing.T) {
	s := newSite(t, oneJail("app", "")+"[store]\npath = \"DIR/app.log/gaol.sqlite3\"\n")
	s.run(nil)
	s.waitProblem("", "do not outlive this run")
	s.append("app.log", failures(5, "203.0.113.1"))
	s.waitDecided("203.0.113.1")
}

// TestManyBansComeBack restores 20,000 bans of a store into the kernel.
func TestManyBansComeBack(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nft")
	s := newSite(t, oneJail("app", `banaction = "nftables"`))
	const count = 20_000
	now := time.Now()
	var bans []jail.Ban
	for i := range count {
		addr := netip.AddrFrom4([4]byte{100, 64 + byte(i>>16), byte(i >> 8), byte(i)})
		bans = append(bans, jail.Ban{Jail: "app", Prefix: netip.PrefixFrom(addr, 32), Start: now, End: now.Add(time.Hour), Count: 1, By: "jail"})
	}
	s.remember(bans)
	begin := time.Now()
	s.start()
	took := time.Since(begin).Round(time.Millisecond)
	s.wait("all are enforced", func() error {
		held := 0
		for _, b := range s.banned() {
			if b.Enforced {
				held++
			}
		}
		if held != count {
			return fmt.Errorf("%d are", held)
		}
		return nil
	})
	t.Logf("%d bans: ready %v after the start", count, took)
	// The action is started before it is known how many bans there are.
	for _, want := range []string{fmt.Sprintf(`msg="restored bans" jail=app count=%d took=`, count), `msg="action started" jail=app action=nftables count=`} {
		if !strings.Contains(s.log(), want) {
			t.Errorf("%s is missing in\n%s", want, s.log())
		}
	}
	s.stop()
}

// remember puts bans into the store.
func (s *site) remember(bans []jail.Ban) {
	s.t.Helper()
	st, err := store.Open(filepath.Join(s.dir, "gaol.sqlite3"), store.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(st.Commit(s.t.Context(), store.Changes{Bans: bans}), st.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// TestBanThatIsOverIsRecordedOnly lets failures be read an hour late.
func TestBanThatIsOverIsRecordedOnly(t *testing.T) {
	s := newSite(t, oneJail("app", `bantime = "10m"
findtime = "10m"
banaction = "none"
action = [{ name = "command", ban = ["/bin/sh", "-c", "echo $GAOL_IP >> DIR/ran"] }]`))
	stop := s.run(func(o *daemon.Options) { o.Observe = false })
	s.append("app.log", failures(5, "203.0.113.9"))
	s.waitDecided("203.0.113.9")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	late := time.Now().Add(-time.Hour).Format("2006-01-02 15:04:05,000") + " ERROR Login failure 203.0.113.1\n"
	s.append("app.log", strings.Repeat(late, 5))
	stop = s.run(func(o *daemon.Options) { o.Observe = false })
	s.append("app.log", failures(5, "203.0.113.2"))
	s.waitDecided("203.0.113.2")
	if bans := s.banned("203.0.113.1"); len(bans) > 0 {
		t.Errorf("in force: %+v", bans)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if ran, _ := os.ReadFile(filepath.Join(s.dir, "ran")); strings.Contains(string(ran), "203.0.113.1\n") {
		t.Errorf("the action was told: %s", ran)
	}
	st, err := store.Open(filepath.Join(s.dir, "gaol.sqlite3"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	history, _, err := st.History(t.Context(), jail.Key{Prefix: netip.MustParsePrefix("203.0.113.1/32")}, 10)
	if err != nil || len(history) == 0 {
		t.Errorf("not recorded: %+v, %v", history, err)
	}
}

func TestControlSocket(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	socket := filepath.Join(s.dir, "gaol.sock")
	t.Run("of a crash is replaced", func(t *testing.T) {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
		s.start("GAOL_TEST_OBSERVE=1")
		s.kill()
		s.start("GAOL_TEST_OBSERVE=1")
	})
	t.Run("is the owner's and the group's", func(t *testing.T) {
		info, err := os.Stat(socket)
		if err != nil || info.Mode().Perm() != 0o660 {
			t.Errorf("got %v, %v", info.Mode(), err)
		}
	})
	t.Run("is refused to a second daemon", func(t *testing.T) {
		err := daemon.Run(t.Context(), options(s.dir))
		if err == nil || !strings.Contains(err.Error(), "another gaol is serving there") {
			t.Errorf("got %v", err)
		}
		if _, err := s.client.Version(t.Context()); err != nil {
			t.Errorf("the first one does not answer any more: %v", err)
		}
	})
	t.Run("goes with the daemon", func(t *testing.T) {
		s.stop()
		if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("never takes the place of a file", func(t *testing.T) {
		s.append("gaol.sock", "precious")
		err := daemon.Run(t.Context(), options(s.dir))
		if text, _ := os.ReadFile(socket); err == nil || string(text) != "precious" {
			t.Errorf("got %v, and the file has %q", err, text)
		}
	})
}

func TestStoreIsRefusedToASecondDaemon(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", failures(2, "203.0.113.1"))
	s.waitFailures("app", 2)

	second := options(s.dir)
	second.Socket, second.Observe = filepath.Join(s.dir, "second.sock"), true
	err := daemon.Run(t.Context(), second)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(s.dir, "gaol.sqlite3")+": another gaol is using it: stop that one, or set another path") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(second.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its socket: %v", err)
	}

	// The first one keeps what it has, and a crash of it leaves the store to the next.
	s.append("app.log", failures(1, "203.0.113.1"))
	s.waitFailures("app", 3)
	s.kill()
	s.start("GAOL_TEST_OBSERVE=1")
	if problems := s.status().Problems; len(problems) > 0 {
		t.Errorf("after a crash: %q", problems)
	}
}

// TestStopIsQuick ends a daemon that has listeners: one who reads, one who does not.
func TestStopIsQuick(t *testing.T) {
	s := newSite(t, oneJail("app", ""))
	s.start("GAOL_TEST_OBSERVE=1")
	conn, err := net.Dial("unix", filepath.Join(s.dir, "gaol.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /v1/events HTTP/1.1\r\nHost: gaol\r\n\r\n")
	listening := make(chan struct{})
	go s.client.Events(t.Context(), func() { close(listening) }, func(control.Event) error { return nil })
	<-listening
	for i := range 60 {
		s.append("app.log", strings.Repeat(failures(20, fmt.Sprintf("198.51.100.%d", i)), 5))
	}
	s.waitDecided("198.51.100.59")
	begin := time.Now()
	s.stop()
	// It takes a tenth of a second; if the listeners were waited for, it would take until they go.
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v\n%s", took, s.log())
	}
}

func TestStopWhileStarting(t *testing.T) {
	s := newSite(t, oneJail("app", `ignoreip = ["slow.example"]`))
	ctx, cancel := context.WithCancel(t.Context())
	opts := options(s.dir)
	opts.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	opts.Ready = func(control.Status) { t.Error("it says that it runs") }
	if err := daemon.Run(ctx, opts); err != nil {
		t.Error(err)
	}
}
