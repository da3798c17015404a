package jail_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// event is what a line says: a failure or a success.
type event struct {
	filter.Failure
	success bool
}

// stream makes random lines of a few hosts and users, out of order within what a jail promises to bear, some of
// them twice, and now and then another configuration.
type stream struct {
	rnd  *rand.Rand
	now  time.Time
	opts jail.Options
	// catchUp: the lines were written before.
	catchUp bool
	// wild lines are dated an hour off. They are left out where lines may be read again after a crash:
	// then their own date counts, and that is further out of order than lines can be.
	wild bool
	// begin is where a log begins that was written before; newest is the latest date of each host in it.
	begin  time.Time
	newest map[target]time.Time
	last   event
}

// target is whom a line is of, a number each.
type target int

const targets = 9

func newStream(seed uint64) *stream {
	s := &stream{
		rnd: rand.New(rand.NewPCG(seed, 4)), now: time.Date(2026, 3, 10, 21, 31, 23, 899e6, time.UTC), catchUp: true,
		newest: map[target]time.Time{},
	}
	s.wild = s.rnd.IntN(3) == 0
	s.begin = s.now.Add(-24 * time.Hour)
	s.opts = jail.Options{Name: fmt.Sprint("jail-", seed)}
	s.options()
	return s
}

// options sets all options anew.
func (s *stream) options() {
	pick := func(d ...time.Duration) time.Duration { return d[s.rnd.IntN(len(d))] }
	s.opts.FindTime = pick(time.Second, 7*time.Second, time.Minute, 10*time.Minute, 24*time.Hour)
	s.opts.TrustTime = pick(0, time.Second, 5*time.Minute, time.Hour, 48*time.Hour)
	s.gentleOptions()
}

// gentleOptions sets those that may change at any time. The others may only become shorter then: with
// longer ones a jail would have to know what it has forgotten.
func (s *stream) gentleOptions() {
	pick := func(n ...int) int { return n[s.rnd.IntN(len(n))] }
	s.opts.MaxRetry = pick(1, 2, 3, 4, 5, 5, 7, 12, 40)
	s.opts.TrustRetry = pick(1, 3, 10)
	s.opts.BanTime = time.Duration(pick(1, 5, 60, 60, 600, 3600, 360_000)) * time.Second
	if s.rnd.IntN(50) == 0 {
		s.opts.BanTime = jail.Forever
	}
	s.opts.Increment = jail.Increment{Enabled: s.rnd.IntN(2) == 0, Factor: float64(pick(1, 2)), MaxTime: time.Duration(pick(0, 1)) * time.Hour}
	if s.rnd.IntN(2) == 0 {
		s.opts.Increment.Multipliers = []int{1, 3, 2}
	}
	s.opts.IPv4Prefix, s.opts.IPv6Prefix = pick(32, 32, 24), pick(64, 56, 128)
	if s.rnd.IntN(4) == 0 {
		s.opts.FindTime = max(s.opts.FindTime/2, time.Second)
		s.opts.TrustTime /= 2
	}
}

// pause lets so much time go by that all options may change.
func (s *stream) pause() {
	before := s.opts
	s.options()
	longest := max(before.FindTime, s.opts.FindTime, before.TrustTime, s.opts.TrustTime)
	s.now = s.now.Add(4*longest + time.Hour)
	s.begin = s.now
	clear(s.newest)
}

func (s *stream) next() event {
	if s.rnd.IntN(20) == 0 && s.last.Read.Equal(s.now) {
		return s.last // once more
	}
	who := target(s.rnd.IntN(targets))
	e := event{Failure: filter.Failure{CatchUp: s.catchUp, Lines: []string{"line"}, User: "root"}, success: s.rnd.IntN(12) == 0}
	if who < 2 {
		e.ID = []string{"eve", "joe"}[who]
	} else {
		e.Prefix = prefixes[who-2]
	}
	if s.rnd.IntN(4) == 0 {
		e.Weight = 1 + s.rnd.IntN(s.rnd.IntN(8)+1)
	}
	s.date(&e, who)
	e.Read = s.now
	s.last = e
	return e
}

// prefixes are hosts of which some share a wider prefix.
var prefixes = [targets - 2]netip.Prefix{
	netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32"), netip.MustParsePrefix("198.51.100.1/32"),
	netip.MustParsePrefix("2001:db8::1/128"), netip.MustParsePrefix("2001:db8::2/128"), netip.MustParsePrefix("2001:db8:0:1::1/128"),
	netip.MustParsePrefix("2001:db8:1::/48"),
}

// date gives an event its time, and lets some go by.
func (s *stream) date(e *event, who target) {
	if s.catchUp {
		if s.rnd.IntN(20) > 0 {
			e.Time = s.past(who)
		} else if s.rnd.IntN(2) == 0 {
			e.Since = s.now.Add(-s.upTo(2 * s.opts.FindTime))
		}
		return
	}
	s.now = s.now.Add(s.upTo(min(2*s.opts.FindTime/time.Duration(s.opts.MaxRetry), time.Hour)))
	switch s.rnd.IntN(10) {
	case 0: // undated
	case 1:
		if s.wild {
			e.Time = s.now.Add(s.upTo(2*time.Hour) - time.Hour)
		}
	case 2:
		e.Time = s.now.Truncate(time.Second)
	default:
		e.Time = s.now.Add(-s.upTo(time.Minute))
	}
}

// past is a time in a log that was written before, at most FindTime before the newest of
// its host, however it is counted. Whole seconds make equal times and exact ends of windows likely.
func (s *stream) past(who target) time.Time {
	group := who
	if who >= 2 {
		group = 2 // hosts may be counted together
	}
	newest := s.newest[group]
	if newest.IsZero() {
		newest = s.begin
	}
	at := newest.Add(-s.upTo(s.opts.FindTime))
	if s.rnd.IntN(2) == 0 {
		at = newest.Add(s.upTo(s.opts.FindTime / 4))
	}
	at = at.Truncate(time.Second)
	if at.Before(newest.Add(-s.opts.FindTime)) {
		at = newest
	}
	if at.After(newest) && at.Before(s.now) {
		s.newest[group] = at
	}
	return at
}

func (s *stream) upTo(d time.Duration) time.Duration {
	return time.Duration(s.rnd.Int64N(int64(d) + 1))
}
