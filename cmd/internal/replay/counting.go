package replay

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// counting has the jails count the failures of all logs, in the order of their dates.
type counting struct {
	result  *Result
	players []*player
	// increments says that a jail counts the bans of all.
	increments bool
}

func incrementsOverall(players []*player) bool {
	return slices.ContainsFunc(players, func(p *player) bool { return p.Increment.Enabled && p.Increment.OverallJails })
}

// run reads all logs at the same time, each as far as the others have come.
func (c *counting) run(ctx context.Context, streams []*stream) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	// Whoever waits for his hits to be taken must be told to stop.
	defer running.Wait()
	defer stop()
	var heads heads
	for _, s := range streams {
		s.hits = make(chan []hit, hitsAhead)
		running.Go(func() { s.run(ctx) })
	}
	for _, s := range streams {
		h := &head{stream: s}
		ok, err := h.fill()
		if err != nil {
			return err
		}
		if ok {
			heads = append(heads, h)
		}
	}
	heap.Init(&heads)
	for len(heads) > 0 {
		h := heads[0]
		c.count(h.stream, &h.hits[0])
		h.hits = h.hits[1:]
		ok, err := h.fill()
		switch {
		case err != nil:
			return err
		case !ok:
			heap.Pop(&heads)
		case len(heads) > 1:
			heap.Fix(&heads, 0)
		}
	}
	return nil
}

// head is the next hit of a log.
type head struct {
	stream *stream
	hits   []hit
}

// fill waits for the log's next hit; not ok: it has no more.
func (h *head) fill() (ok bool, err error) {
	for len(h.hits) == 0 {
		if h.hits, ok = <-h.stream.hits; !ok {
			return false, h.stream.err
		}
	}
	return true, nil
}

// heads is a heap by clock.
type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].hits[0].clock < h[j].hits[0].clock }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(*head)) }

func (h *heads) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// count has a jail take in one failure or success.
func (c *counting) count(s *stream, h *hit) {
	p := s.players[h.player]
	if h.success {
		if !h.undated && h.clock != 0 {
			p.jail.Trust(filter.Success(h.asFailure()))
		}
		return
	}
	c.result.Failures++
	if h.undated {
		if h.clock == 0 {
			p.lost++
			return
		}
		p.undated++
	}
	// Like a daemon that catches up, the jails are not told to forget what is over by now: a line
	// that is dated out of order may be of that time.
	out := c.observe(p, h.asFailure())
	switch {
	case out.Unresolved != "":
		p.unresolved++
	case out.Ignored != "":
		c.result.Ignored++
	}
}

func (h *hit) asFailure() filter.Failure {
	return filter.Failure{
		Time: time.Unix(0, h.at), Read: time.Unix(0, h.clock), CatchUp: true, Prefix: h.prefix, ID: h.id, Host: h.host, Weight: int(h.weight),
	}
}

// observe has a jail count a failure, and does with what that leads to as the daemon does.
func (c *counting) observe(p *player, f filter.Failure) jail.Outcome {
	out := p.jail.Observe(f)
	c.result.Timeline.failed(p.Name, out, f.Time.UnixNano())
	for _, b := range []*jail.Ban{out.Ban, out.Expired} {
		if b != nil {
			c.record(*b)
			c.relapse(p, *b, f.Read)
		}
	}
	if out.Network != nil {
		c.record(*out.Network)
	}
	return out
}

// record keeps a ban, and tells the jails of it that count the bans of all.
func (c *counting) record(b jail.Ban) {
	c.result.Bans = append(c.result.Bans, b)
	if !c.increments {
		return
	}
	for _, p := range c.players {
		p.jail.Note(b)
	}
}

// relapse hands a ban to the jails whose failures are the bans of others.
func (c *counting) relapse(from *player, b jail.Ban, read time.Time) {
	if from.Bans {
		return
	}
	f, ok := b.Relapse(read, true)
	if !ok {
		return
	}
	for _, p := range c.players {
		if p.Bans && (from.Enforce || !p.Enforce) {
			c.observe(p, f)
		}
	}
}

// sumUp takes what is known once all logs have been read.
func (c *counting) sumUp(streams []*stream) {
	r := c.result
	for _, s := range streams {
		r.Lines += s.lines
		r.span(s.files[0].first)
		r.span(s.dateOf(s.last))
	}
	for _, p := range c.players {
		r.Notes = append(r.Notes, p.notes()...)
	}
	r.Timeline.finish(r)
}

// span widens From and To to a date.
func (r *Result) span(at time.Time) {
	if at.IsZero() {
		return
	}
	if r.From.IsZero() || at.Before(r.From) {
		r.From = at
	}
	if at.After(r.To) {
		r.To = at
	}
}
