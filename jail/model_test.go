package jail_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// model is a jail that keeps everything for ever and counts by definition, each time anew. It is what a jail's
// decisions are compared with: slow, and obvious.
type model struct {
	opts jail.Options
	// failures that were counted and are in no ban, and the times at which each was let in.
	failures map[jail.Key][]modelFailure
	let      map[jail.Key][]time.Time
	// bans hold, or did not long ago; made are all, and earlier counts them as the jail does.
	bans    map[jail.Key]modelBan
	made    map[jail.Key][]modelBan
	earlier map[jail.Key]int
}

type modelFailure struct {
	at     time.Time
	weight int
}

type modelBan struct {
	start, end time.Time // end zero: never
	leaves     time.Time // zero: never
	over       bool      // when it was found out
	count      int
}

func newModel(opts jail.Options) *model {
	return &model{
		opts: opts, failures: map[jail.Key][]modelFailure{}, let: map[jail.Key][]time.Time{}, bans: map[jail.Key]modelBan{},
		made: map[jail.Key][]modelBan{}, earlier: map[jail.Key]int{},
	}
}

// clone is for a crash, which takes back what was not stored.
func (m *model) clone() *model {
	c := *m
	c.failures, c.let, c.bans = cloneLists(m.failures), cloneLists(m.let), maps.Clone(m.bans)
	c.made, c.earlier = cloneLists(m.made), maps.Clone(m.earlier)
	return &c
}

func cloneLists[T any](m map[jail.Key][]T) map[jail.Key][]T {
	c := make(map[jail.Key][]T, len(m))
	for k, list := range m {
		c[k] = slices.Clone(list)
	}
	return c
}

// decision is what is compared.
type decision struct {
	What            string
	Start, End      time.Time
	Failures, Count int
}

func (m *model) observe(f filter.Failure) decision {
	at, counts := m.date(f, m.opts.FindTime)
	if !counts {
		return decision{What: "undated"}
	}
	if m.banned(f, at) {
		return decision{What: "already banned"}
	}
	who := m.who(f)
	m.failures[who] = append(m.failures[who], modelFailure{at, max(f.Weight, 1)})
	// Each window that has the new failure in it ends with one of the failures: the latest decides.
	var latest time.Time
	most := 0
	for _, newest := range m.failures[who] {
		n := m.within(who, newest.at)
		inWindow := !at.After(newest.at) && newest.at.Sub(at) <= m.opts.FindTime
		if inWindow && n >= m.needed(who, at) && (most == 0 || newest.at.After(latest)) {
			latest, most = newest.at, n
		}
	}
	if most == 0 {
		return decision{What: "counted"}
	}
	return m.ban(who, latest, most, f.Read)
}

// within is how many failures there are in the closed window that ends with newest.
func (m *model) within(who jail.Key, newest time.Time) (n int) {
	for _, f := range m.failures[who] {
		if !f.at.After(newest) && newest.Sub(f.at) <= m.opts.FindTime {
			n += f.weight
		}
	}
	return n
}

// needed is how many failures lead to a ban.
func (m *model) needed(who jail.Key, at time.Time) int {
	if m.opts.TrustTime > 0 {
		for _, let := range m.let[who] {
			if at.Sub(let) <= m.opts.TrustTime {
				return m.opts.MaxRetry + m.opts.TrustRetry
			}
		}
	}
	return m.opts.MaxRetry
}

func (m *model) trust(s filter.Success) {
	if at, _ := m.date(filter.Failure(s), m.opts.TrustTime); !at.IsZero() && m.opts.TrustTime > 0 {
		who := m.who(filter.Failure(s))
		m.let[who] = append(m.let[who], at)
	}
}

// who is by what a failure is counted.
func (m *model) who(f filter.Failure) jail.Key {
	if f.ID != "" {
		return jail.Key{ID: f.ID}
	}
	length := m.opts.IPv6Prefix
	if f.Prefix.Addr().Is4() {
		length = m.opts.IPv4Prefix
	}
	return jail.Key{Prefix: netip.PrefixFrom(f.Prefix.Addr(), min(length, f.Prefix.Bits())).Masked()}
}

// banned says whether a ban holds whom a failure names, which then falls into it.
func (m *model) banned(f filter.Failure, at time.Time) bool {
	for k, b := range m.bans {
		named := f.ID != "" && k.ID == f.ID || f.ID == "" && k.ID == "" && k.Prefix.Contains(f.Prefix.Addr())
		if named && (b.end.IsZero() || at.Before(b.end)) {
			return true
		}
	}
	return false
}

func (m *model) ban(who jail.Key, start time.Time, n int, now time.Time) decision {
	b := modelBan{start: start, end: start.Add(m.opts.Increment.BanTime(m.opts.BanTime, m.earlier[who], nil))}
	if m.opts.BanTime == jail.Forever {
		b.end = time.Time{}
	}
	m.earlier[who]++
	b.count = m.earlier[who]
	b.leaves, b.over = b.end, !b.end.IsZero() && !now.Before(b.end)
	d := decision{What: "ban", Start: b.start, End: b.end, Failures: n, Count: b.count}
	if b.over {
		d.What = "expired"
		b.leaves = now.Add(m.opts.FindTime + 2*time.Minute)
	}
	m.bans[who] = b
	m.made[who] = append(m.made[who], b)
	m.failures[who] = slices.DeleteFunc(m.failures[who], func(f modelFailure) bool { return b.end.IsZero() || f.at.Before(b.end) })
	return d
}

// date is when a failure was; not counts: nobody knows.
func (m *model) date(f filter.Failure, findtime time.Duration) (at time.Time, counts bool) {
	off := f.Time.Unix() - f.Read.Unix()
	switch {
	case f.Time.IsZero() && f.CatchUp:
		return f.Since, !f.Since.IsZero() && f.Read.Sub(f.Since) <= findtime
	case f.Time.IsZero():
		return f.Read, true
	case !f.CatchUp && (off > 60 || off < -60), f.Time.After(f.Read):
		return f.Read, true
	default:
		return f.Time, true
	}
}

func (m *model) expire(now time.Time) {
	maps.DeleteFunc(m.bans, func(_ jail.Key, b modelBan) bool { return !b.leaves.IsZero() && !b.leaves.After(now) })
}

// restart forgets what no store keeps: bans that are over, and that there were two of one target with the
// same start.
func (m *model) restart(now time.Time) {
	maps.DeleteFunc(m.bans, func(_ jail.Key, b modelBan) bool { return b.over || !b.end.IsZero() && !b.end.After(now) })
	for who, made := range m.made {
		most := 0
		var starts []time.Time
		for _, b := range made {
			if most = max(most, b.count); !slices.ContainsFunc(starts, b.start.Equal) {
				starts = append(starts, b.start)
			}
		}
		m.earlier[who] = max(len(starts), most)
	}
}

// inForce lists the bans that a jail would tell of.
func (m *model) inForce() []string {
	var list []string
	for k, b := range m.bans {
		if !b.over {
			list = append(list, fmt.Sprint(k.Prefix, k.ID, b.start.UnixNano(), b.end.Unix(), b.count))
		}
	}
	slices.Sort(list)
	return list
}

func inForce(j *jail.Jail) []string {
	var list []string
	for _, b := range j.Banned() {
		list = append(list, fmt.Sprint(b.Prefix, b.ID, b.Start.UnixNano(), b.End.Unix(), b.Count))
	}
	slices.Sort(list)
	return list
}

func decided(out jail.Outcome) decision {
	made := func(what string, b *jail.Ban) decision {
		return decision{What: what, Start: b.Start, End: b.End, Failures: b.Failures, Count: b.Count}
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
	return a.What == b.What && a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.Failures == b.Failures && a.Count == b.Count
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
