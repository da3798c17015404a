package jail

import (
	"time"
)

// Standing is what a jail has against a target.
type Standing struct {
	// Bans are those in force that touch the target.
	Bans []Ban
	// Hosts is how many hosts that touch the target have failures that are kept. Failures is how many
	// of them count now against the one that is nearest to a ban: those within FindTime. The
	// first of these counts until Until.
	Hosts    int
	Nearest  Key
	Failures int
	Until    time.Time
	// Kept are the failures of that host that are kept, the newest first, at most maxKept. Where there
	// are many, only the newest have their lines; the store has them all.
	Kept []Counted
	// Ignored is the rule by which all of the target is ignored; "": none.
	Ignored string
	// Needed failures within FindTime lead to a ban of that host. It is trusted, and so needs more,
	// until Trusted; zero: it is not.
	Needed   int
	FindTime time.Duration
	Trusted  time.Time
}

// maxKept bounds Standing.Kept.
const maxKept = 100

// About says what the jail has against a target at now. A prefix is touched by all that lies in
// it and all that it lies in. It looks at all bans and hosts, as it is asked by hand, seldom.
func (j *Jail) About(target Key, now time.Time) Standing {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Standing{FindTime: j.opts.FindTime}
	who := target.key()
	touches := func(k key) bool { return k.within(who) || who.within(k) }
	for k, e := range j.bans.byKey {
		if e.running && !e.ban.Over(now) && touches(k) {
			s.Bans = append(s.Bans, e.ban)
		}
	}
	sortBans(s.Bans)
	nearest := uint32(0)
	for k, i := range j.hosts.all() {
		if !touches(k) {
			continue
		}
		s.Hosts++
		if n, until := j.counting(i, now); nearest == 0 || n > s.Failures {
			nearest, s.Failures, s.Until = i, n, until
		}
	}
	host := who
	if target.ID == "" && target.Prefix.IsSingleIP() {
		host = prefixKey(j.counted(target.Prefix))
	}
	if nearest != 0 {
		host = j.hosts.hosts.at(nearest).key
		s.Kept = j.kept(nearest)
		s.Nearest = Key{Prefix: s.Kept[0].Prefix, ID: s.Kept[0].ID}
	}
	s.Needed = j.needed(host, now.UnixNano())
	if s.Needed > j.opts.MaxRetry {
		last, _ := j.trust.last(host)
		s.Trusted = time.Unix(0, last).Add(j.opts.TrustTime)
	}
	if target.ID == "" {
		s.Ignored, _ = j.opts.Ignore.Holds(target.Prefix)
	}
	return s
}

// counting is how many of a host's failures may still be part of a ban with one that comes now,
// and until when the first of them may.
func (j *Jail) counting(i uint32, now time.Time) (n int, until time.Time) {
	times := j.hosts.timesOf(i)
	from := now.Add(-j.opts.FindTime).UnixNano()
	for n < len(times) && times[n] >= from {
		n++
	}
	if n > 0 {
		until = time.Unix(0, times[n-1]).Add(j.opts.FindTime)
	}
	return n, until
}

// kept lists a host's failures.
func (j *Jail) kept(i uint32) []Counted {
	h := j.hosts.hosts.at(i)
	var list []Counted
	for n := h.failure; n != 0 && len(list) < maxKept; n = j.hosts.failures.at(n).older {
		f := j.hosts.failures.at(n)
		if last := len(list) - 1; f.proof == 0 && last >= 0 && list[last].Line != "" && list[last].Time.UnixNano() == f.at {
			list[last].Weight++ // a failure that counts for several is in the list as often, once with its proof
			continue
		}
		p := j.hosts.evidence.get(f.proof)
		list = append(list, Counted{
			Jail: j.opts.Name, Prefix: h.key.prefix(), ID: j.names[h.key], Time: time.Unix(0, f.at), Weight: 1,
			User: p.user(), Line: p.line(), Pattern: p.pattern,
		})
	}
	return list
}
