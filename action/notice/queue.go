package notice

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gaol/action"
)

// The usual patience of a Queue.
const (
	DefaultBurst   = 5
	DefaultEvery   = time.Minute
	DefaultTimeout = 30 * time.Second
	defaultRoom    = 1000
)

// QueueOptions say what a Queue tells, to whom and how often.
type QueueOptions struct {
	// Name is the action's name, as in the configuration.
	Name string
	// Sender tells; required.
	Sender Sender
	// Host and Observe are told with each message, see [Message].
	Host    string
	Observe bool
	// On are the kinds of events that are told, Ban or Unban; none: Ban.
	On []string
	// Burst messages may be sent at once, and one more each time Every has passed. What comes
	// meanwhile is told together. 0: DefaultBurst and DefaultEvery.
	Burst int
	Every time.Duration
	// Single makes each event a message of its own: of many, those that there is no room for are
	// lost.
	Single bool
	// Once is for how long a target is not told again; 0: it always is.
	Once time.Duration
	// Wants says whether an event is one for Sender; nil: each is.
	Wants func(Event) bool
	// Timeout is how long one attempt may take; 0: DefaultTimeout.
	Timeout time.Duration
	// Room is how many events wait at most; 0: 1000.
	Room int
	// Secrets never show in a problem.
	Secrets []string
	// Keep is told of what has changed since Add, to be stored. It is called from Run's goroutine, with
	// no lock held, so it may take the one that is held around Add. nil: nothing is stored.
	Keep func(Changed)
	// Logger is told of problems and their end; nil: nobody is.
	Logger *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Entry is an event that waits. Seq names it for good, and tells the order.
type Entry struct {
	Seq   int64
	Event Event
}

// Told says when a target was told of last.
type Told struct {
	Target string
	At     time.Time
}

// Changed is what a store has to know of a Queue: entries that are new or other than they were, those that
// need not be told any more, and whom others were told of.
type Changed struct {
	Put  []Entry
	Gone []int64
	Told []Told
}

// QueueStatus is how a Queue fares.
type QueueStatus struct {
	Name string
	// Healthy says that the last attempt worked, or that there has been none yet.
	Healthy bool
	// Problem is why it is not; "" while it is healthy.
	Problem string
	// Waiting events have not been told yet, those that one has no room for included.
	Waiting int
	// Sent messages have been taken by the other side since the start, Lost events it will never
	// hear of.
	Sent, Lost int
}

// Queue keeps events until they have been told. Use NewQueue. All methods may be called from several
// goroutines, Run once.
type Queue struct {
	opts QueueOptions
	log  *slog.Logger
	wake chan struct{} // one place: there is something to do

	mu      sync.Mutex // guards all below; never held while Sender works
	waiting []Entry    // the oldest first
	flying  []Entry    // those that Sender is telling
	pace    pace
	told    told
	pause   Retry
	status  QueueStatus
}

// NewQueue makes a Queue that knows whom others were told of in an earlier run. It starts nothing; Run
// does.
func NewQueue(opts QueueOptions, before []Told) *Queue {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if len(opts.On) == 0 {
		opts.On = []string{Ban}
	}
	if opts.Burst <= 0 {
		opts.Burst = DefaultBurst
	}
	if opts.Every <= 0 {
		opts.Every = DefaultEvery
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if opts.Room <= 0 {
		opts.Room = defaultRoom
	}
	if opts.Keep == nil {
		opts.Keep = func(Changed) {}
	}
	now := opts.Now()
	q := &Queue{
		opts: opts, log: opts.Logger.With("action", opts.Name), wake: make(chan struct{}, 1),
		pace: newPace(opts.Burst, opts.Every, now), told: newTold(opts.Once),
		status: QueueStatus{Name: opts.Name, Healthy: true},
	}
	for _, t := range before {
		q.told.note(t.Target, t.At)
	}
	return q
}

// Add makes the queue tell of events, and returns what is to be stored of that. It never blocks.
func (q *Queue) Add(entries ...Entry) Changed {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.opts.Now()
	var c Changed
	for _, e := range entries {
		if !q.wants(e.Event) {
			continue
		}
		if q.opts.Once > 0 {
			target := e.Event.What + " " + e.Event.Ban.Target()
			if q.told.lately(target, now) {
				continue
			}
			q.told.note(target, now)
			c.Told = append(c.Told, Told{target, now})
		}
		q.waiting = append(q.waiting, e)
		c.Put = append(c.Put, e)
	}
	q.shedLocked(&c)
	q.rouse()
	return c
}

// Resume makes the queue tell of an event that an earlier one has taken already, and returns what is to be
// stored of that.
func (q *Queue) Resume(e Entry) Changed {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, _ := slices.BinarySearchFunc(q.waiting, e, func(a, b Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	q.waiting = slices.Insert(q.waiting, at, e)
	c := Changed{Put: []Entry{e}}
	q.shedLocked(&c)
	q.rouse()
	return c
}

func (q *Queue) wants(e Event) bool {
	return slices.Contains(q.opts.On, e.What) && (q.opts.Wants == nil || q.opts.Wants(e))
}

// shedLocked gives up the oldest where there are too many. In a digest the next one says how many there
// were before it.
func (q *Queue) shedLocked(c *Changed) {
	excess := len(q.waiting) - q.opts.Room
	if excess <= 0 {
		return
	}
	gone := slices.Clone(q.waiting[:excess])
	// In a flood there is one too many with each event, so the others stay where they are.
	clear(q.waiting[:excess])
	q.waiting = q.waiting[excess:]
	for _, e := range gone {
		c.Gone = append(c.Gone, e.Seq)
		if q.opts.Single {
			q.status.Lost++
		} else {
			q.waiting[0].Event.More += 1 + e.Event.More
		}
	}
	if !q.opts.Single {
		c.Put = append(c.Put, q.waiting[0])
	}
}

// rouse wakes Run up.
func (q *Queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Status says how the queue fares.
func (q *Queue) Status() QueueStatus {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.status
	s.Waiting = totalOf(q.waiting) + totalOf(q.flying)
	return s
}

// Waiting returns what has not been told yet.
func (q *Queue) Waiting() []Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Concat(q.flying, q.waiting)
}

// totalOf is how many events entries are about.
func totalOf(entries []Entry) int {
	total := len(entries)
	for i := range entries {
		total += entries[i].Event.More
	}
	return total
}

func eventsOf(entries []Entry) []Event {
	events := make([]Event, len(entries))
	for i, e := range entries {
		events[i] = e.Event
	}
	return events
}

// failLocked notes a problem, and logs it once while it is the same.
func (q *Queue) failLocked(err error) {
	text := Clean(action.Scrub(err.Error(), q.opts.Secrets), maxLine)
	if q.status.Problem == text {
		return
	}
	q.log.Error("action has a problem", "err", text)
	q.status.Healthy, q.status.Problem = false, text
}

func (q *Queue) healthyLocked() {
	if !q.status.Healthy {
		q.log.Info("action is healthy")
	}
	q.status.Healthy, q.status.Problem = true, ""
}
