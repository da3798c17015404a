package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gaol/jail"
	"gaol/jail/store"
)

const (
	// soon is how long failures and bans may wait for company in their
	// transaction; a crash before it reads their lines again.
	soon = 20 * time.Millisecond
	// later is how long mere positions may wait: a crash before it reads lines
	// again that led to nothing.
	later = 2 * time.Second
	// storeRetry is the wait after a commit that failed.
	storeRetry = time.Second
	// lastWait is how long what is left may take at the stop: with stopWait it stays far below
	// the time after which a service that does not stop is killed.
	lastWait = 30 * time.Second
	// backlog is how much may wait for a store that works, before the sources
	// wait as well: a flood then is read as fast as it can be stored. It holds the bans of a botnet that comes at once, which
	// must not wait: some 30 MB.
	backlog = 60_000
	// maxPending bounds what waits while the store refuses, as bans must not wait for
	// it. Past it the oldest half is given up: bans stay in force, but a restart won't
	// know of them.
	maxPending = 200_000
)

// committer is the part of the store that the writer needs.
type committer interface {
	// Commit makes all changes in one transaction.
	Commit(ctx context.Context, changes store.Changes) error
}

// writer brings what has happened into the store, off the path, in the order in
// which it happened.
type writer struct {
	store committer
	// report says what is wrong with the store, "" when it is well again.
	report func(text string)
	// inForce is asked for what a store that was begun anew has to be told.
	inForce func() store.Changes
	wake    chan struct{}

	mu      sync.Mutex
	pending []store.Changes
	size    int
	urgent  bool
	waiting []chan struct{}
	// refusing says that the last commit failed.
	refusing bool
	// moved is closed, and made anew, whenever a commit has ended.
	moved chan struct{}
	// ended is closed once Run has returned.
	ended chan struct{}
}

func newWriter(s committer, report func(string), inForce func() store.Changes) *writer {
	return &writer{store: s, report: report, inForce: inForce, wake: make(chan struct{}, 1), moved: make(chan struct{}), ended: make(chan struct{})}
}

// room returns once there is room for more, or the store refuses, or ctx has
// ended.
func (w *writer) room(ctx context.Context) {
	for {
		w.mu.Lock()
		full, moved := w.size > backlog && !w.refusing, w.moved
		w.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return
		}
	}
}

// add queues c; it never blocks.
func (w *writer) add(c store.Changes) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.urgent = w.urgent || len(c.Counted)+len(c.Trusted)+len(c.Bans)+len(c.Ended)+len(c.Forgotten)+len(c.Notices)+len(c.NoticesGone) > 0
	w.pending = append(w.pending, c)
	if w.size += weight(c); w.size > maxPending {
		w.giveUpLocked()
	}
	w.poke()
}

func weight(c store.Changes) int {
	return 1 + len(c.Counted) + len(c.Trusted) + len(c.Bans) + len(c.Ended) + len(c.Forgotten) + len(c.Notices)
}

func (w *writer) giveUpLocked() {
	keep := len(w.pending) / 2
	w.pending = append([]store.Changes(nil), w.pending[keep:]...)
	w.size = 0
	for _, c := range w.pending {
		w.size += weight(c)
	}
}

func (w *writer) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// flush returns once all that was added before is stored, or ctx has ended.
func (w *writer) flush(ctx context.Context) error {
	done := make(chan struct{})
	w.mu.Lock()
	w.urgent = true
	w.waiting = append(w.waiting, done)
	w.mu.Unlock()
	w.poke()
	select {
	case <-done:
		return nil
	case <-w.ended:
		return errors.New("waiting for the store: it is closed already")
	case <-ctx.Done():
		return fmt.Errorf("waiting for the store: %w", context.Cause(ctx))
	}
}

// Run commits until ctx ends, and then once more what is left.
func (w *writer) Run(ctx context.Context) error {
	defer close(w.ended)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
			defer cancel()
			if !w.commit(last) && last.Err() != nil {
				w.report("storing what was left at the stop: it took too long: some lines will be read again")
			}
			return nil
		case <-w.wake:
		}
		wait := w.delay()
		if !w.commitAfter(ctx, wait) {
			// What could not be stored is still pending; try again in a while.
			w.pause(ctx, storeRetry)
			w.poke()
		}
	}
}

// commitAfter waits for company and commits; urgent news cut the wait short.
func (w *writer) commitAfter(ctx context.Context, wait time.Duration) bool {
	for timer := time.NewTimer(wait); ; {
		select {
		case <-ctx.Done():
			timer.Stop()
			return true
		case <-timer.C:
			return w.commit(ctx)
		case <-w.wake:
			if d := w.delay(); d < wait {
				wait = d
				timer.Reset(d)
			}
		}
	}
}

func (w *writer) delay() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.urgent {
		return soon
	}
	return later
}

func (w *writer) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// commit stores what is pending and says whether it could.
func (w *writer) commit(ctx context.Context) bool {
	w.mu.Lock()
	batch, waiting := w.pending, w.waiting
	w.pending, w.waiting, w.size, w.urgent = nil, nil, 0, false
	w.mu.Unlock()
	for len(batch) > 0 {
		n, together := merge(batch)
		if err := w.store.Commit(ctx, together); err != nil {
			w.putBack(batch, waiting, errors.Is(err, store.ErrBegunAnew))
			if ctx.Err() != nil {
				return false // cut short: it is tried once more at the end
			}
			w.report(fmt.Sprintf("storing failures, bans and positions: %v: bans are in force, but a restart would not know all of them", err))
			return false
		}
		batch = batch[n:]
		w.report("")
	}
	for _, done := range waiting {
		close(done)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusing = false
	w.moveLocked()
	return true
}

func (w *writer) moveLocked() {
	close(w.moved)
	w.moved = make(chan struct{})
}

// putBack keeps what could not be stored for the next try. A store that was begun anew
// gets what is in force first.
func (w *writer) putBack(batch []store.Changes, waiting []chan struct{}, anew bool) {
	if anew {
		batch = append([]store.Changes{w.inForce()}, batch...)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(batch, w.pending...)
	w.waiting = append(waiting, w.waiting...)
	w.urgent = true
	w.refusing = true
	w.moveLocked()
	w.size = 0
	for _, c := range w.pending {
		w.size += weight(c)
	}
	if w.size > maxPending {
		w.giveUpLocked()
	}
}

// merge makes one transaction of the first n changes. Within a transaction failures come
// first and lifted bans last, so after one in which something is lifted no more failures and bans
// may go in: they must not be undone by it.
func merge(batch []store.Changes) (n int, together store.Changes) {
	n = lastTogether(batch)
	var bans, counted, ended int
	for _, c := range batch[:n] {
		bans, counted, ended = bans+len(c.Bans), counted+len(c.Counted), ended+len(c.Ended)
	}
	together = store.Changes{
		Bans: make([]jail.Ban, 0, bans), Counted: make([]jail.Counted, 0, counted), Ended: make([]store.Ended, 0, ended),
	}
	var positions latest
	for _, c := range batch[:n] {
		together.Counted = append(together.Counted, c.Counted...)
		together.Trusted = append(together.Trusted, c.Trusted...)
		together.Bans = append(together.Bans, c.Bans...)
		together.Ended = append(together.Ended, c.Ended...)
		together.Forgotten = append(together.Forgotten, c.Forgotten...)
		positions.add(c.Positions)
		together.Done = append(together.Done, c.Done...)
		together.Notices = append(together.Notices, c.Notices...)
		together.NoticesGone = append(together.NoticesGone, c.NoticesGone...)
		together.Told = append(together.Told, c.Told...)
	}
	together.Positions = positions.all()
	return n, together
}

// lastTogether is how many of the first changes may go into one transaction.
func lastTogether(batch []store.Changes) int {
	lifted := false
	for i, c := range batch {
		if lifted && len(c.Counted)+len(c.Trusted)+len(c.Bans) > 0 {
			return i
		}
		lifted = lifted || len(c.Ended)+len(c.Forgotten) > 0
	}
	return len(batch)
}
