package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/source"
	"gaol/jail/store"
)

var hostile = netip.MustParsePrefix("203.0.113.1/32")

// bench is a daemon without sources, and a jail that bans at the second failure.
type bench struct {
	*Daemon
	cell   *cell
	disk   *disk
	events []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{disk: &disk{}}
	log := slog.New(slog.DiscardHandler)
	b.Daemon = &Daemon{opts: Options{Now: time.Now, Logger: log}, bgCtx: t.Context()}
	b.engine = &engine{log: log, events: newHub(), cells: map[string]*cell{}, problems: newProblems(log, func(string, string) {})}
	b.writer = newWriter(b.disk, ignore, b.inForce)
	c, err := newCell(config.Jail{Name: "app", MaxRetry: 2, FindTime: time.Hour, BanTime: time.Minute}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.cell, b.cells["app"] = c, c
	return b
}

// arm gives the jail a firewall that works once it is let.
func (b *bench) arm(a *gate) *runner {
	r := b.newRunner(b.cell, namedAction{name: "gate", action: a, firewall: true})
	b.cell.runners, b.cell.firewall = []*runner{r}, r
	r.start()
	return r
}

// listen notes events until the context ends.
func (b *bench) listen(ctx context.Context) {
	_ = b.Daemon.events.listen(ctx, func() {}, func(e control.Event) error {
		what := e.What
		if e.Enforced {
			what = "enforced"
		}
		b.events = append(b.events, what)
		return nil
	})
}

func (b *bench) fail(times int) {
	var failures []filter.Failure
	for range times {
		failures = append(failures, filter.Failure{Time: time.Now(), Read: time.Now(), Prefix: hostile, Source: "x"})
	}
	b.observe(b.cell, failures)
}

// gate is an action whose Ban waits, and whose Stop hangs, as long as they must.
type gate struct {
	ban, stop chan struct{}
	// refusal is what Ban says of every ban.
	refusal error
	told    []string
}

func (g *gate) Start(context.Context) error { return nil }

func (g *gate) Ban(_ context.Context, bans []jail.Ban, _ time.Time) error {
	if g.ban != nil {
		<-g.ban
	}
	if g.refusal != nil {
		return g.refusal
	}
	g.told = append(g.told, "ban")
	return nil
}

func (g *gate) Unban(context.Context, []jail.Ban) error {
	g.told = append(g.told, "unban")
	return nil
}

func (g *gate) Stop(context.Context) error {
	if g.stop != nil {
		<-g.stop
	}
	return nil
}

func TestBanByHandSaysWhetherItIsEnforced(t *testing.T) {
	for _, tt := range []struct {
		name       string
		firewall   *gate
		unenforced int
		enforced   bool
	}{
		{"the kernel takes it", &gate{}, 0, true},
		{"the kernel refuses it", &gate{refusal: os.ErrPermission}, 1, false},
		{"no firewall, as when observing", nil, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				ctx, cancel := context.WithCancel(t.Context())
				go b.writer.Run(ctx)
				if tt.firewall != nil {
					defer b.arm(tt.firewall).stop(false)
				}
				for _, when := range []string{"new", "once more"} {
					reply, err := b.Ban(t.Context(), control.BanRequest{Addresses: []string{"203.0.113.1"}})
					if err != nil || len(reply.Banned) != 1 {
						t.Fatalf("%s: got %+v, %v", when, reply, err)
					}
					if reply.Unenforced != tt.unenforced || reply.Banned[0].Enforced != tt.enforced {
						t.Errorf("%s: got %d unenforced, enforced %t; want %d, %t",
							when, reply.Unenforced, reply.Banned[0].Enforced, tt.unenforced, tt.enforced)
					}
				}
				cancel()
			})
		})
	}
}

func TestUnbanWhileTheFirewallBans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBench(t), &gate{ban: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		go b.listen(ctx)
		r := b.arm(g)
		synctest.Wait()
		b.fail(2)
		synctest.Wait() // the firewall is at work
		var reply control.UnbanReply
		b.unban(b.cell, []target{{prefix: hostile}}, true, &reply)
		close(g.ban)
		synctest.Wait()
		if diff := cmp.Diff([]string{"failure", "failure", "ban", "unban"}, b.events); diff != "" {
			t.Errorf("events: %s", diff)
		}
		if len(b.cell.imposed) > 0 {
			t.Errorf("still remembered: %v", b.cell.imposed)
		}
		if diff := cmp.Diff([]string{"ban", "unban"}, g.told); diff != "" {
			t.Errorf("the firewall was told: %s", diff)
		}
		b.fail(2)
		synctest.Wait()
		if !b.cell.isHeldLocked(jail.Ban{Prefix: hostile}) {
			t.Error("banned again, and not enforced")
		}
		cancel()
		r.stop(true)
	})
}

// TestNextBanBeforeTheEndOfTheLastIsTold bans again before the end was noticed: programs must hear
// of an end between two bans.
func TestNextBanBeforeTheEndOfTheLastIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBench(t), &gate{}
		ctx, cancel := context.WithCancel(t.Context())
		go b.listen(ctx)
		r := b.arm(g)
		synctest.Wait()
		b.fail(2)
		synctest.Wait()
		time.Sleep(2 * time.Minute)
		b.fail(2)
		synctest.Wait()
		if diff := cmp.Diff([]string{"ban", "unban", "ban"}, g.told); diff != "" {
			t.Error(diff)
		}
		want := []string{"failure", "failure", "ban", "enforced", "failure", "failure", "unban", "ban", "enforced"}
		if diff := cmp.Diff(want, b.events); diff != "" {
			t.Error(diff)
		}
		cancel()
		r.stop(true)
	})
}

func TestHangingActionIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBench(t), &gate{stop: make(chan struct{})}
		b.arm(g)
		begin := time.Now()
		b.stopActions()
		if took := time.Since(begin); took > stopWait+stopGrace {
			t.Errorf("it took %v", took)
		}
		close(g.stop)
	})
}

func TestActionThatIsGoneEnforcesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := newBench(t), &gate{ban: make(chan struct{})}
		old := b.arm(g)
		b.fail(2)
		synctest.Wait()
		b.cell.firewall = nil // as a reload to banaction = "none" does
		close(g.ban)
		old.stop(true)
		if b.cell.isHeldLocked(jail.Ban{Prefix: hostile}) {
			t.Error("enforced by whom?")
		}
	})
}

func TestVerdictOnDatesIsSteady(t *testing.T) {
	b := newBench(t)
	var told []string
	b.problems.tell = func(_, text string) { told = append(told, text) }
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	see := func(wrong time.Duration, after time.Duration) {
		now = now.Add(after)
		f := filter.Failure{Time: now.Add(wrong), Read: now, Prefix: hostile, Source: "app.log"}
		b.observe(b.cell, []filter.Failure{f})
	}
	for range 100 { // two programs, two time zones, one log
		see(-6*time.Hour, time.Second)
		see(0, time.Second)
	}
	want := []string{"app.log: runs 6 h behind: lines count as they are read; set timezone if the log is in another one"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	see(0, dateHold)
	if problems := b.problems.list("app"); len(problems) > 0 || len(b.cell.dates) > 0 {
		t.Errorf("right again, but %q", problems)
	}
}

func TestSourcesThatAreGoneAreForgotten(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	for _, name := range []string{"old.log", "new.log", "live.log"} {
		b.cell.taps[name] = &tap{lastLine: now}
	}
	b.cell.taps["old.log"].lastLine = now.Add(-2 * time.Hour)
	b.cell.taps["live.log"].lastLine = now.Add(-2 * time.Hour)
	gone := b.cell.forgetSources(map[string]bool{"live.log": true}, now.Add(-time.Hour))
	if diff := cmp.Diff([]string{"old.log"}, gone); diff != "" || len(b.cell.taps) != 2 {
		t.Error(diff)
	}
}

func TestPlacesOutliveABrokenStore(t *testing.T) {
	b := newBench(t)
	for _, p := range []filter.Position{{Path: "a", Offset: 1}, {Path: "b", Offset: 5}, {Path: "a", Offset: 2}} {
		if err := b.handle(t.Context(), source.Batch{Position: p}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.handle(t.Context(), source.Batch{Done: []filter.Position{{Path: "b"}}}); err != nil {
		t.Fatal(err)
	}
	b.fail(2)
	got := b.inForce()
	if diff := cmp.Diff([]filter.Position{{Path: "a", Offset: 2}}, got.Positions); diff != "" || len(got.Bans) != 1 {
		t.Errorf("%d bans, and %s", len(got.Bans), diff)
	}
	if at := b.place("a"); at == nil || at.Offset != 2 || b.place("c") != nil {
		t.Errorf("got %+v", at)
	}
}

func TestFullQueueOfNamesIsToldAndTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := map[string]string{}
		report := func(jail, text string) {
			if open[jail] = text; text == "" {
				delete(open, jail)
			}
		}
		wait := make(chan struct{})
		lookup := func(context.Context, string) ([]netip.Addr, error) {
			<-wait
			return []netip.Addr{hostile.Addr()}, nil
		}
		delivered := 0
		r := newResolver(Options{Now: time.Now, Lookup: lookup}, func(_ *cell, f []filter.Failure) { delivered += len(f) }, report)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		a, b := &cell{name: "a"}, &cell{name: "b"}
		for range resolverQueue + 2 {
			r.ask(a, filter.Failure{Host: "x"})
			r.ask(b, filter.Failure{Host: "x"})
		}
		if len(open) != 2 {
			t.Errorf("told: %v", open)
		}
		close(wait)
		synctest.Wait()
		if len(open) > 0 || delivered < resolverQueue {
			t.Errorf("%d delivered, and still told: %v", delivered, open)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAnswersAreBounded(t *testing.T) {
	r := newResolver(Options{Now: time.Now, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return make([]netip.Addr, 1000), nil
	}}, nil, nil)
	if got := len(r.addresses(t.Context(), "x")); got != resolverAddrs {
		t.Errorf("got %d", got)
	}
}

// TestFaultOfTheBackgroundEndsTheRun lets something break that the daemon cannot do without.
func TestFaultOfTheBackgroundEndsTheRun(t *testing.T) {
	dir := t.TempDir()
	ready := make(chan struct{})
	opts := Options{
		Stock: fstest.MapFS{}, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Socket: filepath.Join(dir, "gaol.sock"),
		Ready: func(control.Status) { close(ready) },
	}
	d, positions, err := open(&config.Config{Store: config.Store{Path: filepath.Join(dir, "gaol.sqlite3")}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	l, err := listenControl(opts.Socket)
	if err != nil {
		t.Fatal(err)
	}
	d.background, d.bgCtx = errgroup.WithContext(t.Context())
	d.background.Go(func() error { return d.writer.Run(d.bgCtx) })
	d.background.Go(func() error {
		<-ready
		return errors.New("a fault")
	})
	if err := d.work(t.Context(), &config.Config{}, positions, l); err != nil {
		t.Error(err)
	}
	if err := d.background.Wait(); err == nil || err.Error() != "a fault" {
		t.Errorf("got %v", err)
	}
	if err := d.closeStore(); err != nil {
		t.Error(err)
	}
}

func TestServeSaysWhyItEnded(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "x.sock"))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	err = serve(t.Context(), l, newServer(t.Context(), nil, slog.New(slog.DiscardHandler)))
	if err == nil || !strings.Contains(err.Error(), "serving") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyWaitsForAStoreThatIsClosed(t *testing.T) {
	w := newWriter(&disk{}, ignore, func() store.Changes { return store.Changes{} })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.flush(t.Context()); err == nil || !strings.Contains(err.Error(), "closed already") {
		t.Errorf("got %v", err)
	}
}

// TestSocketThatCannotBePublishedEndsTheRun takes the socket away before it gets its name.
func TestSocketThatCannotBePublishedEndsTheRun(t *testing.T) {
	dir := t.TempDir()
	opts := Options{Stock: fstest.MapFS{}, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Socket: filepath.Join(dir, "gaol.sock")}
	conf := &config.Config{Store: config.Store{Path: filepath.Join(dir, "gaol.sqlite3")}}
	d, positions, err := open(conf, opts)
	if err != nil {
		t.Fatal(err)
	}
	l, err := listenControl(opts.Socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(privateName(opts.Socket)); err != nil {
		t.Fatal(err)
	}
	outer, stop := context.WithCancel(t.Context())
	d.background, d.bgCtx = errgroup.WithContext(outer)
	d.background.Go(func() error { return d.writer.Run(d.bgCtx) })
	if err := d.work(t.Context(), conf, positions, l); err == nil || !strings.Contains(err.Error(), "publishing the control socket") {
		t.Errorf("got %v", err)
	}
	stop()
	if err := errors.Join(d.background.Wait(), d.closeStore()); err != nil {
		t.Error(err)
	}
}
