package actiontest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// lossBudget is how soon a banned client must be locked out again after something was lost, where that is measured;
// lossPatience is what a machine that runs other tests beside is given.
const (
	lossBudget   = time.Second
	lossPatience = 5 * time.Second
)

// Losses has a Runner keep a client banned with a, while other programs take the firewall's rules away, and
// measures with packets how long the client gets through. The client sends without pause. Each of ways is one way
// of losing rules, done once, or as often as the environment variable GAOL_LOSSES says. The test fails if the client is served for
// longer than five seconds (with GAOL_LOSSES, one) after a way has come to its end, or another client is not served.
func Losses(t *testing.T, a func(t *testing.T, rule action.Rule) action.Action, ways map[string]func(t *testing.T)) {
	t.Helper()
	times, measured := Rounds()
	budget := lossPatience
	if measured {
		budget = lossBudget
	}
	server, bad, good := Own(t), NewSpace(t), NewSpace(t)
	Connect(t, server, []string{"10.0.1.1/24"}, bad, []string{"10.0.1.2/24"})
	Connect(t, server, []string{"10.0.2.1/24"}, good, []string{"10.0.2.2/24"})
	server.Serve(t, "udp", "10.0.2.1:53")
	ear := listenTo(t, server, bad, "10.0.1.1:53")
	keepBanned(t, a(t, action.Rule{Jail: "web", Protocol: "udp", Ports: []action.Port{{First: 53, Last: 53}}}))
	ear.silence(t)
	for _, name := range slices.Sorted(maps.Keys(ways)) {
		t.Run(name, func(t *testing.T) {
			var after, open []time.Duration
			for range times {
				began := time.Now()
				ways[name](t)
				ended := time.Now()
				last := ear.silence(t)
				after = append(after, max(0, last.Sub(ended)))
				open = append(open, max(0, last.Sub(began)))
			}
			if _, err := good.Ask("udp", "10.0.2.1:53", time.Second); err != nil {
				t.Errorf("another client is not served: %v", err)
			}
			t.Logf("%d times: let in after its end for %s; after its beginning for %s", times, spread(after), spread(open))
			if most := slices.Max(after); most > budget {
				t.Errorf("the banned client was let in for %s", most)
			}
		})
	}
}

// Rounds is how often rules are to be lost: as often as the environment variable GAOL_LOSSES says, which measures; without
// it, once.
func Rounds() (times int, measured bool) {
	if n, err := strconv.Atoi(os.Getenv("GAOL_LOSSES")); err == nil && n > 0 {
		return n, true
	}
	return 1, false
}

// spread are the 50th and 99th of a hundred, and the longest.
func spread(d []time.Duration) string {
	slices.Sort(d)
	at := func(share int) time.Duration { return d[(len(d)*share-1)/100].Round(time.Millisecond / 10) }
	return fmt.Sprintf("p50 %s p99 %s max %s", at(50), at(99), at(100))
}

// keepBanned has a Runner keep the bad client banned, among others, until the test ends.
func keepBanned(t *testing.T, a action.Action) {
	t.Helper()
	r := action.NewRunner(action.RunnerOptions{Name: "firewall", Jail: "web", Action: a})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := r.Stop(context.Background(), true); err != nil {
			t.Error(err)
		}
	})
	bans := []jail.Ban{Ban("10.0.1.2", time.Hour)}
	for i := range 200 {
		bans = append(bans, Ban(fmt.Sprintf("192.0.2.%d", i), time.Hour))
	}
	r.Ban(bans)
	if err := r.Sync(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s := r.Status(); !s.Healthy {
			t.Errorf("in the end: %+v", s)
		}
	})
}

// ear notes when a packet came through.
type ear struct {
	last atomic.Int64 // Unix nanoseconds; 0: none yet
}

// listenTo has client send a packet to address every millisecond.
func listenTo(t *testing.T, server, client *Space, address string) *ear {
	t.Helper()
	e := &ear{}
	var in net.PacketConn
	var out net.Conn
	if err := server.Do(func() (err error) { in, err = net.ListenPacket("udp", address); return err }); err != nil {
		t.Fatal(err)
	}
	if err := client.Do(func() (err error) { out, err = net.Dial("udp", address); return err }); err != nil {
		t.Fatal(err)
	}
	heard, said := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		_, _ = in.Close(), out.Close()
		<-heard
		<-said
	})
	go func() {
		defer close(heard)
		buf := make([]byte, 16)
		for {
			if _, _, err := in.ReadFrom(buf); err != nil {
				return
			}
			e.last.Store(time.Now().UnixNano())
		}
	}()
	go func() {
		defer close(said)
		for ctx.Err() == nil {
			_, _ = out.Write([]byte("?")) // refused, mostly
			time.Sleep(time.Millisecond)
		}
	}()
	return e
}

// silence waits until no packet has come through for a fifth of a second, and returns when the last did.
func (e *ear) silence(t *testing.T) time.Time {
	t.Helper()
	began := time.Now()
	for {
		last := time.Unix(0, e.last.Load())
		if quiet := time.Since(last); quiet > 200*time.Millisecond && time.Since(began) > 200*time.Millisecond {
			return last
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("the banned client is let in for ten seconds already")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
