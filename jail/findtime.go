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

// timesPerHost bounds how many failures of one host are kept.
//
// While there is no ban, no closed window of findtime holds maxretry failures, so any span
// of n findtimes holds at most n*(maxretry-1). A failure that is dated up to late before
// the newest one can meet what is dated up to findtime before itself. Keeping all of that
// span makes the decisions those of a jail that forgets nothing. late is findtime, and at
// least the minute that dates may be off in live lines. A few more are kept because in
// catch-up several logs may be read one after another.
func timesPerHost(maxretry int, findtime time.Duration) int {
	late := max(findtime, maxSkew)
	spans := min(1+int((late+findtime-1)/findtime), maxSpans)
	return max(spans*(maxretry-1), fewTimes)
}

// maxSpans is what a findtime of one second needs; those below it keep no more.
const maxSpans = 1 + int(maxSkew/time.Second)

// window looks for maxretry times that lie within findtime, in times that run from the
// newest to the oldest. It says where the latest such window begins (that is its newest
// time) and how many times lie in it. The window is closed: a first and a last time that
// are exactly findtime apart are both in it.
func window(times []int64, maxretry int, findtime time.Duration) (first, n int, ok bool) {
	for first = 0; first+maxretry <= len(times); first++ {
		newest := times[first]
		if newest-times[first+maxretry-1] > int64(findtime) {
			continue
		}
		n = maxretry
		for first+n < len(times) && newest-times[first+n] <= int64(findtime) {
			n++
		}
		return first, n, true
	}
	return 0, 0, false
}
