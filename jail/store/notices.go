package store

import (
	"context"
	"time"
)

// Notice is something that others have yet to be told.
type Notice struct {
	// Seq names it, and tells the order.
	Seq int64
	// Action is the name of the action that tells, Queue which of that name.
	Action, Queue string
	// Event is what is told, a JSON document.
	Event []byte
}

// Told says when a target was told of last, and until when that matters.
type Told struct {
	Queue, Target string
	At, Until     time.Time
}

// Notices reads what was not told in an earlier run, in order, and whom others were told of that still
// matter at now.
func (s *Store) Notices(ctx context.Context, now time.Time) (notices []Notice, told []Told, err error) {
	err = s.do("loading what is yet to be told", func() error {
		notices, told = nil, nil
		l := loader{ctx: ctx, db: s.db}
		l.query(`SELECT seq, action, queue, event FROM notices ORDER BY seq`, nil, func(scan func(...any) error) error {
			var n Notice
			err := scan(&n.Seq, &n.Action, &n.Queue, &n.Event)
			notices = append(notices, n)
			return err
		})
		l.query(`SELECT queue, target, at, until FROM told WHERE until > ?`, []any{nanos(now)}, func(scan func(...any) error) error {
			var t Told
			var at, until int64
			err := scan(&t.Queue, &t.Target, &at, &until)
			t.At, t.Until = timeOf(at), timeOf(until)
			told = append(told, t)
			return err
		})
		return l.err
	})
	return notices, told, err
}

// notices stores what is to be told and what has been. A notice that came and went goes, and of one that has
// changed again and again, as in a flood, only what it is at last is written.
func (w *writer) notices(c Changes) {
	last := make(map[int64]int, len(c.Notices)) // by number: the index of what it is at last
	for i, n := range c.Notices {
		last[n.Seq] = i
	}
	gone, put := w.rows(&w.stmts.noticeGone), w.rows(&w.stmts.notice)
	for _, seq := range c.NoticesGone {
		delete(last, seq)
		gone.add(seq)
	}
	gone.flush()
	for i, n := range c.Notices {
		if at, ok := last[n.Seq]; ok && at == i {
			put.add(n.Seq, n.Action, n.Queue, string(n.Event))
		}
	}
	put.flush()
	for _, t := range c.Told {
		w.exec(w.stmts.told, t.Queue, t.Target, nanos(t.At), nanos(t.Until))
	}
}
