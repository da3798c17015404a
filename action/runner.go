package action

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"gaol/jail"
)

// RunnerOptions say what a Runner runs and how patiently.
type RunnerOptions struct {
	// Name is the action's name, as in the configuration.
	Name string
	// Jail is the name of the jail the action belongs to.
	Jail string
	// Action is what is run; required. The Runner is the only one to call its
	// Start, Ban, Unban and Stop.
	Action Action
	// Logger is told of problems and their end; nil: nobody is.
	Logger *slog.Logger
	// Now is the clock that says which bans are over; nil: time.Now.
	Now func() time.Time
	// Enforced is told of bans after the action took them. It is called from
	// Run's goroutine, which waits for it. nil: nobody is told.
	Enforced func(bans []jail.Ban, at time.Time)
	// Restored is told when something is back that another program had taken away, like Enforced. nil: nobody is.
	Restored func(Loss)
	// CheckEvery is how often a Checker is asked whether all is still there;
	// 0: every half second, so that what was lost is back within a second;
	// negative: never.
	CheckEvery time.Duration
	// BatchSize is how many bans are handed to the action at once; 0: 10,000. What is told in
	// the meantime waits for the batch under way, so an action that is slow
	// for each ban wants a small one.
	BatchSize int
}

// The patience of a Runner. An action that cannot do anything (the firewall
// refuses) is tried for ever, quickly at first: mostly another program is just
// reloading. A ban that fails by itself, while others succeed, mostly fails
// for good.
const (
	defaultCheckEvery = 500 * time.Millisecond
	defaultBatchSize  = 10_000
	renewEvery        = 24 * time.Hour
	wholeRetryMin     = 100 * time.Millisecond
	wholeRetryMax     = 30 * time.Second
	singleRetryMin    = time.Second
	singleRetryMax    = time.Minute
	singleTries       = 5
)

// RunnerStatus is how a Runner fares.
type RunnerStatus struct {
	// Name is the action's name.
	Name string
	// Healthy says whether the last thing the action was told to do was done, and
	// nothing that failed by itself waits to be tried again.
	// A Runner that has not started its action yet is not healthy.
	Healthy bool
	// Problem is why it is not; "" while it is healthy.
	Problem string
	// Starting says that the action's first start has not ended yet, well or not.
	Starting bool
	// Notes are what the action leaves out although it is healthy, see Noter.
	Notes []string
	// Held is the number of bans that should be in force.
	Held int
	// Losses are what other programs took away, and what was done about it.
	Losses Losses
	// Since is when Healthy last changed.
	Since time.Time
}

// Runner stands between a jail and one action. It keeps what should be in
// force and what the action has not been told yet, so whoever bans never waits
// for a firewall or a program. Use NewRunner.
//
// All methods may be called from several goroutines, Run and Stop once each.
type Runner struct {
	opts RunnerOptions
	log  *slog.Logger
	wake chan struct{} // one place: there is something to do

	// What is used by Run's goroutine, and by Stop's after that.
	size         size
	started      bool
	starts       int           // how often it has been
	compared     time.Time     // when the last comparison ended
	compareTook  time.Duration // how long it took
	gaveUp       bool          // the last one was given up
	compareAsked time.Time     // since when there has been a reason for one; zero: there is none

	changed     chan struct{} // one place: the kernel told of a change
	comparisons chan *comparison
	compareEnds sync.WaitGroup

	*meter // what the action counts; has a lock of its own

	mu       sync.Mutex // guards all below; never held while the action works
	wanted   map[target]jail.Ban
	pending  *pending
	tried    bool      // the action has been started, or could not be
	told     uint64    // how many changes there have been
	toldLast time.Time // when the last of them came
	doing    uint64    // the lowest seq of those the action works on, or MaxUint64
	waiters  []waiter
	ended    bool // Run has returned

	open      *Loss // what is being put right; nil: nothing
	losses    Losses
	changer   string // who changed something last, since the last loss
	touched   bool   // members may have been changed by another program
	comparing *comparison
	untold    bool // the last check has found an UntoldError, and nothing was well since
	status    RunnerStatus
}

// waiter is a call of Sync that waits for all changes up to seq.
type waiter struct {
	seq  uint64
	done chan error // one place
}

// NewRunner makes a Runner. It starts nothing; Run does.
func NewRunner(opts RunnerOptions) *Runner {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.CheckEvery == 0 {
		opts.CheckEvery = defaultCheckEvery
	}
	if opts.BatchSize <= 0 {
		opts.BatchSize = defaultBatchSize
	}
	return &Runner{
		opts:    opts,
		meter:   newMeter(opts.Action, opts.Now),
		log:     opts.Logger.With("jail", opts.Jail, "action", opts.Name),
		wake:    make(chan struct{}, 1),
		changed: make(chan struct{}, 1), comparisons: make(chan *comparison),
		wanted:  make(map[target]jail.Ban),
		pending: newPending(),
		doing:   math.MaxUint64,
		status:  RunnerStatus{Name: opts.Name, Problem: "not started yet", Since: opts.Now()},
	}
}

// Ban has bans put in force. It never blocks; memory is bounded by the number
// of different targets, as the last word about a target counts.
func (r *Runner) Ban(bans []jail.Ban) { r.tell(bans, true) }

// Unban has bans lifted. It never blocks.
func (r *Runner) Unban(bans []jail.Ban) { r.tell(bans, false) }

func (r *Runner) tell(bans []jail.Ban, ban bool) {
	if len(bans) == 0 {
		return
	}
	now := r.opts.Now()
	r.mu.Lock()
	r.toldLast = now
	for _, b := range bans {
		r.told++
		t := targetOf(b)
		r.comparing.note(t)
		if ban {
			r.pending.ban(t, b, r.told)
			// The lines are for programs that are run at the ban; kept for
			// every ban in force they would be most of the memory.
			b.Lines, b.Patterns = nil, nil
			r.wanted[t] = b
		} else {
			r.pending.unban(t, b, r.told)
			delete(r.wanted, t)
		}
	}
	r.mu.Unlock()
	r.rouse()
}

func (r *Runner) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Status says how the action fares. It never waits for the action.
func (r *Runner) Status() RunnerStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Held = len(r.wanted)
	s.Losses = r.losses
	s.Starting = !r.tried
	return s
}

// Told is how many changes the Runner has been told of, for Sync.
func (r *Runner) Told() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

// Sync waits until the action has been started and everything told before it has been done. It
// returns an error as soon as an attempt fails, or if one of those has failed already that were told
// after since (what [Runner.Told] was then); the Runner goes on trying. What failed by itself and was
// told earlier is not waited for. It returns an error as well when Run ends, and when ctx does.
func (r *Runner) Sync(ctx context.Context, since uint64) error {
	r.mu.Lock()
	if err := r.pending.failedAfter(since); err != nil {
		r.mu.Unlock()
		return err
	}
	if r.tried && min(r.pending.oldest(), r.doing) > r.told {
		r.mu.Unlock()
		return nil
	}
	if r.ended {
		r.mu.Unlock()
		return errEnded
	}
	w := waiter{seq: r.told, done: make(chan error, 1)}
	r.waiters = append(r.waiters, w)
	r.mu.Unlock()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.status.Problem != "" {
			return fmt.Errorf("waiting for action %s: %s: %w", r.opts.Name, r.status.Problem, ctx.Err())
		}
		return fmt.Errorf("waiting for action %s: %w", r.opts.Name, ctx.Err())
	}
}

// Stop ends the action after Run has returned. With flush the action removes
// all it has made. Without, everything stays in force until its own end, and
// what the action was not told yet is told it first, once.
func (r *Runner) Stop(ctx context.Context, flush bool) error {
	if flush {
		if err := r.opts.Action.Stop(ctx); err != nil {
			return fmt.Errorf("stopping action %s of jail %s: %w", r.opts.Name, r.opts.Jail, err)
		}
		return nil
	}
	if !r.started {
		return nil
	}
	if err := r.workOff(ctx); err != nil {
		return fmt.Errorf("stopping action %s of jail %s: some bans are not in force: %w", r.opts.Name, r.opts.Jail, err)
	}
	return nil
}
