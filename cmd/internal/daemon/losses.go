package daemon

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"gaol/action"
	"gaol/cmd/internal/control"
)

// Another program that takes the firewall's rules away more often than this is a problem, although they are put back.
const (
	lossesAtMost = 10
	lossesWithin = 10 * time.Minute
)

// losses remembers what was lost lately, as far as is needed to tell that it is too often.
type losses struct {
	mu   sync.Mutex
	last []action.Loss // at most one more than lossesAtMost, oldest first
}

func (l *losses) add(loss action.Loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, loss)
	l.last = slices.Delete(l.last, 0, max(0, len(l.last)-lossesAtMost-1))
}

// problem says that something was lost too often until now; "": it was not.
func (l *losses) problem(now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.last) <= lossesAtMost || now.Sub(l.last[0].Restored) > lossesWithin {
		return ""
	}
	last := l.last[len(l.last)-1]
	who := "another program"
	if last.By != "" {
		who = "another program (" + last.By + ")"
	}
	return fmt.Sprintf("%s keeps changing what gaol has in the firewall, more than %d times in %d minutes: it is put back each time, but the banned get through for a moment: find out what runs so often, or use another banaction",
		who, lossesAtMost, int(lossesWithin.Minutes()))
}

// restored tells of what was lost and is back. The runner logs it itself.
func (d *Daemon) restored(c *cell, r *runner, loss action.Loss) {
	r.losses.add(loss)
	d.events.publish(func() control.Event {
		return control.Event{Time: loss.Restored, What: "restored", Jail: c.name, Text: "action " + r.Status().Name + ": " + loss.String()}
	})
}

// lossProblems has the actions that are disturbed too often.
func lossProblems(c *cell, now time.Time) map[string]string {
	texts := map[string]string{}
	for _, r := range c.runners {
		if text := r.losses.problem(now); text != "" {
			name := r.Status().Name
			texts[name] = "action " + name + ": " + text
		}
	}
	return texts
}

// actionStatus is what status says of an action.
func actionStatus(s action.RunnerStatus) control.ActionStatus {
	described := control.ActionStatus{
		Name: s.Name, Healthy: s.Healthy, Problem: s.Problem, Notes: s.Notes, Restored: s.Losses.Restored, ForeignRemoved: s.Losses.Foreign,
		LastRestored: timeOrNil(s.Losses.Last.Restored),
	}
	if described.LastRestored != nil {
		described.Why = s.Losses.Last.String()
	}
	return described
}
