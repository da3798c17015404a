package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"gaol/action/notice"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// staleNews is the age from which what an earlier run had no chance to tell is told no more.
const staleNews = 7 * 24 * time.Hour

// post is a queue that tells others, shared by all jails whose configuration says the same of it, so that
// its rate holds for all of them together.
type post struct {
	key, name string
	once      time.Duration
	queue     *notice.Queue
	cancel    context.CancelFunc
	done      chan struct{}
}

// stored is how the store keeps entries.
func (p *post) stored(entries []notice.Entry) []store.Notice {
	notices := make([]store.Notice, 0, len(entries))
	for _, e := range entries {
		notices = append(notices, store.Notice{Seq: e.Seq, Action: p.name, Queue: p.key, Event: encodeEvent(e.Event)})
	}
	return notices
}

// encodeEvent is an event as the store keeps it.
func encodeEvent(e notice.Event) []byte {
	text, _ := json.Marshal(e) // it has no value that JSON lacks
	return text
}

// note adds to changes what a queue wants to be stored.
func (p *post) note(c notice.Changed, changes *store.Changes) {
	changes.Notices = append(changes.Notices, p.stored(c.Put)...)
	changes.NoticesGone = append(changes.NoticesGone, c.Gone...)
	for _, t := range c.Told {
		changes.Told = append(changes.Told, store.Told{Queue: p.key, Target: t.Target, At: t.At, Until: t.At.Add(p.once)})
	}
}

// endPosts ends queues, all at once. A sender that does not notice is left behind.
func (d *Daemon) endPosts(posts []*post) {
	for _, p := range posts {
		p.cancel()
	}
	patience, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	for _, p := range posts {
		select {
		case <-p.done:
			continue
		case <-patience.Done():
		}
		select {
		case <-p.done: // while another was waited for
		default:
			d.log.Error("action hangs and is left behind", "action", p.name, "took", stopWait)
		}
	}
}

// noticeLocked tells the posts of a jail of an event.
func (e *engine) noticeLocked(what string, b jail.Ban, now time.Time, why string, changes *store.Changes) {
	c := e.cells[b.Jail]
	if c == nil || len(c.posts) == 0 {
		return
	}
	event := notice.NewEvent(what, b, now, why)
	text := encodeEvent(event) // once for all: bans of a flood wait for this
	for _, p := range c.posts {
		e.noticed++
		changed := p.queue.Add(notice.Entry{Seq: e.noticed, Event: event})
		if len(changed.Put) > 0 && changed.Put[0].Seq == e.noticed {
			changes.Notices = append(changes.Notices, store.Notice{Seq: e.noticed, Action: p.name, Queue: p.key, Event: text})
			changed.Put = changed.Put[1:]
		}
		p.note(changed, changes)
	}
}

// loadNotices reads what an earlier run did not come to tell.
func (d *Daemon) loadNotices() {
	now := d.opts.Now()
	notices, told, err := d.store.Notices(context.Background(), now)
	if err != nil {
		d.problems.set("", "store:notices", err.Error())
		return
	}
	d.toldOf = map[string][]notice.Told{}
	for _, t := range told {
		d.toldOf[t.Queue] = append(d.toldOf[t.Queue], notice.Told{Target: t.Target, At: t.At})
	}
	for _, n := range notices {
		d.noticed = max(d.noticed, n.Seq)
	}
	d.unclaimed = notices
}

// postLocked gives a cell the posts that its configuration asks for, new ones where there are none yet.
func (t *transition) postLocked(c *cell, j config.Jail) error {
	var posts []*post
	for _, n := range j.Notifiers {
		if !j.Enforce || t.opts.Observe && n.Reports() {
			continue
		}
		p := t.posts[n.Key()]
		if p == nil {
			var err error
			if p, err = t.newPost(n); err != nil {
				return fmt.Errorf("action %s: %w", n.Name, err)
			}
			t.posts[p.key] = p
		}
		posts = append(posts, p)
	}
	c.posts = posts
	return nil
}

// newPost makes a post and starts it.
func (d *Daemon) newPost(n config.Notifier) (*post, error) {
	sender, err := n.Sender()
	if err != nil {
		return nil, err
	}
	p := &post{key: n.Key(), name: n.Name, once: n.Once, done: make(chan struct{})}
	opts := n.Queue(sender)
	opts.Observe, opts.Logger, opts.Now = d.opts.Observe, d.log, d.opts.Now
	opts.Keep = func(c notice.Changed) {
		var changes store.Changes
		p.note(c, &changes)
		// The lock, so that what was added under it is with the writer before it is taken out.
		d.mu.Lock()
		defer d.mu.Unlock()
		d.writer.add(changes)
	}
	p.queue = notice.NewQueue(opts, d.toldOf[p.key])
	delete(d.toldOf, p.key)
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(d.bgCtx)
	go func() {
		defer close(p.done)
		// It returns nil, once ctx has ended.
		_ = p.queue.Run(ctx)
	}()
	return p, nil
}

// retireLocked ends the posts that no jail has any more, and gives what they have not told, and what an
// earlier run had not, to those that have taken their place.
func (t *transition) retireLocked() {
	used := map[*post]bool{}
	for _, c := range t.cells {
		for _, p := range c.posts {
			used[p] = true
		}
	}
	var gone []*post
	for key, p := range t.posts {
		if !used[p] {
			delete(t.posts, key)
			gone = append(gone, p)
		}
	}
	// No jail's name has a blank.
	t.after["the posts"] = append(t.after["the posts"], func() {
		t.endPosts(gone)
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, p := range gone {
			t.unclaimed = append(t.unclaimed, p.stored(p.queue.Waiting())...)
		}
		t.claimLocked()
	})
}

// claimLocked gives notices without a post to the one that was meant, or else to the first one of its
// name: settings may have changed since. Without either they are kept; the action may come back.
func (d *Daemon) claimLocked() {
	var changes store.Changes
	now := d.opts.Now()
	posts := slices.SortedFunc(maps.Values(d.posts), func(a, b *post) int { return cmp.Compare(a.key, b.key) })
	d.unclaimed = slices.DeleteFunc(d.unclaimed, func(n store.Notice) bool {
		var event notice.Event
		if err := json.Unmarshal(n.Event, &event); err != nil || now.Sub(event.Time) > staleNews {
			changes.NoticesGone = append(changes.NoticesGone, n.Seq)
			return true
		}
		p := d.posts[n.Queue]
		if p == nil {
			i := slices.IndexFunc(posts, func(p *post) bool { return p.name == n.Action })
			if i < 0 {
				return false
			}
			p = posts[i]
		}
		p.note(p.queue.Resume(notice.Entry{Seq: n.Seq, Event: event}), &changes)
		return true
	})
	if len(changes.Notices)+len(changes.NoticesGone) > 0 {
		d.writer.add(changes)
	}
}

// stopPosts ends all posts before the store's writer ends. What they have not told is in the store.
func (d *Daemon) stopPosts() {
	d.mu.Lock()
	posts := slices.Collect(maps.Values(d.posts))
	d.mu.Unlock()
	d.endPosts(posts)
}
