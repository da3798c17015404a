package notice

import "time"

// pace says how many messages may be sent: some at once, and then one each time that every has passed.
type pace struct {
	burst int
	every time.Duration
	// left is how many may be sent at at.
	left int
	at   time.Time
}

func newPace(burst int, every time.Duration, now time.Time) pace {
	return pace{burst: burst, every: every, left: burst, at: now}
}

// advance counts what has become allowed by now.
func (p *pace) advance(now time.Time) {
	passed := int(now.Sub(p.at) / p.every)
	switch {
	case now.Before(p.at): // the clock was set back
		p.at = now
	case p.left+passed >= p.burst:
		p.left, p.at = p.burst, now
	default:
		p.left, p.at = p.left+passed, p.at.Add(time.Duration(passed)*p.every)
	}
}

// wait is how long it is from now until a message may be sent.
func (p *pace) wait(now time.Time) time.Duration {
	p.advance(now)
	if p.left > 0 {
		return 0
	}
	return p.at.Add(p.every).Sub(now)
}

// Retry is the pause after attempts that failed. It doubles each time, up to a last length. The zero Retry
// is ready; it is not for several goroutines.
type Retry struct {
	current time.Duration
	until   time.Time
}

const (
	retryFirst = 5 * time.Second
	retryLast  = 15 * time.Minute
	// settingsFirst and settingsLast are for what will hardly pass by itself. A server may lock
	// out who comes too often with a wrong password.
	settingsFirst = time.Minute
	settingsLast  = time.Hour
	// longestAfter bounds what a server may ask for.
	longestAfter = 24 * time.Hour
)

// Fail begins the next pause: after 5 s and up to 15 minutes, after a wrong setting a minute and up to an hour, and
// never before the time that f asks for (a day at most). spread, from 0 to 1, keeps many who failed at the
// same time from coming back at the same time.
func (r *Retry) Fail(now time.Time, f *Failure, spread float64) {
	first, last := retryFirst, retryLast
	if f != nil && f.Settings {
		first, last = settingsFirst, settingsLast
	}
	r.current = min(max(first, 2*r.current), last)
	pause := r.current + time.Duration(spread*float64(r.current)/4)
	if f != nil {
		pause = max(pause, min(f.After, longestAfter))
	}
	r.until = now.Add(pause)
}

// Reset ends the pause, after an attempt that worked.
func (r *Retry) Reset() { *r = Retry{} }

// Wait is how long the pause still is; 0 or less: it is over.
func (r *Retry) Wait(now time.Time) time.Duration { return r.until.Sub(now) }

// told remembers for a while who was told of.
type told struct {
	once time.Duration
	at   map[string]time.Time
	// tidied is the size after the last time that old ones were left out.
	tidied int
}

// maxTold is how many are remembered at most.
const maxTold = 50_000

func newTold(once time.Duration) told { return told{once: once, at: map[string]time.Time{}} }

// lately says whether target was told of within the last once.
func (t *told) lately(target string, now time.Time) bool {
	at, ok := t.at[target]
	return ok && now.Sub(at) < t.once
}

// note remembers that target was told of at now, and forgets those that matter no more. Of too many,
// any may be forgotten: then it is told of once more.
func (t *told) note(target string, now time.Time) {
	t.at[target] = now
	if len(t.at) < 2*t.tidied+1000 && len(t.at) <= maxTold {
		return
	}
	for target, at := range t.at {
		if now.Sub(at) >= t.once || len(t.at) > maxTold {
			delete(t.at, target)
		}
	}
	t.tidied = len(t.at)
}
