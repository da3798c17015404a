package jail

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"gaol/filter"
)

// Jail counts the failures of hosts and bans them. Use [New]. It is safe for
// several goroutines, and no method blocks on anything but another one.
type Jail struct {
	// mu guards all below.
	mu    sync.Mutex
	opts  Options
	hosts hosts
	bans  bans
	// networks are those of hosts that were banned lately.
	networks networks
	trust    trust
	// names are the ids behind the hashes in hosts.
	names map[key]string
	// earlier has the bans of each target so far.
	earlier map[key]past
	// caughtUp is when a line was read last that had been written long before.
	caughtUp time.Time
	// replaced are bans that had run out and gave way before Expire could return them.
	replaced []Ban
	counts   Counts
}

// Counts are a jail's figures since it was made. Each failure counts by its weight.
type Counts struct {
	// FailuresCurrent are counted and may still lead to a ban, of Hosts hosts.
	FailuresCurrent, FailuresTotal int
	// BannedCurrent are in force; BannedTotal counts those that were made or restored.
	BannedCurrent, BannedTotal int
	Hosts                      int
	// Trusted hosts were let in within TrustTime.
	Trusted int
	// EvictedHosts were forgotten because of MaxHosts.
	EvictedHosts int
}

// Outcome is what a failure led to. The zero value: nothing at all, as for a failure that
// names nobody.
type Outcome struct {
	// Counted is set when the failure was counted, and is to be stored.
	Counted *Counted
	// Ban is set when the failure led to a ban that is in force: to be enforced and stored.
	Ban *Ban
	// Expired is the ban it led to if that is over already, as the lines were read late:
	// to be stored, not enforced.
	Expired *Ban
	// Extended says that the host's last ban had run out but was not taken back yet
	// by Expire; Ban takes its place.
	Extended bool
	// Network is the ban of the host's network that its ban has led to. Like a host's it is to be enforced and
	// stored, or only stored if it is over at Failure.Read; NetworkExtended is Extended for it.
	Network         *Ban
	NetworkExtended bool
	// Spared is the rule by which the host's network was not banned, though enough of its hosts were; "" for none.
	Spared string
	// AlreadyBanned says that the failure fell into a ban and was not counted, Within which.
	AlreadyBanned bool
	Within        Key
	// Ignored is the rule by which the failure was ignored, "" if it was not:
	// "ignoreself", "ignoreip 10.0.0.0/8", "file:/etc/gaol/allow.txt".
	Ignored string
	// Unresolved is the host name of a failure that names neither address nor id. It was
	// not counted.
	Unresolved string
	// Shift is how far the line's date was off (negative: behind) when it was taken as now instead.
	Shift time.Duration
	// Undated says that the line bore no date: taken as now when read as it was written, else
	// as of Failure.Since, and not counted if that is longer than FindTime ago.
	Undated bool
}

// New makes a jail without any failure or ban.
func New(opts Options) (*Jail, error) {
	opts, err := opts.checked()
	if err != nil {
		return nil, err
	}
	return &Jail{
		opts: opts, hosts: newHosts(), bans: newBans(), networks: newNetworks(), trust: trust{newHosts()},
		names: make(map[key]string), earlier: make(map[key]past),
	}, nil
}

// Observe takes a failure and says what it leads to. f.Read stands for now.
func (j *Jail) Observe(f filter.Failure) Outcome {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out Outcome
	d := dateOf(f, j.opts.FindTime)
	out.Shift, out.Undated = d.shift, d.undated
	if f.CatchUp && f.Read.After(j.caughtUp) {
		j.caughtUp = f.Read
	}
	who, at, ok := j.accused(f, &out)
	if !ok || !d.counts {
		return out
	}
	if e := j.bans.holding(at, func(b *entry) bool { return !b.ban.Over(d.at) }); e != nil {
		out.AlreadyBanned, out.Within = true, Key{Prefix: e.ban.Prefix, ID: e.ban.ID}
		return out
	}
	j.count(who, d.at, f, &out)
	return out
}

// accused finds by what f is counted (who) and the narrowest that it names (at). It is
// not ok if f names nobody or somebody who is ignored.
func (j *Jail) accused(f filter.Failure, out *Outcome) (who, at key, ok bool) {
	if f.Prefix.IsValid() {
		if rule, ignored := j.opts.Ignore.Overlaps(f.Prefix); ignored {
			out.Ignored = rule
			return who, at, false
		}
		if j.judge(f.Prefix, f.Read) == Spared {
			out.Ignored = "ignorecommand"
			return who, at, false
		}
	}
	switch {
	case f.ID != "":
		who = idKey(cut(f.ID, maxIDSize))
		return who, who, true
	case f.Prefix.IsValid():
		return prefixKey(j.counted(f.Prefix)), prefixKey(f.Prefix), true
	default:
		out.Unresolved = strings.Clone(cut(f.Host, maxIDSize))
		return who, at, false
	}
}

// counted is the prefix by which p is counted and banned: the jail's, unless that holds an
// address which is never banned. Then it is p alone, since a ban of the whole prefix would lock
// that address out.
func (j *Jail) counted(p netip.Prefix) netip.Prefix {
	wide, alone := j.opts.mask(p), unmap(p).Masked()
	if wide == alone {
		return alone
	}
	if _, ignored := j.opts.Ignore.Overlaps(wide); ignored || j.judge(wide, time.Time{}) == Spared {
		return alone
	}
	return wide
}

// count adds one failure, and bans if that makes enough.
func (j *Jail) count(who key, at time.Time, f filter.Failure, out *Outcome) {
	p, weight := newProof(f, j.opts.MaxMatches), weightOf(f.Weight)
	j.makeRoom(who)
	if _, named := j.names[who]; !named && who.bits == idBits {
		j.names[who] = strings.Clone(cut(f.ID, maxIDSize))
	}
	i := j.hosts.touch(who, f.Read.UnixNano())
	j.hosts.add(i, at.UnixNano(), weight, p)
	j.counts.FailuresTotal += weight
	out.Counted = &Counted{
		Jail: j.opts.Name, Prefix: who.prefix(), ID: j.names[who], Time: at, Weight: weight, User: p.user(), Line: p.line(), Pattern: p.pattern,
		Read: f.Read, Until: f.Read.Add(keepFor(j.opts.FindTime)),
	}
	first, n, ok := window(j.hosts.timesOf(i), at.UnixNano(), j.needed(who, at.UnixNano()), j.opts.FindTime)
	if !ok || f.ID == "" && j.judge(f.Prefix, f.Read) == Undecided {
		j.trim(i, j.horizon(f))
		return
	}
	j.fall(i, first, n, f.Read, out)
}

// trim forgets what of a host's failures cannot matter any more, as of none that is dated before horizon.
func (j *Jail) trim(i uint32, horizon int64) {
	findtime := j.opts.FindTime
	j.hosts.trim(i, horizon, timesPerHost(j.opts.mostNeeded(), findtime), time.Duration(spansFor(findtime))*findtime, j.opts.MaxMatches)
}

// weightOf is for how many failures one of that weight counts.
func weightOf(weight int) int { return min(max(weight, 1), filter.MaxWeight) }

// horizon is the date before which failures cannot matter any more once f was read. While
// old lines are being read there is none.
func (j *Jail) horizon(f filter.Failure) int64 {
	keep := keepFor(j.opts.FindTime)
	if f.CatchUp || f.Read.Sub(j.caughtUp) <= keep {
		return 0
	}
	return f.Read.Add(-keep).UnixNano()
}

// makeRoom forgets whoever leaves first if there is no room for who.
func (j *Jail) makeRoom(who key) {
	if _, known := j.hosts.find(who); known {
		return
	}
	for j.hosts.len() >= j.opts.MaxHosts {
		j.counts.EvictedHosts++
		j.forget(j.hosts.coldest(j.opts.MaxHosts))
	}
}

// forget drops a host's failures and says how many they were.
func (j *Jail) forget(i uint32) Forgotten {
	k := j.hosts.hosts.at(i).key
	gone := Forgotten{Jail: j.opts.Name, Prefix: k.prefix(), ID: j.names[k]}
	gone.Failures = j.hosts.remove(i)
	j.dropName(k)
	return gone
}

// dropName forgets an id's text when nothing refers to it any more. Bans have their own.
func (j *Jail) dropName(k key) {
	if _, counted := j.hosts.find(k); !counted && k.bits == idBits {
		delete(j.names, k)
	}
}

// fall makes a ban of a host of which n failures from the first-newest on lie in one
// window. What it failed before the end of the ban leaves the table: it is in the ban.
func (j *Jail) fall(i uint32, first, n int, now time.Time, out *Outcome) {
	who := j.hosts.hosts.at(i).key
	start := time.Unix(0, j.hosts.timesOf(i)[first])
	ban := j.newBan(who, start, j.opts.BanTime)
	ban.Failures = n
	ban.User, ban.Lines, ban.Patterns = j.proven(j.hosts.proofsOf(i, first, n))
	running, extended := j.enter(who, ban, now)
	if running {
		out.Ban, out.Extended = &ban, extended
	} else {
		out.Expired = &ban
	}
	if ban.Forever() {
		j.hosts.remove(i)
	} else {
		j.hosts.dropBefore(i, ban.End.UnixNano())
	}
	j.dropName(who)
	j.escalate(who, start, now, out)
}

// enter puts a new ban into the table. It says whether the ban is in force, and whether it then
// takes the place of one that had run out but was not taken back yet.
func (j *Jail) enter(who key, ban Ban, now time.Time) (running, extended bool) {
	e := &entry{key: who, ban: ban, leaves: ban.End, running: !ban.Over(now)}
	e.ban.Patterns = nil // the store has them
	old := j.bans.byKey[who]
	replaces := old != nil && old.running
	if e.running {
		j.counts.BannedTotal++
	} else {
		if replaces {
			j.replaced = append(j.replaced, old.ban)
		}
		// Kept for a while, so that later lines of the same past do not ban it again.
		e.leaves = now.Add(keepFor(j.opts.FindTime))
	}
	j.bans.put(e)
	return e.running, e.running && replaces
}

// newBan makes the next ban of who. base is its length before increments.
func (j *Jail) newBan(who key, start time.Time, base time.Duration) Ban {
	before := j.earlier[who]
	length := j.opts.Increment.BanTime(base, int(before.own+before.others), j.opts.Rand)
	ban := Ban{Jail: j.opts.Name, Prefix: who.prefix(), ID: j.names[who], Start: start, Shadow: j.opts.Shadow, By: byJail}
	if length != Forever {
		ban.End = start.Add(length)
	}
	ban.Count = int(j.learn(who, 1, 0, ban.End).own)
	return ban
}

// proven gathers the user tried last, and the last lines with the patterns that matched them.
func (j *Jail) proven(proofs []proof) (user string, lines, patterns []string) {
	for _, p := range proofs {
		if p.user() != "" {
			user = p.user()
		}
		if p.line() == "" {
			continue
		}
		for line := range strings.SplitSeq(p.line(), "\n") {
			lines, patterns = append(lines, line), append(patterns, p.pattern)
		}
	}
	skip := max(0, len(lines)-j.opts.MaxMatches)
	return user, lines[skip:], patterns[skip:]
}

// Expire returns the bans that have ended at now; each is returned once. It also
// forgets hosts that have not failed for FindTime and the two minutes that dates may be off, and
// networks and those that were let in likewise.
func (j *Jail) Expire(now time.Time) []Ban {
	j.mu.Lock()
	defer j.mu.Unlock()
	var ended []Ban
	for _, b := range j.replaced {
		// Its target may have been banned once more since.
		if e := j.bans.byKey[banKey(b)]; e == nil || !e.running {
			ended = append(ended, b)
		}
	}
	j.replaced = nil
	for e := j.bans.due(now); e != nil; e = j.bans.due(now) {
		if e.running {
			ended = append(ended, e.ban)
		}
	}
	horizon := now.Add(-keepFor(j.opts.FindTime)).UnixNano()
	for i, ok := j.hosts.expired(horizon); ok; i, ok = j.hosts.expired(horizon) {
		j.forget(i)
	}
	j.networks.expire(now.Add(-keepFor(j.opts.Escalate.FindTime)))
	j.forgetTrust(now)
	return ended
}

// Next says when Expire has something to do next; not ok: nothing is left.
func (j *Jail) Next() (time.Time, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.replaced) > 0 {
		return j.replaced[0].End, true
	}
	next, ok := j.bans.next()
	sooner := func(at time.Time, has bool) {
		if has && (!ok || at.Before(next)) {
			next, ok = at, true
		}
	}
	sooner(j.hosts.next(keepFor(j.opts.FindTime)))
	sooner(j.networks.next(keepFor(j.opts.Escalate.FindTime)))
	if j.opts.TrustTime > 0 {
		sooner(j.trust.next(keepFor(j.opts.TrustTime)))
	}
	return next, ok
}

// Counts are the jail's figures.
func (j *Jail) Counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.counts
	c.FailuresCurrent, c.Hosts, c.BannedCurrent = j.hosts.total, j.hosts.len(), j.bans.running
	if j.opts.TrustTime > 0 {
		c.Trusted = j.trust.len()
	}
	return c
}
