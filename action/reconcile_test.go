package action_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gaol/action"
	"gaol/jail"
)

// lister is a firewall that lists what it holds; during is called in the middle of each listing.
type lister struct {
	*firewall
	during func()
	lists  int
}

func (l *lister) Check(context.Context) error { return nil }

func (l *lister) List(context.Context) ([]netip.Prefix, error) {
	l.mu.Lock()
	list := slices.Collect(maps.Keys(l.held))
	l.lists++
	during := l.during
	l.mu.Unlock()
	if during != nil {
		during()
	}
	return list, nil
}

func (l *lister) Missing(_ context.Context, prefixes []netip.Prefix) ([]netip.Prefix, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(prefixes), func(p netip.Prefix) bool { return l.held[p] }), nil
}

func (l *lister) listed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lists
}

func (l *lister) has(prefix string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[netip.MustParsePrefix(prefix)]
}

func (l *lister) set(prefix string, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held {
		l.held[netip.MustParsePrefix(prefix)] = true
	} else {
		delete(l.held, netip.MustParsePrefix(prefix))
	}
}

func TestComparison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lister{firewall: newFirewall()}
		var losses []action.Loss
		r := action.NewRunner(action.RunnerOptions{Name: "firewall", Action: l, Restored: func(l action.Loss) { losses = append(losses, l) }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = r.Run(ctx) }()
		defer func() { cancel(); <-done }()
		prefix := func(s string) jail.Ban {
			return jail.Ban{Prefix: netip.MustParsePrefix(s), Start: time.Now(), End: time.Now().Add(time.Hour)}
		}
		for i := range 40 {
			r.Ban([]jail.Ban{prefix(netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 32).String())})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if l.lists != 1 || len(losses) != 0 {
			t.Fatalf("after a start: %d listings, %v", l.lists, losses)
		}
		l.set("192.0.2.7/32", false)
		l.set("198.51.100.1/32", true) // foreign
		l.set("198.51.100.2/32", true) // foreign at the listing, banned during it
		l.mu.Lock()
		l.during = func() {
			r.Ban([]jail.Ban{prefix("198.51.100.2/32"), prefix("203.0.113.1/32")})
			r.Unban([]jail.Ban{prefix("192.0.2.9/32")})
			time.Sleep(time.Second)
		}
		l.mu.Unlock()
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		for want, prefixes := range map[bool][]string{
			true:  {"192.0.2.7/32", "198.51.100.2/32", "203.0.113.1/32"},
			false: {"198.51.100.1/32", "192.0.2.9/32"},
		} {
			for _, p := range prefixes {
				if l.has(p) != want {
					t.Errorf("%s is held: %v", p, !want)
				}
			}
		}
		s := r.Status().Losses
		if s.Foreign != 1 || s.Restored == 0 || len(losses) == 0 {
			t.Errorf("losses: %+v, told: %v", s, losses)
		}
	})
}

func TestComparisonWaitsForALull(t *testing.T) {
	for name, tt := range map[string]struct{ flood, after time.Duration }{
		"a short flood":          {time.Second, time.Second},
		"a flood without an end": {time.Minute, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &lister{firewall: newFirewall()}
				r := action.NewRunner(action.RunnerOptions{Name: "firewall", Action: l})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); _ = r.Run(ctx) }()
				defer func() { cancel(); <-done }()
				began := time.Now()
				ban := func(n int) {
					r.Ban([]jail.Ban{{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 32), Start: began}})
					time.Sleep(10 * time.Millisecond)
					synctest.Wait()
				}
				// The first comparison is due at the start, and begins at one of the checks twice a second.
				n := 0
				for ; l.listed() == 0 && time.Since(began) < tt.flood; n++ {
					ban(n)
				}
				for l.listed() == 0 {
					time.Sleep(10 * time.Millisecond)
					synctest.Wait()
				}
				if took := time.Since(began); took < tt.after || took > tt.after+time.Second {
					t.Errorf("all is compared after %s, want about %s", took, tt.after)
				}
			})
		})
	}
}

func TestFloodEndsAComparisonOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lister{firewall: newFirewall()}
		r := action.NewRunner(action.RunnerOptions{Name: "firewall", Action: l})
		n := 0
		flood := func() {
			var bans []jail.Ban
			for range 600 {
				n++
				bans = append(bans, jail.Ban{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 32), Start: time.Now()})
			}
			r.Ban(bans)
		}
		l.during = flood
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = r.Run(ctx) }()
		defer func() { cancel(); <-done }()
		flood()
		synctest.Wait()
		l.set("198.51.100.1/32", true) // foreign
		time.Sleep(700 * time.Millisecond)
		synctest.Wait()
		if n := l.listed(); n != 1 || !l.has("198.51.100.1/32") {
			t.Fatalf("after the first comparison: %d listings, what is foreign is held: %v", n, l.has("198.51.100.1/32"))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if l.has("198.51.100.1/32") {
			t.Error("the second comparison was given up as well")
		}
	})
}

// bell is a firewall that tells when something was taken from it.
type bell struct {
	*lister
	rung   chan struct{}
	checks int
}

func (b *bell) Watch(ctx context.Context, changed func(string, bool)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.rung:
			changed("nft", true)
		}
	}
}

func (b *bell) Check(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.checks++
	if !b.started {
		return action.ErrLost
	}
	return nil
}

func TestChangesAreLookedAtSoonAndNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bell{lister: &lister{firewall: newFirewall()}, rung: make(chan struct{})}
		r := action.NewRunner(action.RunnerOptions{Name: "firewall", Action: b, CheckEvery: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = r.Run(ctx) }()
		defer func() { cancel(); <-done }()
		r.Ban([]jail.Ban{{Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: time.Now()}})
		synctest.Wait()
		b.mu.Lock()
		b.started = false
		clear(b.held)
		b.mu.Unlock()
		b.rung <- struct{}{}
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if s := r.Status(); !b.has("192.0.2.7/32") || s.Losses.Restored != 1 || s.Losses.Last.By != "nft" {
			t.Errorf("20 ms after the kernel told of it: %+v", s.Losses)
		}
		time.Sleep(time.Second)
		b.mu.Lock()
		b.checks = 0
		b.mu.Unlock()
		for range 10_000 {
			b.rung <- struct{}{}
			time.Sleep(time.Millisecond)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.checks < 50 || b.checks > 101 {
			t.Errorf("%d checks in 10 s of changes", b.checks)
		}
	})
}
