package daemon_test

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
	"gaol/jail"
)

const manyJails = 50

// fiftyJails is a configuration of them; keys says what is particular to a jail, and "-" that it is not
// there.
func fiftyJails(keys map[int]string) string {
	var b strings.Builder
	b.WriteString("[default]\nbanaction = \"nftables\"\nbantime = \"1h\"\nport = [80]\n[jail.sshd]\nenabled = false\n")
	for i := range manyJails {
		if keys[i] != "-" {
			fmt.Fprintf(&b, "[jail.j%d]\nenabled = true\nlogpath = [\"DIR/app.log\"]\nfailregex = ['^ERROR j%d failure <HOST>$']\n%s\n", i, i, keys[i])
		}
	}
	return b.String()
}

// bansOfAll are bans for each jail, of networks of its own.
func bansOfAll(each int, now time.Time) (bans []jail.Ban) {
	for i := range manyJails {
		for n := range each {
			prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64 + byte(i), byte(n >> 8), byte(n)}), 32)
			bans = append(bans, jail.Ban{Jail: fmt.Sprintf("j%d", i), Prefix: prefix, Start: now, End: now.Add(time.Hour), Count: 1, By: "jail"})
		}
	}
	return bans
}

// TestReloadOfManyJails reloads fifty jails while somebody who is banned tries to connect all the time,
// and others fail to log in. GAOL_BANS says how many bans there are; PERFORMANCE.md is of 50,000.
func TestReloadOfManyJails(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nft")
	server, bad, other := actiontest.Own(t), actiontest.NewSpace(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"10.0.1.1/24"}, bad, []string{"10.0.1.2/24"})
	actiontest.Connect(t, server, []string{"10.0.2.1/24"}, other, []string{"10.0.2.2/24"})
	server.Serve(t, "tcp", ":80")
	s := newSite(t, fiftyJails(nil))
	all, err := strconv.Atoi(cmp.Or(os.Getenv("GAOL_BANS"), "5000"))
	if err != nil {
		t.Fatal(err)
	}
	each := all / manyJails
	s.remember(bansOfAll(each, time.Now()))
	s.start()
	s.wait("all bans are enforced", func() error { return allEnforced(s.banned(), manyJails*each) })
	for name, address := range map[string]string{"j0": "10.0.1.2", "j1": "10.0.1.2", "j3": "10.0.2.2"} {
		if _, err := s.client.Ban(t.Context(), control.BanRequest{Jail: name, Addresses: []string{address}}); err != nil {
			t.Fatal(err)
		}
	}
	s.append("app.log", failing(0, 4, "203.0.113.1")+failing(1, 4, "203.0.113.1")+failing(2, 4, "203.0.113.1"))
	s.waitFailures("j2", 4)

	// j0 stays as it is; the others change how they count, close another port, go, and are wrong.
	changed := fiftyJails(map[int]string{1: "maxretry = 6", 2: "maxretry = 3", 3: "port = [80, 8080]", 4: "-", 5: "maxretry = 0"})
	ask, askOther := &asking{from: bad, server: "10.0.1.1:80"}, &asking{from: other, server: "10.0.2.1:80"}
	ask.begin()
	askOther.begin()
	began := time.Now()
	reply := s.reload(changed)
	took := time.Since(began)
	ask.end()
	askOther.end()
	t.Logf("the reload took %v; of %d attempts to connect %d were served, and %d of %d where the ports changed", took,
		ask.tried.Load(), ask.served.Load(), askOther.served.Load(), askOther.tried.Load())
	if ask.served.Load()+askOther.served.Load() > 0 || ask.tried.Load() < 10 {
		t.Error("bans were interrupted")
	}
	if len(reply.Unchanged) != manyJails-5 || !slices.Equal(reply.Changed, []string{"j1", "j2", "j3"}) || !slices.Equal(reply.Stopped, []string{"j4"}) || len(reply.Problems) != 1 {
		t.Errorf("got %d unchanged, %q changed, %q stopped, problems %q", len(reply.Unchanged), reply.Changed, reply.Stopped, reply.Problems)
	}

	s.wait("bans are as they were", func() error {
		counts := map[string]int{}
		for _, b := range s.banned() {
			if b.Enforced && strings.HasPrefix(b.Prefix, "100.") {
				counts[b.Jail]++
			}
		}
		for i := range manyJails {
			want := each
			if i == 4 {
				want = 0
			}
			if got := counts[fmt.Sprintf("j%d", i)]; got != want {
				return fmt.Errorf("j%d has %d bans", i, got)
			}
		}
		return nil
	})
	// One more failure is enough for those that count as before, and for the one that needs fewer.
	s.append("app.log", failing(0, 1, "203.0.113.1")+failing(1, 1, "203.0.113.1")+failing(2, 1, "203.0.113.1"))
	s.wait("counts go on", func() error {
		var jails []string
		for _, b := range s.banned("203.0.113.1") {
			jails = append(jails, b.Jail)
		}
		if !slices.Equal(jails, []string{"j0", "j2"}) {
			return fmt.Errorf("banned in %q", jails)
		}
		return nil
	})
	calm := s.latencies(t, func() { time.Sleep(time.Second) })
	busy := s.latencies(t, func() { s.reload(fiftyJails(map[int]string{1: "maxretry = 7", 2: "maxretry = 4"})) })
	t.Logf("line written → ban: %v at most of %d while reloading, %v of %d without", slices.Max(busy), len(busy), slices.Max(calm), len(calm))
	// Overload makes both slow.
	if slices.Max(busy) > max(time.Second, 10*slices.Max(calm)) {
		t.Error("reading was interrupted")
	}
	s.stop()
}

func failing(jail, times int, address string) string {
	return strings.ReplaceAll(failures(times, address), "Login", fmt.Sprintf("j%d", jail))
}

func allEnforced(bans []control.Ban, want int) error {
	held := 0
	for _, b := range bans {
		if b.Enforced {
			held++
		}
	}
	if held != want {
		return fmt.Errorf("%d are", held)
	}
	return nil
}

// latencies lets new addresses fail in j0, one after the other, while something is done, and says how
// long each took to be banned: until the news of it was here.
func (s *site) latencies(t *testing.T, during func()) (took []time.Duration) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	bans := make(chan string, 100)
	listening := make(chan struct{})
	var hearing sync.WaitGroup
	hearing.Go(func() {
		_ = s.client.Events(ctx, func() { close(listening) }, func(e control.Event) error {
			if e.What == "ban" && !e.Enforced {
				bans <- e.Prefix
			}
			return nil
		})
	})
	<-listening
	done := make(chan struct{})
	go func() { during(); close(done) }()
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		s.newest++
		address := fmt.Sprintf("198.51.%d.%d", s.newest/250, s.newest%250)
		begin := time.Now()
		s.append("app.log", failing(0, 5, address))
		for got := ""; got != address+"/32"; {
			select {
			case got = <-bans:
			case <-time.After(30 * time.Second):
				t.Fatalf("%s is not banned", address)
			}
		}
		took = append(took, time.Since(begin))
	}
	stop()
	hearing.Wait()
	return took
}

// asking are many who try to connect again and again from a place that is banned.
type asking struct {
	from          *actiontest.Space
	server        string
	stop          context.CancelFunc
	ended         sync.WaitGroup
	tried, served atomic.Int32
}

func (a *asking) begin() {
	var ctx context.Context
	ctx, a.stop = context.WithCancel(context.Background())
	for range 10 {
		a.ended.Go(func() {
			for ctx.Err() == nil {
				_, err := a.from.Ask("tcp", a.server, 100*time.Millisecond)
				a.tried.Add(1)
				if err == nil {
					a.served.Add(1)
				}
			}
		})
	}
}

func (a *asking) end() {
	a.stop()
	a.ended.Wait()
}
