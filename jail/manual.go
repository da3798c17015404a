package jail

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Ban bans target by hand, whoever it is: ignore rules are not asked. length 0 means the jail's
// BanTime (with its increment), Forever no end. target is widened to the jail's prefix
// length, unless that would lock an ignored address out that target does not name. No ban with
// an end lasts longer than a century and a half.
//
// A target that is banned already keeps its ban, with the later of both ends: made is false then. One
// that becomes longer is by hand from then on, so that no rule that comes later lifts what a person
// has asked for. The target's counted failures are forgotten.
func (j *Jail) Ban(target netip.Prefix, length time.Duration, now time.Time) (ban Ban, made bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	who := prefixKey(j.counted(target))
	if i, counted := j.hosts.find(who); counted {
		j.forget(i)
	}
	e := j.bans.byKey[who]
	switch made = e == nil || !e.running || e.ban.Over(now); {
	case made:
		ban = j.handBan(who, length, now)
		j.counts.BannedTotal++
	case endsLater(handEnd(length, j.opts.BanTime, now), e.ban.End):
		ban = e.ban
		ban.End, ban.By = handEnd(length, j.opts.BanTime, now), byHand
		j.learn(who, 0, 0, ban.End)
	default:
		return e.ban, false
	}
	j.bans.put(&entry{key: who, ban: ban, leaves: ban.End, running: true})
	return ban, made
}

// endsLater says whether an end comes after another one; the zero time is never.
func endsLater(end, other time.Time) bool {
	return !other.IsZero() && (end.IsZero() || end.After(other))
}

func (j *Jail) handBan(who key, length time.Duration, now time.Time) Ban {
	base := length
	if length == 0 {
		base = j.opts.BanTime
	}
	ban := j.newBan(who, now, base)
	ban.By = byHand
	if length != 0 {
		ban.End = handEnd(length, j.opts.BanTime, now) // as asked, without increment
		j.learn(who, 0, 0, ban.End)
	}
	return ban
}

func handEnd(length, bantime time.Duration, now time.Time) time.Time {
	if length == 0 {
		length = bantime
	}
	if length == Forever {
		return time.Time{}
	}
	return now.Add(min(length, maxBanTime))
}

// Unban lets target in again: it ends every ban inside of target and every one
// that target lies in, forgets the counted failures of the same, and that they were ever banned. With a
// ban by escalation go those of the hosts in its network that the jail has made.
func (j *Jail) Unban(target netip.Prefix) Lifted {
	j.mu.Lock()
	defer j.mu.Unlock()
	t := prefixKey(target)
	if target.IsSingleIP() {
		return j.unban(j.stored(t.holders()), func(k key) bool { return k.bits != idBits && t.within(k) })
	}
	meant := func(k key) bool { return k.bits != idBits && (k.within(t) || t.within(k)) }
	return j.unban(j.storedIf(meant), meant)
}

// UnbanID is Unban for an id.
func (j *Jail) UnbanID(id string) Lifted {
	j.mu.Lock()
	defer j.mu.Unlock()
	who := idKey(cut(id, maxIDSize))
	return j.unban(j.stored([]key{who}), func(k key) bool { return k == who })
}

// UnbanAll ends every ban and forgets every counted failure.
func (j *Jail) UnbanAll() Lifted {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := func(key) bool { return true }
	return j.unban(j.storedIf(all), all)
}

// known is what a jail has of some keys.
type known struct {
	bans  []*entry
	hosts []uint32
	// networks are of hosts that were banned lately.
	networks []*network
}

// stored is what there is of keys: of thousands of addresses that are unbanned, not each may look at all.
func (j *Jail) stored(keys []key) (of known) {
	for _, k := range keys {
		if e := j.bans.byKey[k]; e != nil {
			of.bans = append(of.bans, e)
		}
		if i, counted := j.hosts.find(k); counted {
			of.hosts = append(of.hosts, i)
		}
		if n := j.networks.byKey[k]; n != nil {
			of.networks = append(of.networks, n)
		}
	}
	return of
}

// storedIf looks at all: a million take some tens of milliseconds.
func (j *Jail) storedIf(meant func(key) bool) (of known) {
	for k, e := range j.bans.byKey {
		if meant(k) {
			of.bans = append(of.bans, e)
		}
	}
	for k, i := range j.hosts.all() {
		if meant(k) {
			of.hosts = append(of.hosts, i)
		}
	}
	for _, n := range j.networks.byKey {
		of.networks = append(of.networks, n)
	}
	return of
}

// unban lifts bans and forgets hosts, and of the networks the hosts that are meant.
func (j *Jail) unban(of known, meant func(key) bool) (gone Lifted) {
	var networks []Ban
	gone.Bans = make([]Ban, 0, len(of.bans))
	for _, e := range of.bans {
		j.bans.remove(e)
		delete(j.earlier, e.key)
		if e.running {
			gone.Bans = append(gone.Bans, e.ban)
		}
		if e.ban.By == byEscalation {
			networks = append(networks, e.ban)
		}
	}
	for _, e := range j.members(networks) {
		j.bans.remove(e)
		if e.running {
			gone.Members = append(gone.Members, e.ban)
		}
	}
	for _, n := range of.networks {
		j.networks.forget(n, meant)
	}
	for _, i := range of.hosts {
		delete(j.earlier, j.hosts.hosts.at(i).key)
		gone.Forgotten = append(gone.Forgotten, j.forget(i))
	}
	sortBans(gone.Bans)
	sortBans(gone.Members)
	slices.SortFunc(gone.Forgotten, func(a, b Forgotten) int { return compareTargets(a.Prefix, a.ID, b.Prefix, b.ID) })
	return gone
}

// Pardon ends the bans made by the jail that by now would lock out an ignored address,
// as after [Ignore.Refresh] or [Jail.Reconfigure]. Bans by hand stay, and those of the other hosts of a
// network that is let in again for one of its addresses.
func (j *Jail) Pardon() []Ban {
	j.mu.Lock()
	defer j.mu.Unlock()
	var ended []Ban
	for _, e := range j.bans.byKey {
		if e.running && j.ignored(e.ban) {
			ended = append(ended, e.ban)
		}
	}
	for _, b := range ended {
		j.bans.remove(j.bans.byKey[prefixKey(b.Prefix)])
	}
	sortBans(ended)
	return ended
}

// ignored says whether the jail would not make b any more.
func (j *Jail) ignored(b Ban) bool {
	if b.By == byHand || b.ID != "" {
		return false
	}
	_, ignored := j.opts.Ignore.Overlaps(b.Prefix)
	return ignored
}

// Banned lists the bans in force by target. Lines may be missing from some where there are
// very many; the store has them.
func (j *Jail) Banned() []Ban {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]Ban, 0, j.bans.running)
	for _, e := range j.bans.byKey {
		if e.running {
			list = append(list, e.ban)
		}
	}
	sortBans(list)
	return list
}

func banKey(b Ban) key {
	if b.ID != "" {
		return idKey(b.ID)
	}
	return prefixKey(b.Prefix)
}

func sortBans(list []Ban) {
	slices.SortFunc(list, func(a, b Ban) int { return compareTargets(a.Prefix, a.ID, b.Prefix, b.ID) })
}

func compareTargets(p netip.Prefix, id string, q netip.Prefix, other string) int {
	if c := p.Compare(q); c != 0 {
		return c
	}
	return strings.Compare(id, other)
}
