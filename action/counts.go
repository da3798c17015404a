package action

import (
	"context"
	"sync"
	"time"
)

// Counts are what a firewall has refused.
type Counts struct {
	Packets, Bytes uint64
}

// Add is the sum of both.
func (c Counts) Add(more Counts) Counts {
	return Counts{Packets: c.Packets + more.Packets, Bytes: c.Bytes + more.Bytes}
}

// Counter is an Action that counts what it refuses.
type Counter interface {
	// Counted is all that was refused since the action was made; it never falls. It may wait for bans that are under way,
	// and for a program. Of what was refused right before the rules were made anew a part may be missing.
	Counted(ctx context.Context) (Counts, error)
}

// Tally sums up a counter of the kernel that begins at 0 again whenever its rule is made anew. The zero Tally is
// ready; it is not for several goroutines.
type Tally struct {
	before, seen Counts
}

// See notes what the counter says now.
func (t *Tally) See(now Counts) {
	if now.Packets < t.seen.Packets || now.Bytes < t.seen.Bytes {
		t.Restart()
	}
	t.seen = now
}

// Restart notes that the counter begins anew.
func (t *Tally) Restart() {
	t.before, t.seen = t.before.Add(t.seen), Counts{}
}

// Total is what all counters together have counted.
func (t *Tally) Total() Counts { return t.before.Add(t.seen) }

const (
	// recountEvery is for how long counts are good enough: iptables takes a program to tell them.
	recountEvery = 3 * time.Second
	// recountWait is how long an action may take to tell them.
	recountWait = 10 * time.Second
)

// meter reads what a firewall counts, when it is asked to.
type meter struct {
	counter Counter // nil: it does not count
	now     func() time.Time

	mu     sync.Mutex // guards all below
	last   Counts
	asked  time.Time
	known  bool
	asking chan struct{} // closed once the firewall has answered; nil: it is not being asked
}

// newMeter makes a meter of an action, which may be no [Counter].
func newMeter(counts any, now func() time.Time) *meter {
	counter, _ := counts.(Counter)
	return &meter{counter: counter, now: now}
}

// Refused is what the firewall has refused, as it said last; ok is false if it never did. It does not wait.
func (m *meter) Refused() (counts Counts, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last, m.known
}

// Recount asks the firewall again what it has refused, unless that was done a moment ago. It waits for the answer
// until ctx ends; after that, the answer is still noted when it comes.
func (m *meter) Recount(ctx context.Context) {
	if m.counter == nil {
		return
	}
	select {
	case <-m.recount():
	case <-ctx.Done():
	}
}

// recount returns what is closed when the counts are as new as they need be.
func (m *meter) recount() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asking != nil {
		return m.asking
	}
	done := make(chan struct{})
	now := m.now()
	if since := now.Sub(m.asked); !m.asked.IsZero() && since >= 0 && since < recountEvery {
		close(done)
		return done
	}
	m.asking, m.asked = done, now
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), recountWait)
		defer cancel()
		counts, err := m.counter.Counted(ctx)
		m.mu.Lock()
		defer m.mu.Unlock()
		// That it can't tell has a reason that the health of the action tells of.
		if err == nil {
			m.last, m.known = counts, true
		}
		m.asking = nil
		close(done)
	}()
	return done
}
