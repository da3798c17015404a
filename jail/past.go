package jail

import (
	"math"
	"time"
)

// past is what is known of the bans that a target has had, the one in force included.
type past struct {
	// own are those by the jail, others those by other jails, where these count.
	own, others int32
	// end is when the last of them is over.
	end int64
}

// learn adds bans to those known of who, of which the last ends then (the zero time: never).
func (j *Jail) learn(who key, own, others int, end time.Time) past {
	if _, known := j.earlier[who]; !known && len(j.earlier) >= j.opts.MaxHosts {
		for k := range j.earlier { // any one
			delete(j.earlier, k)
			break
		}
	}
	p := j.earlier[who]
	p.own += int32(own)
	p.others += int32(others)
	if end.IsZero() {
		p.end = math.MaxInt64
	} else {
		p.end = max(p.end, end.UnixNano())
	}
	j.earlier[who] = p
	return p
}

// Note tells the jail of a ban of another one. It counts as an earlier ban of the
// same target where Increment.OverallJails says so and it is enforced.
func (j *Jail) Note(b Ban) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.opts.Increment.OverallJails && b.Jail != j.opts.Name && !b.Shadow {
		j.learn(banKey(b), 0, 1, b.End)
	}
}

// RestoreOthers takes up how often each target has been banned by other jails so far, as Restore does with what
// the jail itself has done.
func (j *Jail) RestoreOthers(others map[Key]int, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.opts.Increment.OverallJails {
		return
	}
	for k, n := range others {
		j.learn(k.key(), 0, n, now)
	}
}

// ForgetEarlier forgets that those were ever banned whose last ban was over before then, as the store does when
// it is purged. What Restore and RestoreOthers were told of counts as if it had ended at the restart.
func (j *Jail) ForgetEarlier(before time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for who, p := range j.earlier {
		if p.end < before.UnixNano() {
			delete(j.earlier, who)
		}
	}
}
