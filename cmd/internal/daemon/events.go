package daemon

import (
	"context"
	"fmt"
	"sync"

	"gaol/cmd/internal/control"
)

// eventBacklog is how many events a listener may be behind before it misses
// some.
const eventBacklog = 1024

// hub hands events to whoever listens. Nobody can make it wait: a listener that
// is too slow misses events and is told how many.
type hub struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
}

type listener struct {
	events chan control.Event
	// missed is guarded by the hub's mutex.
	missed int
}

func newHub() *hub { return &hub{listeners: map[*listener]struct{}{}} }

// publish never blocks. The event is only made if somebody listens.
func (h *hub) publish(event func() control.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) == 0 {
		return
	}
	e := event()
	for l := range h.listeners {
		if l.missed > 0 {
			note := control.Event{Time: e.Time, What: "problem", Text: fmt.Sprintf("%d events missed: read faster", l.missed)}
			select {
			case l.events <- note:
				l.missed = 0
			default:
			}
		}
		select {
		case l.events <- e:
		default:
			l.missed++
		}
	}
}

// listen calls listening, and hands each event from then on to f, until ctx ends or f fails.
func (h *hub) listen(ctx context.Context, listening func(), f func(control.Event) error) error {
	l := &listener{events: make(chan control.Event, eventBacklog)}
	h.mu.Lock()
	h.listeners[l] = struct{}{}
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, l)
	}()
	listening()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-l.events:
			if err := f(e); err != nil {
				return err
			}
		}
	}
}
