package daemon

import (
	"net/netip"
	"sync"
	"time"

	"gaol/filter"
	"gaol/jail/source"
)

// tap is where the filter of one jail meets one source. It holds what the
// filter remembers from line to line, and figures for status.
type tap struct {
	mu       sync.Mutex
	matcher  *filter.Matcher
	lines    int64
	matched  int64
	lastLine time.Time
	// familiar says whether the filter still understands the log.
	familiar familiarity
	// trusts says who is a trusted proxy; proxies hears of those that stood where a client should be.
	trusts  func(netip.Addr) bool
	proxies *accusedProxies
}

func newTap(f *filter.Filter, trusts func(netip.Addr) bool, proxies *accusedProxies) *tap {
	t := &tap{matcher: f.NewMatcher(), familiar: familiarity{watchful: f.Watchful()}, trusts: trusts, proxies: proxies}
	t.matcher.Trust(trusts)
	return t
}

// sighting is what a line says of a host: that it failed or, with success, that it was let in.
type sighting struct {
	filter.Failure
	success bool
}

// match returns the failures and successes in a batch; candidates are those of its lines that can hold
// any. A rotated file and its successor may meet here at the same time; they take
// turns.
func (t *tap) match(batch source.Batch, candidates filter.Candidates) []sighting {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sightings []sighting
	before := t.matched
	saw := func(f filter.Failure, success bool) {
		f.Since = batch.Since
		sightings = append(sightings, sighting{f, success})
	}
	t.matcher.MatchAll(candidates, func(_ int, result filter.Result) {
		if result.Verdict != filter.Missed && result.Verdict != filter.Ignored {
			t.matched += int64(1 + len(result.Earlier))
		}
		if result.Failure != nil {
			saw(*result.Failure, false)
		}
		if result.Success != nil {
			saw(filter.Failure(*result.Success), true)
		}
	})
	if n := len(batch.Lines); n > 0 {
		t.lines += int64(n)
		t.lastLine = batch.Lines[n-1].Read
		t.familiar.see(t.matcher, batch.Lines, t.matched > before)
		if a := t.matcher.Proxied(); a.IsValid() {
			t.proxies.see(netip.PrefixFrom(a, a.BitLen()), t.lastLine)
		}
	}
	return sightings
}

// use continues with another filter, as after a reload.
func (t *tap) use(f *filter.Filter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := f.NewMatcher()
	next.Trust(t.trusts)
	next.Resume(t.matcher)
	t.matcher, t.familiar = next, familiarity{watchful: f.Watchful()}
}

// runaways are the patterns that took too many steps.
func (t *tap) runaways() []filter.Runaway {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.matcher.Runaways()
}

// strangeness says that the filter no longer understands the log; "": it does.
func (t *tap) strangeness() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.familiar.problem()
}

func (t *tap) figures() (lines, matched int64, lastLine time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines, t.matched, t.lastLine
}
