package daemon

import (
	"context"
	"time"

	"gaol/action"
	"gaol/jail"
)

// runner is an action's runner with the means to start and end it.
type runner struct {
	*action.Runner
	// start begins the work; what was told before is done then.
	start func()
	// stop ends it, and with flush undoes what it did. It waits for both.
	stop func(flush bool)
}

// newRunner makes a runner for one action of a cell; it does nothing before
// its start.
func (d *Daemon) newRunner(c *cell, a namedAction) *runner {
	opts := action.RunnerOptions{Name: a.name, Jail: c.conf.Name, Action: a.action, Logger: d.log, Now: d.opts.Now}
	if a.firewall {
		opts.Enforced = func(bans []jail.Ban, at time.Time) {
			c.markEnforced(bans)
			d.announceEnforced(bans, at)
		}
	}
	r := &runner{Runner: action.NewRunner(opts)}
	ctx, cancel := context.WithCancel(d.bgCtx)
	done := make(chan struct{})
	r.start = func() {
		d.background.Go(func() error {
			defer close(done)
			return r.Run(ctx)
		})
	}
	r.stop = func(flush bool) {
		cancel()
		<-done
		if err := r.Stop(context.WithoutCancel(ctx), flush); err != nil {
			d.log.Error("stopping action", "jail", c.conf.Name, "action", a.name, "err", err)
		}
	}
	return r
}
