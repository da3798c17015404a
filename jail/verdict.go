package jail

import (
	"net/netip"
	"time"
)

// Verdict is what Options.Judge says of an address, or of all that lie in a prefix.
type Verdict int

const (
	// Bannable: it may be banned. Also where nobody knows better.
	Bannable Verdict = iota
	// Spared: it must not be banned, or one of them.
	Spared
	// Undecided: it will be known in a moment. What it fails is counted, and a ban that it leads to waits for
	// Decide.
	Undecided
)

func (j *Jail) judge(p netip.Prefix, now time.Time) Verdict {
	if j.opts.Judge == nil {
		return Bannable
	}
	return j.opts.Judge(unmap(p).Masked(), now)
}

// Decide is to be called once Judge has a verdict on p that was Undecided. If p is spared, it returns what was
// counted of it, which is forgotten; else the outcome of that, which may be the ban that has waited.
func (j *Jail) Decide(p netip.Prefix, now time.Time) (out Outcome, forgotten *Forgotten) {
	j.mu.Lock()
	defer j.mu.Unlock()
	verdict := j.judge(p, now)
	who := prefixKey(j.counted(p))
	i, counted := j.hosts.find(who)
	if !counted { // or before it was known that somebody in the prefix is spared
		who = prefixKey(j.opts.mask(p))
		i, counted = j.hosts.find(who)
	}
	switch {
	case !counted || verdict == Undecided:
		return out, nil
	case verdict == Spared:
		gone := j.forget(i)
		return out, &gone
	}
	if e := j.bans.holding(who, func(b *entry) bool { return !b.ban.Over(now) }); e != nil {
		return out, nil
	}
	if first, n, ok := anyWindow(j.hosts.timesOf(i), j.needed(who, now.UnixNano()), j.opts.FindTime); ok {
		j.fall(i, first, n, now, &out)
	}
	return out, nil
}
