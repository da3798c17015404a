package jail

import (
	"fmt"
	"time"

	"gaol/filter"
)

// Restore takes up what the store has kept: bans, and how often the jail has banned each target so far,
// bans in force included (see also [Jail.RestoreOthers]). It returns the bans that are in force: not over, not
// ignored by now, of this jail. It may be told in parts, in any order, all before the first failure; [Jail.RestoreFailure] follows.
func (j *Jail) Restore(list []Ban, earlier map[Key]int, now time.Time) (running []Ban) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for k, n := range earlier {
		who := k.key()
		j.learn(who, max(n-int(j.earlier[who].own), 0), 0, now)
	}
	for _, b := range list {
		if b.Jail == j.opts.Name && j.restoreBan(b, now) {
			running = append(running, b)
		}
	}
	// What was counted before a stop may be followed by lines that were written during it: it
	// is kept as in catch-up, whatever its date.
	j.caughtUp = now
	return running
}

// RestoreFailure takes up a failure that was counted before the start, after those that were counted
// before it. It is one at a time because there may be a million, of which the jail keeps no more than
// it does of those it sees.
func (j *Jail) RestoreFailure(c Counted, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c.Jail != j.opts.Name || c.ID == "" && !c.Prefix.IsValid() {
		return
	}
	who := Key{c.Prefix, c.ID}.key()
	if c.ID == "" {
		if _, ignored := j.opts.Ignore.Overlaps(c.Prefix); ignored {
			return
		}
	}
	j.makeRoom(who)
	if c.ID != "" {
		j.names[who] = c.ID
	}
	i := j.hosts.touch(who, now.UnixNano())
	proof := newProof(filter.Failure{Lines: []string{c.Line}, User: c.User, Failregex: c.Pattern}, 1)
	j.hosts.add(i, c.Time.UnixNano(), weightOf(c.Weight), proof)
	j.trim(i, 0)
}

func (j *Jail) restoreBan(b Ban, now time.Time) bool {
	if b.ID == "" && !b.Prefix.IsValid() || b.Over(now) || j.ignored(b) {
		return false
	}
	who := banKey(b)
	if old := j.bans.byKey[who]; old != nil && !endsLater(b.End, old.ban.End) {
		return false
	}
	j.learn(who, max(b.Count-int(j.earlier[who].own), 0), 0, b.End)
	b.Shadow = b.Shadow && j.opts.Shadow
	j.bans.put(&entry{key: who, ban: b, leaves: b.End, running: true})
	j.counts.BannedTotal++
	return true
}

// key is the compact form of k, which must have a valid prefix or an id.
func (k Key) key() key {
	if k.ID != "" {
		return idKey(cut(k.ID, maxIDSize))
	}
	return prefixKey(k.Prefix)
}

// Reconfigure replaces the options, as a reload does. Bans in force keep their ends (see
// [Jail.Pardon] for those that are ignored now), and cease to be shadows if Shadow does. Counted failures and trust are kept, and
// counted by the new rules from the next failure of their host on; those by a prefix length that is no longer
// the jail's count no more, unless another change brings it back while they matter. A change of Name is an
// error.
func (j *Jail) Reconfigure(opts Options, now time.Time) error {
	opts, err := opts.checked()
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if opts.Name != j.opts.Name {
		return fmt.Errorf("reconfiguring jail %q: its new name is %q: make a new jail of it", j.opts.Name, opts.Name)
	}
	old := j.opts
	j.opts = opts
	if old.Shadow && !opts.Shadow {
		for _, e := range j.bans.byKey {
			e.ban.Shadow = e.ban.Shadow && !e.running
		}
	}
	if esc := opts.Escalate; !esc.Enabled || esc.IPv4Prefix != old.Escalate.IPv4Prefix || esc.IPv6Prefix != old.Escalate.IPv6Prefix {
		j.networks = newNetworks()
	}
	for j.trust.len() > opts.MaxHosts {
		j.trust.remove(j.trust.coldest(opts.MaxHosts))
	}
	for j.hosts.len() > opts.MaxHosts {
		j.counts.EvictedHosts++
		j.forget(j.hosts.coldest(opts.MaxHosts))
	}
	// With a longer findtime, what is kept now must not be trimmed by the next line.
	if opts.FindTime > old.FindTime && now.After(j.caughtUp) {
		j.caughtUp = now
	}
	return nil
}
