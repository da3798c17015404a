package denyfile

import (
	"context"
	"net/netip"
	"time"

	"gaol/action"
	"gaol/action/command"
)

// gather is how long is waited for others who ask at the same moment, such as the other jails that a line is for.
const gather = 20 * time.Millisecond

// Reloader runs the program that has a server read its files again, such as "nginx -s reload". Those
// who ask while it runs or rests share the next run. Use NewReloader.
type Reloader struct {
	program *command.Command
	every   time.Duration

	turn chan struct{} // one place: held by whoever runs the program
	// asked counts the calls that have been made; it is one place, like a lock.
	asked chan uint64
	// The rest is used by the holder of turn.
	ended  time.Time // of the last run
	served uint64    // the calls that a run has begun after
}

// NewReloader makes a Reloader that runs argv, at most once in every, and ends it after timeout
// (0: 60 s). Without argv there is none: nil.
func NewReloader(argv []string, every, timeout time.Duration) (*Reloader, error) {
	if len(argv) == 0 {
		return nil, nil
	}
	// That of a program which starts, because it is told nothing of a ban.
	program, err := command.New(command.Options{Start: argv, Timeout: timeout, Env: []string{"LC_ALL=C"}})
	if err != nil {
		return nil, err
	}
	r := &Reloader{program: program, every: every, turn: make(chan struct{}, 1), asked: make(chan uint64, 1)}
	r.asked <- 0
	return r, nil
}

// Tell implements Server.
func (r *Reloader) Tell(ctx context.Context, _ []netip.Prefix) error { return r.Reload(ctx) }

// Knows implements Server: a server that begins anew reads the file.
func (r *Reloader) Knows(context.Context) (bool, error) { return true, nil }

// Reload returns once a run that began after the call has ended well, or when ctx ends.
func (r *Reloader) Reload(ctx context.Context) error {
	mine := <-r.asked + 1
	r.asked <- mine
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.turn }()
	if r.served >= mine {
		return nil
	}
	if err := r.rest(ctx); err != nil {
		return err
	}
	if err := action.Pause(ctx, gather); err != nil {
		return err
	}
	all := <-r.asked
	r.asked <- all
	err := r.program.Start(ctx)
	r.ended = time.Now()
	if err == nil {
		r.served = all
	}
	return err
}

// rest waits until the program may run again: a reload starts processes in the server, and a flood of bans
// must not become a flood of those.
func (r *Reloader) rest(ctx context.Context) error {
	return action.Pause(ctx, time.Until(r.ended.Add(r.every)))
}
