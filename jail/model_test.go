package jail_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// model is a jail that keeps every failure for ever and looks at all of them each time.
type model struct {
	opts  jail.Options
	times map[netip.Prefix][]time.Time
	bans  map[netip.Prefix]modelBan
}

type modelBan struct {
	start, end time.Time
	leaves     time.Time
	over       bool
}

// decision is what is compared.
type decision struct {
	What       string
	Start, End time.Time
	Failures   int
}

func (m *model) observe(f filter.Failure) decision {
	at, counts := m.date(f)
	if !counts {
		return decision{What: "undated"}
	}
	if b, banned := m.bans[f.Prefix]; banned && at.Before(b.end) {
		return decision{What: "already banned"}
	}
	m.times[f.Prefix] = append(m.times[f.Prefix], at)
	all := slices.SortedFunc(slices.Values(m.times[f.Prefix]), func(a, b time.Time) int { return b.Compare(a) })
	for _, newest := range all {
		n := 0
		for _, t := range all {
			if !t.After(newest) && newest.Sub(t) <= m.opts.FindTime {
				n++
			}
		}
		if n >= m.opts.MaxRetry {
			return m.ban(f, newest, n)
		}
	}
	return decision{What: "counted"}
}

func (m *model) ban(f filter.Failure, start time.Time, n int) decision {
	b := modelBan{start: start, end: start.Add(m.opts.BanTime)}
	b.leaves, b.over = b.end, !f.Read.Before(b.end)
	d := decision{What: "ban", Start: b.start, End: b.end, Failures: n}
	if b.over {
		d.What = "expired"
		b.leaves = f.Read.Add(m.opts.FindTime + 2*time.Minute)
	}
	m.bans[f.Prefix] = b
	m.times[f.Prefix] = slices.DeleteFunc(m.times[f.Prefix], b.end.After)
	return d
}

func (m *model) date(f filter.Failure) (time.Time, bool) {
	off := f.Time.Unix() - f.Read.Unix()
	switch {
	case f.Time.IsZero() && f.CatchUp:
		return f.Since, !f.Since.IsZero() && f.Read.Sub(f.Since) <= m.opts.FindTime
	case f.Time.IsZero():
		return f.Read, true
	case !f.CatchUp && (off > 60 || off < -60), f.Time.After(f.Read):
		return f.Read, true
	default:
		return f.Time, true
	}
}

func (m *model) expire(now time.Time) {
	for p, b := range m.bans {
		if !b.leaves.After(now) {
			delete(m.bans, p)
		}
	}
}

func decided(out jail.Outcome) decision {
	made := func(what string, b *jail.Ban) decision {
		return decision{What: what, Start: b.Start, End: b.End, Failures: b.Failures}
	}
	switch {
	case out.Ban != nil:
		return made("ban", out.Ban)
	case out.Expired != nil:
		return made("expired", out.Expired)
	case out.AlreadyBanned:
		return decision{What: "already banned"}
	case out.Counted != nil:
		return decision{What: "counted"}
	default:
		return decision{What: "undated"}
	}
}

func sameDecision(a, b decision) bool {
	return a.What == b.What && a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.Failures == b.Failures
}

// stream makes random failures of a few hosts, out of order within what a jail promises to bear.
type stream struct {
	rnd     *rand.Rand
	now     time.Time
	opts    jail.Options
	catchUp bool
	newest  map[netip.Prefix]time.Time
}

func (s *stream) next() filter.Failure {
	f := filter.Failure{
		Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(s.rnd.IntN(3))}), 32),
		Read:   s.now, CatchUp: s.catchUp, Lines: []string{"line"},
	}
	if s.catchUp {
		if s.rnd.IntN(20) > 0 {
			f.Time = s.past(f.Prefix)
		} else if s.rnd.IntN(2) == 0 {
			f.Since = s.now.Add(-s.upTo(2 * s.opts.FindTime))
		}
		return f
	}
	s.now = s.now.Add(s.upTo(s.opts.FindTime / time.Duration(s.opts.MaxRetry)))
	f.Read = s.now
	switch s.rnd.IntN(10) {
	case 0: // undated
	case 1:
		f.Time = s.now.Add(s.upTo(2*time.Hour) - time.Hour)
	case 2:
		f.Time = s.now.Truncate(time.Second)
	default:
		f.Time = s.now.Add(-s.upTo(time.Minute))
	}
	return f
}

// past is a time in a log that was written before, at most FindTime before the newest of
// its host. Whole seconds make equal times and exact ends of windows likely.
func (s *stream) past(p netip.Prefix) time.Time {
	newest := s.newest[p]
	if newest.IsZero() {
		newest = s.now.Add(-24 * time.Hour)
	}
	at := newest.Add(-s.upTo(s.opts.FindTime))
	if s.rnd.IntN(2) == 0 {
		at = newest.Add(s.upTo(s.opts.FindTime))
	}
	at = at.Truncate(time.Second)
	if at.Before(newest.Add(-s.opts.FindTime)) {
		at = newest
	}
	if at.After(newest) && at.Before(s.now) {
		s.newest[p] = at
	}
	return at
}

func (s *stream) upTo(d time.Duration) time.Duration {
	return time.Duration(s.rnd.Int64N(int64(d) + 1))
}

// kept is what a store would have of a jail.
type kept struct {
	counted []jail.Counted
	bans    []jail.Ban
}

func (k *kept) take(out jail.Outcome) {
	if out.Counted != nil {
		k.counted = append(k.counted, *out.Counted)
	}
	for _, b := range []*jail.Ban{out.Ban, out.Expired} {
		if b == nil {
			continue
		}
		k.bans = append(k.bans, *b)
		k.counted = slices.DeleteFunc(k.counted, func(c jail.Counted) bool { return c.Prefix == b.Prefix && c.Time.Before(b.End) })
	}
}

func TestDecisionsAreThoseOfAJailThatForgetsNothing(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int)
	for seed := range uint64(200) {
		checkAgainstModel(t, seed, seen)
	}
	t.Log(seen)
	for _, what := range []string{"counted", "ban", "expired", "already banned", "undated"} {
		if seen[what] < 100 {
			t.Errorf("%d decisions of kind %q: the streams do not test much", seen[what], what)
		}
	}
}

func checkAgainstModel(t *testing.T, seed uint64, seen map[string]int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 4))
	pick := func(d ...time.Duration) time.Duration { return d[rnd.IntN(len(d))] }
	opts := jail.Options{
		Name: "model", MaxRetry: 1 + rnd.IntN(7),
		FindTime: pick(time.Second, 7*time.Second, time.Minute, 10*time.Minute, 24*time.Hour),
		BanTime:  pick(time.Second, time.Minute, time.Hour, 100*time.Hour),
	}
	start := time.Date(2026, 3, 10, 21, 31, 23, 899e6, time.UTC)
	s := &stream{rnd: rnd, now: start, opts: opts, catchUp: true, newest: make(map[netip.Prefix]time.Time)}
	m := &model{opts: opts, times: make(map[netip.Prefix][]time.Time), bans: make(map[netip.Prefix]modelBan)}
	j := newJail(t, opts)
	var k kept
	catchUps := rnd.IntN(250)
	for step := range 500 {
		s.catchUp = step < catchUps
		f := s.next()
		out := j.Observe(f)
		k.take(out)
		got, want := decided(out), m.observe(f)
		if !sameDecision(got, want) {
			t.Fatalf("seed %d, step %d, %+v:\ngot  %+v\nwant %+v", seed, step, f, got, want)
		}
		seen[got.What]++
		if rnd.IntN(8) == 0 {
			j.Expire(s.now)
			m.expire(s.now)
		}
		if rnd.IntN(40) == 0 {
			j = restarted(t, j, k, s.now, m)
		}
	}
}

// restarted is a new jail with what the store has kept of j.
func restarted(t *testing.T, j *jail.Jail, k kept, now time.Time, m *model) *jail.Jail {
	t.Helper()
	fresh := newJail(t, m.opts)
	fresh.Restore(k.bans, nil, now)
	for _, c := range k.counted {
		fresh.RestoreFailure(c, now)
	}
	for p, b := range m.bans { // what is over is not restored
		if b.over || !b.end.After(now) {
			delete(m.bans, p)
		}
	}
	if got, want := len(fresh.Banned()), len(j.Banned()); got > want {
		t.Fatalf("%d bans after a restart, %d before", got, want)
	}
	return fresh
}

func newJail(t testing.TB, opts jail.Options) *jail.Jail {
	t.Helper()
	j, err := jail.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func ExampleJail_Observe() {
	j, err := jail.New(jail.Options{Name: "sshd", MaxRetry: 3, FindTime: 10 * time.Minute, BanTime: time.Hour})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	for range 3 {
		now = now.Add(time.Minute)
		out := j.Observe(filter.Failure{Prefix: netip.MustParsePrefix("192.0.2.6/32"), Time: now, Read: now})
		if out.Ban != nil {
			fmt.Println("banned", out.Ban.Target(), "until", out.Ban.End.UTC().Format(time.TimeOnly))
		}
	}
	// Output: banned 192.0.2.6 until 22:34:23
}
