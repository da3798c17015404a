package daemon

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gaol/action"
	"gaol/action/flows"
	"gaol/cmd/internal/control"
	"gaol/cmd/internal/leak"
	"gaol/filter"
	"gaol/jail"
)

const (
	// leakGrace is how long after its ban is enforced a host may fail before that is a leak: what was under
	// way in the service, or in its log, has arrived by then.
	leakGrace = 5 * time.Second
	// undatedGrace is leakGrace for lines that don't say when they were written: they may have been held back for longer.
	undatedGrace = time.Minute
	// leakHold is how long after its last failure a leak is a problem.
	leakHold = 10 * time.Minute
	// maxLeaks bounds the hosts of one jail; of more it is only known that there are some.
	maxLeaks = 100
	// leaksShown bounds those that status describes.
	leaksShown = 5

	// A look reads the kernel's tables: at most looksAtOnce at a time, with looksPause in between, and lookAgain
	// for the same host.
	looksAtOnce = 3
	looksPause  = 5 * time.Second
	lookAgain   = time.Minute
	lookWait    = 5 * time.Second
)

// leaks are the hosts of a jail that go on failing though the kernel holds their bans. The engine's lock guards it.
type leaks struct {
	hosts map[netip.Prefix]*leaking
	// example is the one that the problem tells of.
	example *leaking
	// failures are all since the start.
	failures int
	// crowded is when there was last one too many to be kept.
	crowded time.Time
}

// leaking is a host that fails in spite of its ban.
type leaking struct {
	prefix netip.Prefix
	// within is the ban.
	within      jail.Key
	failures    int
	first, last time.Time
	// looked is when the reason was last looked for; zero: not yet.
	looked    time.Time
	diagnosis leak.Diagnosis
}

// see notes a failure that was read at f.Read and is a leak.
func (l *leaks) see(f filter.Failure, within jail.Key) {
	l.failures++
	h := l.hosts[f.Prefix]
	if h == nil {
		if len(l.hosts) >= maxLeaks {
			l.crowded = f.Read
			return
		}
		if l.hosts == nil {
			l.hosts = map[netip.Prefix]*leaking{}
		}
		h = &leaking{prefix: f.Prefix, first: f.Read}
		l.hosts[f.Prefix] = h
	}
	h.within, h.last = within, f.Read
	h.failures++
}

// forget drops hosts that have been silent or are banned no more.
func (l *leaks) forget(now time.Time, banned func(jail.Key) bool) {
	for p, h := range l.hosts {
		if now.Sub(h.last) >= leakHold || !banned(h.within) {
			delete(l.hosts, p)
			if l.example == h {
				l.example = nil
			}
		}
	}
	if now.Sub(l.crowded) >= leakHold {
		l.crowded = time.Time{}
	}
}

// due are those whose reason is to be looked for, those first that never were.
func (l *leaks) due(now time.Time) []*leaking {
	var due []*leaking
	for _, h := range l.hosts {
		if h.last.After(h.looked) && now.Sub(h.looked) >= lookAgain {
			due = append(due, h)
		}
	}
	slices.SortFunc(due, func(a, b *leaking) int { return cmp.Or(a.looked.Compare(b.looked), a.first.Compare(b.first)) })
	return due
}

// known are those whose reason was looked for, the first that failed first.
func (l *leaks) known() []*leaking {
	var known []*leaking
	for _, h := range l.hosts {
		if h.diagnosis.Kind != "" {
			known = append(known, h)
		}
	}
	slices.SortFunc(known, func(a, b *leaking) int {
		return cmp.Or(a.first.Compare(b.first), a.prefix.Addr().Compare(b.prefix.Addr()))
	})
	return known
}

// learn takes what a look has found. That nothing was seen does not take back what was seen before.
func (h *leaking) learn(d leak.Diagnosis) {
	weak := d.Kind == leak.Unseen || d.Kind == leak.Partly
	if weak && h.diagnosis.Kind != "" && h.diagnosis.Kind != leak.Lost {
		return
	}
	h.diagnosis = d
}

// problem is one line for all of a jail's leaks, which changes only as their number passes a step; "": there are none.
func (l *leaks) problem() string {
	known := l.known()
	if len(known) == 0 {
		return ""
	}
	if l.example == nil {
		l.example = known[0]
	}
	name := jail.Ban{Prefix: l.example.prefix}.Target()
	if len(known) == 1 && l.crowded.IsZero() {
		return fmt.Sprintf("%s goes on failing though it is banned: %s", name, l.example.diagnosis.Text)
	}
	return fmt.Sprintf("%s banned addresses go on failing, such as %s: %s", manyText(len(known), !l.crowded.IsZero()), name, l.example.diagnosis.Text)
}

// manyText is a number that doesn't change with each more.
func manyText(n int, more bool) string {
	if more {
		return fmt.Sprintf("more than %d", maxLeaks)
	}
	for _, step := range []int{50, 20, 10, 5} {
		if n >= step {
			return fmt.Sprintf("%d or more", step)
		}
	}
	return fmt.Sprint(n)
}

// describe is what status shows; nil: nothing has leaked since the start.
func (l *leaks) describe() *control.LeaksStatus {
	if l.failures == 0 {
		return nil
	}
	s := &control.LeaksStatus{Current: len(l.hosts), Failures: l.failures, Examples: []control.Leak{}}
	for _, h := range l.known() {
		if len(s.Examples) < leaksShown {
			s.Examples = append(s.Examples, control.Leak{
				Address: jail.Ban{Prefix: h.prefix}.Target(), Failures: h.failures, First: h.first, Last: h.last,
				Kind: string(h.diagnosis.Kind), Text: h.diagnosis.Text,
			})
		}
	}
	return s
}

// watchLeaks looks for the reasons of leaks until ctx ends.
func (d *Daemon) watchLeaks(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		d.lookAtAccused(ctx, d.opts.Now())
		due := d.dueLeaks(d.opts.Now())
		if len(due) == 0 {
			continue
		}
		var all sync.WaitGroup
		facts := collect(ctx, due)
		for i, q := range due {
			all.Go(func() {
				found := q.diagnose(ctx, facts[i])
				d.mu.Lock()
				defer d.mu.Unlock()
				if h := q.cell.leaks.hosts[q.prefix]; h != nil && ctx.Err() == nil {
					h.learn(found)
				}
			})
		}
		all.Wait()
		if action.Pause(ctx, looksPause) != nil {
			return nil
		}
	}
}

// dueLeaks are the questions to be asked now.
func (d *Daemon) dueLeaks(now time.Time) []leakQuestion {
	d.mu.Lock()
	defer d.mu.Unlock()
	var due []leakQuestion
	for _, c := range d.sortedLocked() {
		c.leaks.forget(now, func(k jail.Key) bool { _, is := c.imposed[k]; return is })
		for _, h := range c.leaks.due(now) {
			if len(due) < looksAtOnce && c.firewall != nil {
				h.looked = now
				due = append(due, c.leakQuestionLocked(h.prefix))
			}
		}
	}
	return due
}

// leakQuestion asks why a prefix gets past a jail's firewall.
type leakQuestion struct {
	cell     *cell
	firewall *runner
	rule     action.Rule
	prefix   netip.Prefix
}

func (c *cell) leakQuestionLocked(p netip.Prefix) leakQuestion {
	return leakQuestion{cell: c, firewall: c.firewall, rule: c.conf.Rule, prefix: p}
}

// collect asks the kernel's tables for the facts of all questions.
func collect(ctx context.Context, asked []leakQuestion) []leak.Facts {
	if len(asked) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	questions := make([]leak.Question, len(asked))
	for i, q := range asked {
		questions[i] = leak.Question{Prefix: q.prefix, Rule: q.rule, Trusts: q.cell.trusts}
	}
	return leak.Collect(ctx, &flows.Tables{}, questions)
}

// diagnose asks the firewall for the other facts, which takes about a second: whether packets are refused shows only with time.
func (q leakQuestion) diagnose(ctx context.Context, facts leak.Facts) leak.Diagnosis {
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	status := q.firewall.Status()
	facts.Backend, facts.Notes = status.Name, status.Notes
	held, known, err := q.firewall.Holds(ctx, q.prefix)
	facts.Asked, facts.Held = known && err == nil, held.Holds
	if held.Holds && action.Pause(ctx, lately) == nil {
		later, _, err := q.firewall.Holds(ctx, q.prefix)
		facts.Refused = err == nil && later.Packets > held.Packets
	}
	return leak.Diagnose(facts)
}
