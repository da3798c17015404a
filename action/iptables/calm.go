package iptables

import (
	"context"
	"time"
)

// Who changes rules step by step, as a reload of firewalld does, fails now and then if others change them at the same time:
// gaol puts back what was lost once nothing has changed for a while, but does not wait for long.
const (
	calmFor      = 100 * time.Millisecond
	calmPatience = 300 * time.Millisecond
	calmLook     = 10 * time.Millisecond
)

// awaitCalm returns once nobody has changed rules for calmFor, after calmPatience at the latest, or when ctx is done.
func (f *family) awaitCalm(ctx context.Context) {
	began := time.Now()
	since, mark := began, f.changes(ctx)
	for mark != "" && time.Since(since) < calmFor && time.Since(began) < calmPatience {
		select {
		case <-ctx.Done():
			return
		case <-time.After(calmLook):
		}
		if now := f.changes(ctx); now != mark {
			since, mark = time.Now(), now
		}
	}
}
