package daemon

import (
	"context"
	"log/slog"
	"time"

	"gaol/action"
	"gaol/jail"
)

const (
	// stopWait is how long an action, or a queue that tells others, may take to end, far below the 90 s after which systemd
	// kills a service that does not stop (systemd-system.conf(5), DefaultTimeoutStopSec).
	stopWait = 10 * time.Second
	// stopGrace is how much longer one may take to notice that its time is over.
	stopGrace = 2 * time.Second
)

// runner is an action's runner with the means to start and end it.
type runner struct {
	*action.Runner
	log    *slog.Logger
	ctx    context.Context // of Run
	cancel context.CancelFunc
	done   chan struct{}
	// losses are of a firewall: what other programs took from it lately.
	losses losses
	// origin is what the action was made of. The engine's lock guards it.
	origin
	// adjuster is the action, if it can be given another rule; else nil.
	adjuster action.Adjuster
}

// newRunner makes a runner for one action of a cell; it does nothing before
// its start.
func (d *Daemon) newRunner(c *cell, a namedAction) *runner {
	r := &runner{origin: a.origin, log: d.log.With("jail", c.name, "action", a.name), done: make(chan struct{})}
	r.adjuster, _ = a.action.(action.Adjuster)
	r.ctx, r.cancel = context.WithCancel(d.bgCtx)
	opts := action.RunnerOptions{Name: a.name, Jail: c.name, Action: a.action, Logger: d.log, Now: d.opts.Now, BatchSize: a.batch}
	if a.firewall {
		opts.Enforced = func(bans []jail.Ban, at time.Time) { d.enforced(c, r, bans, at) }
		opts.Restored = func(loss action.Loss) { d.restored(c, r, loss) }
	}
	r.Runner = action.NewRunner(opts)
	return r
}

// start begins the work; what was told before is done then.
func (r *runner) start() {
	go func() {
		defer close(r.done)
		// It returns nil, once ctx has ended.
		_ = r.Run(r.ctx)
	}()
}

// adjust gives the action another rule. If it can't take that, the next check starts it anew with it.
func (r *runner) adjust(rule action.Rule) {
	ctx, cancel := context.WithTimeout(r.ctx, stopWait)
	defer cancel()
	if err := r.adjuster.Adjust(ctx, rule); err != nil {
		r.log.Error("changing the rules of an action", "err", err)
		return
	}
	r.NoteAgain()
}

// stop ends what was started, and with flush undoes what it did. It waits for both, but not for
// ever: an action that hangs is left behind.
func (r *runner) stop(flush bool) {
	r.cancel()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), stopWait)
	defer cancel()
	stopped := make(chan error, 1)
	go func() {
		<-r.done
		stopped <- r.Stop(ctx, flush)
	}()
	patience := time.NewTimer(stopWait + stopGrace)
	defer patience.Stop()
	select {
	case err := <-stopped:
		if err != nil {
			r.log.Error("stopping action", "err", err)
		}
	case <-patience.C:
		r.log.Error("action hangs and is left behind", "took", stopWait+stopGrace)
	}
}
