package jail

import (
	"net/netip"
	"strings"
	"time"

	"gaol/filter"
)

// Trusted is a host that was let in. The store keeps the last time of each, so that a restart does not
// forget whom a jail trusts.
type Trusted struct {
	Jail   string
	Prefix netip.Prefix
	ID     string
	// Time is when it was let in last.
	Time time.Time
	// Read is when that was read, and Until when it matters no more, both on the reader's clock.
	Read, Until time.Time
}

// trust is when each host was let in last. It is the same kind of table as that of failures, with one time of
// each host and no evidence; whoever is coldest, as there, leaves first.
type trust struct{ hosts }

// let notes that who was let in at that time, and says when that was last. Lines may come out of order.
func (t *trust) let(who key, at, read int64) (last int64) {
	h := t.hosts.hosts.at(t.touch(who, read))
	if h.failure == 0 {
		h.failure = t.failures.take()
		t.failures.at(h.failure).at = at
		t.total++
	}
	last = max(t.failures.at(h.failure).at, at)
	t.failures.at(h.failure).at = last
	return last
}

// last is when who was let in last; not ok: never.
func (t *trust) last(who key) (at int64, ok bool) {
	i, ok := t.find(who)
	if !ok {
		return 0, false
	}
	return t.failures.at(t.hosts.hosts.at(i).failure).at, true
}

// Trust takes a successful login: for TrustTime, its host needs TrustRetry more failures for a ban. It lifts
// no ban and resets no count. s.Read stands for now. What it returns is to be stored; nil: it names
// nobody, somebody who is never banned anyway, or nobody knows when.
func (j *Jail) Trust(s filter.Success) *Trusted {
	j.mu.Lock()
	defer j.mu.Unlock()
	f := filter.Failure(s)
	who, _, ok := j.accused(f, new(Outcome))
	at := dateOf(f, j.opts.TrustTime).at
	if !ok || at.IsZero() || j.opts.TrustTime == 0 {
		return nil
	}
	j.trust.makeRoom(who, j.opts.MaxHosts)
	last := j.trust.let(who, at.UnixNano(), f.Read.UnixNano())
	trusted := &Trusted{
		Jail: j.opts.Name, Prefix: who.prefix(), Time: time.Unix(0, last), Read: f.Read, Until: f.Read.Add(keepFor(j.opts.TrustTime)),
	}
	if who.bits == idBits {
		trusted.ID = strings.Clone(cut(f.ID, maxIDSize))
	}
	return trusted
}

// makeRoom forgets whoever is coldest if there is no room for who.
func (t *trust) makeRoom(who key, most int) {
	if _, known := t.find(who); known {
		return
	}
	for t.len() >= most {
		t.remove(t.coldest(most))
	}
}

// needed is how many failures of who lead to a ban if one of them was at that time. Whoever was let in
// after it is trusted as well: lines may come late.
func (j *Jail) needed(who key, at int64) int {
	if j.opts.TrustTime > 0 {
		if last, ok := j.trust.last(who); ok && at-last <= int64(j.opts.TrustTime) {
			return j.opts.MaxRetry + j.opts.TrustRetry
		}
	}
	return j.opts.MaxRetry
}

// mostNeeded is how many failures lead to a ban of whoever needs most.
func (o *Options) mostNeeded() int {
	if o.TrustTime > 0 {
		return o.MaxRetry + o.TrustRetry
	}
	return o.MaxRetry
}

// forgetTrust drops what matters no more at now. Without TrustTime it all stays, for a reload that asks
// for it again.
func (j *Jail) forgetTrust(now time.Time) {
	if j.opts.TrustTime == 0 {
		return
	}
	horizon := now.Add(-keepFor(j.opts.TrustTime)).UnixNano()
	for i, ok := j.trust.expired(horizon); ok; i, ok = j.trust.expired(horizon) {
		j.trust.remove(i)
	}
}

// RestoreTrust takes up whom the store knows to have been let in. Call it once, before the first line. As
// lines may follow that were written meanwhile, all of it is kept for a TrustTime from now on.
func (j *Jail) RestoreTrust(list []Trusted, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, t := range list {
		if t.Jail != j.opts.Name || t.ID == "" && !t.Prefix.IsValid() {
			continue
		}
		who := Key{t.Prefix, t.ID}.key()
		j.trust.makeRoom(who, j.opts.MaxHosts)
		j.trust.let(who, t.Time.UnixNano(), now.UnixNano())
	}
}
