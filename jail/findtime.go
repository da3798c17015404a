package jail

import (
	"time"

	"gaol/filter"
)

// The rules about time: which time a failure has, and which failures lie close
// enough together.

// maxSkew is how far a line that is read as it is written may be dated off the
// clock before its date is taken for wrong; fail2ban's limit, on whole seconds.
const maxSkew = 60 * time.Second

// fewTimes is how many failures of a host are kept at least before the oldest
// leaves, see [timesPerHost].
const fewTimes = 32

// dated is the time at which a failure counts.
type dated struct {
	at time.Time
	// counts is false where no time is known.
	counts bool
	// shift is how far the line's date was off (negative: behind) when it was taken as now.
	shift   time.Duration
	undated bool
}

// dateOf finds the time of f. Read as it is written, a line without a date, or with
// one that is more than a minute off, counts as now. Read later, its own time
// counts. Without one it counts as of the earliest moment at which it can have been written, if
// that is not more than findtime ago: what was written since then lies in one findtime, whenever it
// was. Of a longer time, as that since the zero Since, nobody knows which lines lay close together.
// Nothing lies in the future.
func dateOf(f filter.Failure, findtime time.Duration) dated {
	// Dates before 1970 are no dates that a log can bear; UnixNano could not hold all of them.
	undated := f.Time.IsZero() || f.Time.Unix() < 0
	switch {
	case undated && f.CatchUp && f.Since.Before(f.Read):
		return dated{at: f.Since, counts: f.Read.Sub(f.Since) <= findtime, undated: true}
	case undated:
		return dated{at: f.Read, counts: true, undated: true}
	case !f.CatchUp && skewed(f.Time, f.Read):
		return dated{at: f.Read, counts: true, shift: f.Time.Sub(f.Read)}
	case f.Time.After(f.Read):
		return dated{at: f.Read, counts: true}
	default:
		return dated{at: f.Time, counts: true}
	}
}

func skewed(date, now time.Time) bool {
	off := date.Unix() - now.Unix()
	limit := int64(maxSkew / time.Second)
	return off > limit || off < -limit
}

// keepFor is how long after it was counted, on the reader's clock, a failure may
// still meet another one within findtime: each of the two may be dated off by maxSkew.
func keepFor(findtime time.Duration) time.Duration { return findtime + 2*maxSkew }

// timesPerHost bounds how many failures of one host are kept. One of weight w is kept as w of them,
// at the same time: nothing below needs to know of weights, and as many bytes are enough.
//
// While there is no ban, no closed window of findtime holds most failures, so a closed span of n
// findtimes holds at most n*(most-1). A failure that is dated up to late before the newest one can
// meet what is dated up to findtime before itself. Keeping all of that span makes the
// decisions those of a jail that forgets nothing. late is findtime, and at least what dates
// may be off in live lines: a minute, and the fractions of the seconds that are compared. A few more are
// kept because in catch-up several logs may be read one after another.
//
// What this bounds is what is left behind a failure that has led to no ban. Before that is known,
// the failure's own are there as well.
func timesPerHost(most int, findtime time.Duration) int {
	return max(spansFor(findtime)*(most-1), fewTimes)
}

// spansFor is how many findtimes lie between the newest failure and the oldest that may still matter.
func spansFor(findtime time.Duration) int {
	late := max(findtime, maxSkew+time.Second)
	return min(1+int((late+findtime-1)/findtime), maxSpans)
}

// maxSpans is what a findtime of one second needs; those below it keep no more.
const maxSpans = 2 + int(maxSkew/time.Second)

// window looks for most times that lie within findtime, one of them at, in times that run from the
// newest to the oldest. It says where the latest such window begins (that is its newest
// time) and how many times lie in it. The window is closed: a first and a last time that
// are exactly findtime apart are both in it.
//
// It must hold at, the time of the failure that was counted just now, so that what lies in the
// past is not judged again by rules that have changed since.
func window(times []int64, at int64, most int, findtime time.Duration) (first, n int, ok bool) {
	for first = 0; first+most <= len(times) && times[first] >= at; first++ {
		newest := times[first]
		if newest-at > int64(findtime) || newest-times[first+most-1] > int64(findtime) {
			continue
		}
		n = most
		for first+n < len(times) && newest-times[first+n] <= int64(findtime) {
			n++
		}
		return first, n, true
	}
	return 0, 0, false
}

// anyWindow is window for times of which any may be the one that matters.
func anyWindow(times []int64, most int, findtime time.Duration) (first, n int, ok bool) {
	for skip := range times {
		if first, n, ok := window(times[skip:], times[skip], most, findtime); ok {
			return skip + first, n, true
		}
	}
	return 0, 0, false
}
