package jail

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Refresh is RefreshFiles and RefreshAnswers.
func (ig *Ignore) Refresh(ctx context.Context, now time.Time) []error {
	return append(ig.RefreshFiles(now), ig.RefreshAnswers(ctx, now)...)
}

// RefreshFiles reads the files that have changed, and asks for the host's own addresses. It
// returns what is wrong now; what cannot be learned keeps its last known state.
func (ig *Ignore) RefreshFiles(now time.Time) []error {
	if ig == nil {
		return nil
	}
	ig.refreshing.Lock()
	defer ig.refreshing.Unlock()
	changed := ig.refreshSelf()
	var errs []error
	if ig.selfFault != nil {
		errs = append(errs, ig.selfFault)
	}
	for _, l := range ig.files {
		// Nothing here waits for anybody, so there is nothing to cut short.
		changed = ig.take(l, l.ask(context.Background(), now)) || changed
		errs = append(errs, l.errs...)
	}
	if changed {
		ig.build()
	}
	return errs
}

// asksAtOnce is how many name servers, programs and web servers are asked at a time.
const asksAtOnce = 8

// RefreshAnswers asks name servers, programs and web servers for what is due: a name when its TTL
// is over, the others after Every, and those that failed after a minute. It blocks as long as the slowest, 10
// seconds at most, and returns what is wrong now; what cannot be learned keeps its last known
// state.
func (ig *Ignore) RefreshAnswers(ctx context.Context, now time.Time) []error {
	if ig == nil {
		return nil
	}
	ig.asking.Lock()
	defer ig.asking.Unlock()
	slots := make(chan struct{}, asksAtOnce)
	var all sync.WaitGroup
	var changed atomic.Bool
	for _, l := range ig.answers {
		if now.Before(l.next) {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if ig.take(l, l.ask(ctx, now)) {
				changed.Store(true)
			}
		})
	}
	all.Wait()
	if changed.Load() {
		ig.build()
	}
	var errs []error
	for _, l := range ig.answers {
		errs = append(errs, l.errs...)
	}
	return errs
}

// Waits says whether there is somebody whose answer has never been heard.
func (ig *Ignore) Waits() bool {
	if ig == nil {
		return false
	}
	ig.mu.Lock()
	defer ig.mu.Unlock()
	return slices.ContainsFunc(ig.answers, func(l *list) bool { return !l.known })
}

// take makes an answer what the list holds, and says whether that is news.
func (ig *Ignore) take(l *list, a answer) bool {
	if a.same {
		return false
	}
	ig.mu.Lock()
	defer ig.mu.Unlock()
	news := !slices.Equal(l.prefixes, a.prefixes)
	if !l.known || news {
		ig.opts.Memory.note(l.key, a.prefixes)
	}
	l.prefixes, l.known = a.prefixes, true
	return news
}

// build publishes what is known now. The first rule given wins where two are the same.
func (ig *Ignore) build() {
	ig.mu.Lock()
	defer ig.mu.Unlock()
	var rules [2][]rule
	for _, p := range ig.self {
		rules[ignored] = append(rules[ignored], rule{p, "ignoreself"})
	}
	for to, fixed := range ig.fixed {
		rules[to] = append(rules[to], fixed...)
	}
	for _, l := range slices.Concat(ig.answers, ig.files) {
		for _, p := range l.prefixes {
			rules[l.purpose] = append(rules[l.purpose], rule{p, l.rule})
		}
	}
	ig.current.Store(&[2]*ranges{newRanges(rules[ignored]), newRanges(rules[trusted])})
}
