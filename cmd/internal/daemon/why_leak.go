package daemon

import (
	"context"
	"sync"

	"gaol/cmd/internal/control"
	"gaol/cmd/internal/leak"
)

// whyLeak is one of the jails in the answer whose ban does not stop the target.
type whyLeak struct {
	jail  int
	asked leakQuestion
	// known is what was found lately; without a kind it is looked for now.
	known leak.Diagnosis
}

// leakLocked is the question why the target, or the first host in it, goes on failing in a jail, the i-th of the
// answer; none if it doesn't.
func (q *question) leakLocked(c *cell, i int) []whyLeak {
	if q.why.Jails[i].SinceEnforced == 0 || c.firewall == nil || !q.target.Prefix.IsValid() {
		return nil
	}
	for _, h := range c.leaks.known() {
		if q.target.Prefix.Overlaps(h.prefix) {
			return []whyLeak{{jail: i, known: h.diagnosis}}
		}
	}
	return []whyLeak{{jail: i, asked: c.leakQuestionLocked(q.target.Prefix)}}
}

// explain says why bans do not stop the target, in a second or two. Few jails ban one target.
func (q *question) explain(ctx context.Context, leaks []whyLeak) {
	leaks = leaks[:min(len(leaks), looksAtOnce)]
	var asked []leakQuestion
	for _, l := range leaks {
		if l.known.Kind == "" {
			asked = append(asked, l.asked)
		}
	}
	facts := collect(ctx, asked)
	var all sync.WaitGroup
	for _, l := range leaks {
		ofOne := leak.Facts{}
		if l.known.Kind == "" {
			ofOne, facts = facts[0], facts[1:]
		}
		all.Go(func() {
			d := l.known
			if d.Kind == "" {
				d = l.asked.diagnose(ctx, ofOne)
			}
			q.why.Jails[l.jail].Leak = &control.WhyLeak{Kind: string(d.Kind), Text: d.Text}
		})
	}
	all.Wait()
}
