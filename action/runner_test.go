package action_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gaol/action"
	"gaol/jail"
)

// firewall is the far end of a Runner: it notes what it is told, and fails,
// hangs or loses things when the test says so.
type firewall struct {
	mu      sync.Mutex
	calls   []string
	held    map[netip.Prefix]bool
	started bool
	fail    error           // of every call
	reject  map[string]bool // targets that fail by themselves
	hang    chan struct{}   // calls wait until it is closed
	longest time.Duration
}

func newFirewall() *firewall { return &firewall{held: make(map[netip.Prefix]bool)} }

func (f *firewall) call(ctx context.Context, what string, bans []jail.Ban) error {
	f.mu.Lock()
	hang := f.hang
	f.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	targets := []string{what}
	for _, b := range bans {
		targets = append(targets, b.Target())
	}
	f.calls = append(f.calls, strings.Join(targets, " "))
	return f.fail
}

func (f *firewall) Start(ctx context.Context) error {
	if err := f.call(ctx, "start", nil); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = true
	clear(f.held)
	return nil
}

func (f *firewall) Ban(ctx context.Context, bans []jail.Ban, _ time.Time) error {
	return f.change(ctx, "ban", bans, true)
}

func (f *firewall) Unban(ctx context.Context, bans []jail.Ban) error {
	return f.change(ctx, "unban", bans, false)
}

func (f *firewall) change(ctx context.Context, what string, bans []jail.Ban, held bool) error {
	if err := f.call(ctx, what, bans); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.started {
		return errors.New("no such table")
	}
	failed := &action.FailedError{Err: errors.New("no such customer")}
	for _, b := range bans {
		if f.reject[b.Target()] {
			failed.Bans = append(failed.Bans, b)
			continue
		}
		f.held[b.Prefix] = held
	}
	if len(failed.Bans) > 0 {
		return failed
	}
	return nil
}

func (f *firewall) Stop(ctx context.Context) error { return f.call(ctx, "stop", nil) }

func (f *firewall) Check(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.started {
		return errors.New("the table is gone")
	}
	return nil
}

func (f *firewall) Missing(_ context.Context, prefixes []netip.Prefix) ([]netip.Prefix, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(prefixes), func(p netip.Prefix) bool { return f.held[p] }), nil
}

func (f *firewall) Longest() time.Duration { return f.longest }

// set changes the far end.
func (f *firewall) set(change func(*firewall)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// told returns what has been called since it was last asked, and forgets it.
func (f *firewall) told() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := f.calls
	f.calls = nil
	return told
}

func ban(n int) jail.Ban {
	return jail.Ban{
		Jail: "web", Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 32),
		Start: time.Now(), End: time.Now().Add(100 * time.Hour), Lines: []string{"line"},
	}
}

func bans(ns ...int) []jail.Ban {
	var list []jail.Ban
	for _, n := range ns {
		list = append(list, ban(n))
	}
	return list
}

// run runs a Runner for f in a bubble, in which time passes as the test waits.
func run(t *testing.T, f action.Action, change func(*action.RunnerOptions), test func(t *testing.T, r *action.Runner)) {
	synctest.Test(t, func(t *testing.T) {
		opts := action.RunnerOptions{Name: "firewall", Jail: "web", Action: f}
		if change != nil {
			change(&opts)
		}
		r := action.NewRunner(opts)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		synctest.Wait()
		test(t, r)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func expect(t *testing.T, f *firewall, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := f.told(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestRunnerTellsInBatchesAndInOrder(t *testing.T) {
	f := newFirewall()
	run(t, f, nil, func(t *testing.T, r *action.Runner) {
		expect(t, f, "start")
		hang := make(chan struct{})
		f.set(func(f *firewall) { f.hang = hang })
		r.Ban(bans(1))
		synctest.Wait() // the action hangs with the first
		r.Ban(bans(2))
		r.Ban(bans(3))
		r.Unban(bans(2)) // never in force: the unban is told all the same
		r.Ban(bans(4))
		r.Unban(bans(4))
		r.Ban(bans(4))
		r.Unban(bans(5))
		if got := r.Status().Held; got != 3 {
			t.Errorf("Held = %d, want 3", got)
		}
		close(hang)
		expect(t, f, "ban 192.0.2.1", "unban 192.0.2.2 192.0.2.4 192.0.2.5", "ban 192.0.2.3 192.0.2.4")
	})
}

func TestRunnerBoundsBatches(t *testing.T) {
	f := newFirewall()
	run(t, f, func(o *action.RunnerOptions) { o.BatchSize = 2 }, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1, 2, 3, 4, 5))
		expect(t, f, "start", "ban 192.0.2.1 192.0.2.2", "ban 192.0.2.3 192.0.2.4", "ban 192.0.2.5")
	})
}

func TestRunnerReportsEnforced(t *testing.T) {
	f := newFirewall()
	f.reject = map[string]bool{"192.0.2.2": true}
	var enforced []string
	note := func(bans []jail.Ban, at time.Time) {
		for _, b := range bans {
			enforced = append(enforced, b.Target())
			if !at.Equal(time.Now()) || len(b.Lines) == 0 {
				t.Errorf("enforced %+v at %s", b, at)
			}
		}
	}
	run(t, f, func(o *action.RunnerOptions) { o.Enforced = note }, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1, 2, 3))
		synctest.Wait()
		if want := []string{"192.0.2.1", "192.0.2.3"}; !slices.Equal(enforced, want) {
			t.Errorf("enforced %q, want %q", enforced, want)
		}
	})
}

func TestRunnerLeavesOutWhatIsOver(t *testing.T) {
	f := newFirewall()
	run(t, f, nil, func(t *testing.T, r *action.Runner) {
		over := ban(1)
		over.End = time.Now()
		r.Ban([]jail.Ban{over, ban(2)})
		expect(t, f, "start", "ban 192.0.2.2")
		if err := r.Sync(t.Context(), 0); err != nil {
			t.Error(err)
		}
	})
}

func TestRunnerRetriesTheStart(t *testing.T) {
	f := newFirewall()
	f.fail = errors.New("no permission")
	run(t, f, nil, func(t *testing.T, r *action.Runner) {
		if s := r.Status(); s.Healthy || s.Problem != "starting: no permission" {
			t.Errorf("status %+v", s)
		}
		r.Ban(bans(1))
		// 0.1 s, 0.2 s … doubled up to 30 s: 9 more in the first minute, of
		// which the last comes after 51.1 s.
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := len(f.told()); got != 10 {
			t.Errorf("%d attempts in a minute, want 10", got)
		}
		f.set(func(f *firewall) { f.fail = nil })
		time.Sleep(30 * time.Second)
		expect(t, f, "start", "ban 192.0.2.1")
		if s := r.Status(); !s.Healthy || s.Problem != "" || time.Since(s.Since) > 30*time.Second {
			t.Errorf("status %+v", s)
		}
	})
}

func TestRunnerRestoresWhatWasLost(t *testing.T) {
	f := newFirewall()
	run(t, f, nil, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1))
		time.Sleep(time.Millisecond)
		r.Ban(bans(2, 3))
		expect(t, f, "start", "ban 192.0.2.1", "ban 192.0.2.2 192.0.2.3")
		r.Unban(bans(3))
		expect(t, f, "unban 192.0.2.3")
		f.set(func(f *firewall) { f.started = false })
		time.Sleep(time.Second)
		expect(t, f, "start", "ban 192.0.2.1 192.0.2.2")
		if !r.Status().Healthy {
			t.Error("not healthy again")
		}
	})
}

func TestRunnerStartsAgainWhenABanFails(t *testing.T) {
	f := newFirewall()
	run(t, f, func(o *action.RunnerOptions) { o.CheckEvery = -1 }, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1))
		expect(t, f, "start", "ban 192.0.2.1")
		f.set(func(f *firewall) { f.started = false })
		r.Unban(bans(1))
		r.Ban(bans(2))
		expect(t, f, "unban 192.0.2.1")
		if s := r.Status(); s.Healthy || s.Problem != "lifting bans: no such table" {
			t.Errorf("status %+v", s)
		}
		time.Sleep(100 * time.Millisecond)
		expect(t, f, "start", "unban 192.0.2.1", "ban 192.0.2.2")
	})
}

func TestRunnerPutsBackSingleMembers(t *testing.T) {
	f := newFirewall()
	run(t, f, nil, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1, 2, 3))
		expect(t, f, "start", "ban 192.0.2.1 192.0.2.2 192.0.2.3")
		f.set(func(f *firewall) { delete(f.held, ban(2).Prefix) })
		time.Sleep(time.Second)
		expect(t, f, "ban 192.0.2.2")
		f.set(func(f *firewall) { clear(f.held) })
		time.Sleep(time.Second)
		synctest.Wait()
		if len(f.held) != 3 {
			t.Errorf("held: %v", f.held)
		}
	})
}

func TestRunnerDelaysAndGivesUpSingles(t *testing.T) {
	f := newFirewall()
	f.reject = map[string]bool{"192.0.2.1": true, "192.0.2.2": true}
	run(t, f, func(o *action.RunnerOptions) { o.CheckEvery = -1 }, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1, 2))
		expect(t, f, "start", "ban 192.0.2.1 192.0.2.2")
		if s := r.Status(); s.Healthy || s.Problem != "banning: 2 of them, such as 192.0.2.1: no such customer" {
			t.Errorf("status %+v", s)
		}
		r.Ban(bans(3)) // others do not wait
		expect(t, f, "ban 192.0.2.3")
		if s := r.Status(); s.Healthy {
			t.Error("healthy, with two bans that could not be made")
		}
		r.Unban(bans(2)) // nor what is told anew
		expect(t, f, "unban 192.0.2.2")
		f.set(func(f *firewall) { delete(f.reject, "192.0.2.2") })
		time.Sleep(time.Hour)
		expect(t, f,
			"unban 192.0.2.2", "ban 192.0.2.1", // after a second
			"ban 192.0.2.1", "ban 192.0.2.1", "ban 192.0.2.1") // and then it is given up
	})
}

func TestRunnerSyncPassesByWhatFailedEarlier(t *testing.T) {
	f := newFirewall()
	f.reject = map[string]bool{"192.0.2.1": true}
	run(t, f, func(o *action.RunnerOptions) { o.CheckEvery = -1 }, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1))
		synctest.Wait() // it has failed already
		if err := r.Sync(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "no such customer") {
			t.Errorf("who told it hears of it: %v", err)
		}
		began := time.Now()
		since := r.Told()
		r.Ban(bans(2))
		if err := r.Sync(t.Context(), since); err != nil || time.Since(began) != 0 {
			t.Errorf("who comes later does not wait for another's failure: %v after %s", err, time.Since(began))
		}
		r.Ban(bans(3))
		time.Sleep(time.Second) // the first is tried again about now
		if err := r.Sync(t.Context(), since); err != nil {
			t.Errorf("nor hears of it when it fails again: %v", err)
		}
		for _, wait := range []func(){func() {}, synctest.Wait} {
			since = r.Told()
			r.Unban(bans(1))
			wait()
			if err := r.Sync(t.Context(), since); err == nil {
				t.Error("who tells it anew hears of it")
			}
		}
	})
}

func TestRunnerStaysQuick(t *testing.T) {
	f := newFirewall()
	run(t, f, nil, func(t *testing.T, r *action.Runner) {
		hang := make(chan struct{})
		f.set(func(f *firewall) { f.hang = hang })
		began := time.Now()
		for n := range 200 {
			r.Ban(bans(n))
			r.Unban(bans(n))
		}
		if s := r.Status(); s.Held != 0 || !s.Healthy {
			t.Errorf("status %+v", s)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("blocked for %s", took)
		}
		close(hang)
	})
}

func TestRunnerSync(t *testing.T) {
	f := newFirewall()
	run(t, f, func(o *action.RunnerOptions) { o.CheckEvery = -1 }, func(t *testing.T, r *action.Runner) {
		if err := r.Sync(t.Context(), 0); err != nil {
			t.Errorf("with nothing to do: %v", err)
		}
		hang := make(chan struct{})
		f.set(func(f *firewall) { f.hang = hang })
		r.Ban(bans(1))
		synced := make(chan error, 1)
		go func() { synced <- r.Sync(t.Context(), 0) }()
		synctest.Wait()
		select {
		case err := <-synced:
			t.Fatalf("did not wait: %v", err)
		default:
		}
		r.Ban(bans(2)) // comes after: not waited for
		close(hang)
		if err := <-synced; err != nil {
			t.Error(err)
		}

		f.set(func(f *firewall) { f.fail = errors.New("the lock is held") })
		r.Ban(bans(3))
		if err := r.Sync(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "the lock is held") {
			t.Errorf("while it fails: %v", err)
		}
		f.set(func(f *firewall) { f.fail = nil })
		if err := r.Sync(t.Context(), 0); err != nil {
			t.Errorf("after that: %v", err)
		}

		f.set(func(f *firewall) { f.hang = make(chan struct{}) })
		r.Ban(bans(4))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Sync(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while it hangs: %v", err)
		}
		go func() { synced <- r.Sync(context.Background(), 0) }()
	})
}

func TestRunnerRenewsLongBans(t *testing.T) {
	f := newFirewall()
	f.longest = 20 * 24 * time.Hour
	run(t, f, func(o *action.RunnerOptions) { o.CheckEvery = -1 }, func(t *testing.T, r *action.Runner) {
		day := 24 * time.Hour
		short, long, forever := ban(1), ban(2), ban(3)
		short.End = time.Now().Add(18 * day)
		long.End = time.Now().Add(21*day + time.Hour)
		forever.End = time.Time{}
		r.Ban([]jail.Ban{short, long, forever})
		expect(t, f, "start", "ban 192.0.2.1 192.0.2.2 192.0.2.3")
		time.Sleep(day)
		expect(t, f, "ban 192.0.2.2") // 20 days and an hour are left: cut again
		time.Sleep(day)
		expect(t, f, "ban 192.0.2.2") // 19 days and an hour: up to its end now
		time.Sleep(5 * day)
		expect(t, f)
	})
}

func TestRunnerStop(t *testing.T) {
	for _, flush := range []bool{true, false} {
		t.Run(fmt.Sprintf("flush=%v", flush), func(t *testing.T) {
			f := newFirewall()
			synctest.Test(t, func(t *testing.T) {
				r := action.NewRunner(action.RunnerOptions{Name: "firewall", Action: f})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- r.Run(ctx) }()
				r.Ban(bans(1))
				expect(t, f, "start", "ban 192.0.2.1")
				f.set(func(f *firewall) { f.hang = make(chan struct{}) })
				r.Ban(bans(2))
				cancel()
				<-done
				f.set(func(f *firewall) { f.hang = nil })
				if err := r.Stop(t.Context(), flush); err != nil {
					t.Error(err)
				}
				if flush {
					expect(t, f, "stop")
				} else {
					expect(t, f, "ban 192.0.2.2")
				}
			})
		})
	}
}

// slow is an action that does one thing after another, and says what it did
// not come to.
type slow struct{ *firewall }

func (s slow) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	if err := s.firewall.Ban(ctx, bans, now); err != nil {
		return &action.FailedError{Bans: bans, Err: err}
	}
	return nil
}

func TestRunnerIsCutShort(t *testing.T) {
	f := newFirewall()
	synctest.Test(t, func(t *testing.T) {
		r := action.NewRunner(action.RunnerOptions{Name: "slow", Action: slow{f}, CheckEvery: -1})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		expect(t, f, "start")
		f.set(func(f *firewall) { f.hang = make(chan struct{}) })
		r.Ban(bans(1))
		synctest.Wait()
		cancel()
		<-done
		if s := r.Status(); !s.Healthy {
			t.Errorf("status %+v", s)
		}
		f.set(func(f *firewall) { f.hang = nil })
		if err := r.Stop(t.Context(), false); err != nil {
			t.Error(err)
		}
		expect(t, f, "ban 192.0.2.1")
	})
}

// bare is a firewall that cannot check itself, such as a program.
type bare struct{ action.Action }

func TestRunnerWithoutChecker(t *testing.T) {
	f := newFirewall()
	run(t, bare{f}, nil, func(t *testing.T, r *action.Runner) {
		r.Ban(bans(1))
		expect(t, f, "start", "ban 192.0.2.1")
		f.set(func(f *firewall) { f.fail = errors.New("busy") })
		r.Ban(bans(2))
		expect(t, f, "ban 192.0.2.2")
		f.set(func(f *firewall) { f.fail = nil })
		time.Sleep(time.Minute)
		expect(t, f, "ban 192.0.2.2")
	})
}
