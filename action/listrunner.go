package action

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// ListRunnerOptions say what a ListRunner runs.
type ListRunnerOptions struct {
	// Name is the firewall's, Jail the jail's whose list it is.
	Name, Jail string
	// Blocker is required.
	Blocker Blocker
	// Logger is told of problems and their end; nil: nobody is.
	Logger *slog.Logger
	// CheckEvery is how often is looked whether all is still there; 0: every half second.
	CheckEvery time.Duration
}

// ListStatus is how a ListRunner fares.
type ListStatus struct {
	// Name is the firewall's.
	Name string
	// Healthy says that the kernel has taken the list that was set last.
	Healthy bool
	// Problem is why it is not; "" while nothing went wrong, as before the first list.
	Problem string
	// Notes are what the firewall leaves out although it is healthy, see Noter.
	Notes []string
	// Held is how many entries the kernel has taken.
	Held int
	// Lost is how often the list was put back, as other programs had removed it.
	Lost int
}

// ListRunner keeps a list in force with a [Blocker]. Use NewListRunner. All methods may be called from several
// goroutines, Run and Stop once each.
type ListRunner struct {
	opts ListRunnerOptions
	log  *slog.Logger
	wake chan struct{} // one place: there is another list
	*meter

	mu     sync.Mutex // guards all below; never held while the Blocker works
	wanted Refusals
	set    uint64 // how many lists were set
	held   uint64 // which of them the kernel has, 0: none
	status ListStatus
}

// NewListRunner makes a ListRunner. It starts nothing; Run does.
func NewListRunner(opts ListRunnerOptions) *ListRunner {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.CheckEvery == 0 {
		opts.CheckEvery = defaultCheckEvery
	}
	return &ListRunner{
		opts: opts, meter: newMeter(opts.Blocker, time.Now), log: opts.Logger.With("jail", opts.Jail, "action", opts.Name),
		wake: make(chan struct{}, 1), status: ListStatus{Name: opts.Name},
	}
}

// Set makes list what is to be in force, see [Blocker.Replace]. It never blocks.
func (r *ListRunner) Set(list Refusals) {
	r.mu.Lock()
	r.wanted = list
	r.set++
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Status says how the list fares. It never waits for the firewall.
func (r *ListRunner) Status() ListStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Run keeps the list in force until ctx ends, and returns nil then. Before the first Set it does nothing.
func (r *ListRunner) Run(ctx context.Context) error {
	ticker := time.NewTicker(r.opts.CheckEvery)
	defer ticker.Stop()
	retry := backoff{first: wholeRetryMin, last: wholeRetryMax}
	for {
		if r.behind() {
			if err := r.replace(ctx); err != nil && ctx.Err() == nil {
				r.fail(err)
				if Pause(ctx, retry.next()) != nil {
					return nil
				}
				continue
			}
			retry.reset()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-ticker.C:
			r.check(ctx)
		}
	}
}

// behind says whether the kernel has another list than it should.
func (r *ListRunner) behind() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held != r.set
}

func (r *ListRunner) replace(ctx context.Context) error {
	r.mu.Lock()
	list, set := r.wanted, r.set
	r.mu.Unlock()
	began := time.Now()
	if err := r.opts.Blocker.Replace(ctx, list); err != nil {
		return err
	}
	notes := notesOf(r.opts.Blocker)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held, r.status.Held = set, len(list.Prefixes)
	r.status.Healthy, r.status.Problem = true, ""
	if !slices.Equal(notes, r.status.Notes) {
		logNotes(r.log, notes)
	}
	r.status.Notes = notes
	r.log.Info("list is in force", "count", len(list.Prefixes), "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// check asks whether the list is still there; if not, the next round puts it back.
func (r *ListRunner) check(ctx context.Context) {
	r.mu.Lock()
	held := r.held
	r.mu.Unlock()
	if held == 0 {
		return
	}
	err := r.opts.Blocker.Check(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	r.held = 0
	r.status.Lost++
	r.mu.Unlock()
	r.fail(err)
}

func (r *ListRunner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.Problem != err.Error() {
		r.log.Error("list has a problem", "err", err)
	}
	r.status.Healthy, r.status.Problem = false, err.Error()
}

// Stop ends the list after Run has returned: with flush it is removed, else it stays in force.
func (r *ListRunner) Stop(ctx context.Context, flush bool) error {
	if !flush {
		return nil
	}
	if err := r.opts.Blocker.Stop(ctx); err != nil {
		return fmt.Errorf("removing the list of jail %s: %w", r.opts.Jail, err)
	}
	return nil
}
