package jail

import (
	"iter"
	"time"
)

// hosts is the table of counted failures: who failed, when, and what proves it. Hosts
// are linked in the order in which they failed last, as read, so that the ones to
// forget are always at an end; queues.go says which.
//
// An entry costs some 75 bytes with its first failure and 16 for each further one, of which one
// of weight 3 is three; what is kept of lines is bounded apart (see [evidence]).
type hosts struct {
	index    index
	hosts    slab[host]
	failures slab[failure]
	evidence evidence
	queues   queues
	networks networkQueues
	// latest is when a host failed last.
	latest int64
	// total is how many failures are kept.
	total int
	// times is scratch space for [hosts.timesOf].
	times []int64
}

type host struct {
	key key
	// queue is the one it stands in, network those of its network.
	queue   uint8
	network uint16
	links   [2]link
	// failure is the first of a list from the newest to the oldest date.
	failure uint32
	// touched is when it failed last, on the reader's clock.
	touched int64
}

type failure struct {
	at    int64
	older uint32
	proof uint32
}

func newHosts() hosts { return hosts{index: newIndex(), networks: newNetworkQueues()} }

func (t *hosts) len() int { return t.index.count }

// find gives the entry of k.
func (t *hosts) find(k key) (i uint32, ok bool) {
	i = t.index.find(k, &t.hosts)
	return i, i != 0
}

// all lists the entries. The one that is being looked at may be removed.
func (t *hosts) all() iter.Seq2[key, uint32] {
	return func(yield func(key, uint32) bool) {
		for _, q := range t.queues {
			for i := q.newest; i != 0; {
				h := t.hosts.at(i)
				older := h.links[byAge].older
				if !yield(h.key, i) {
					return
				}
				i = older
			}
		}
	}
}

// touch finds or makes the entry of k and puts it at the front.
func (t *hosts) touch(k key, now int64) uint32 {
	i, known := t.find(k)
	if known {
		t.unlink(i)
		t.hosts.at(i).queue = failedAgain
	} else {
		i = t.hosts.take()
		h := t.hosts.at(i)
		h.key, h.queue, h.network = k, failedOnce, t.networks.of(k)
		t.index.add(i, &t.hosts)
	}
	h := t.hosts.at(i)
	// The queues are in order even where the clock was set back.
	t.latest = max(t.latest, now)
	h.touched = t.latest
	t.queues[h.queue].push(i, byAge, &t.hosts)
	t.networks.push(i, &t.hosts)
	return i
}

func (t *hosts) unlink(i uint32) {
	t.queues[t.hosts.at(i).queue].take(i, byAge, &t.hosts)
	t.networks.take(i, &t.hosts)
}

// coldest is the host that leaves first if there is room for that many; 0: there is none.
func (t *hosts) coldest(room int) uint32 {
	if crowd := t.networks.crowded(room); crowd != nil {
		return crowd.coldest(crowd.len())
	}
	return t.queues.coldest(room)
}

// add puts a failure into a host's list, by its date, as many times as it weighs. The first
// of them has its proof.
func (t *hosts) add(i uint32, at int64, weight int, p proof) {
	h := t.hosts.at(i)
	place := &h.failure
	for *place != 0 && t.failures.at(*place).at > at {
		place = &t.failures.at(*place).older
	}
	number := t.evidence.add(p)
	for range weight {
		// Slabs never move, so place stays where it is.
		n := t.failures.take()
		*t.failures.at(n) = failure{at: at, older: *place, proof: number}
		*place, number = n, 0
		place = &t.failures.at(n).older
	}
	t.total += weight
}

// trim keeps at most limit failures of a host, none dated before horizon, and the newest maxProofs
// proofs. What is dated up to reach before the newest one stays whatever limit says.
func (t *hosts) trim(i uint32, horizon int64, limit int, reach time.Duration, maxProofs int) {
	h := t.hosts.at(i)
	if h.failure == 0 {
		return
	}
	oldest := t.failures.at(h.failure).at - int64(reach)
	place, proofs := &h.failure, 0
	for n := 0; *place != 0; n++ {
		f := t.failures.at(*place)
		if n >= limit && f.at < oldest || f.at < horizon {
			t.cutFrom(place)
			return
		}
		if f.proof != 0 {
			if proofs++; proofs > maxProofs {
				t.evidence.release(f.proof)
				f.proof = 0
			}
		}
		place = &f.older
	}
}

// dropBefore forgets a host's failures dated before end, and the host if none is left.
func (t *hosts) dropBefore(i uint32, end int64) {
	h := t.hosts.at(i)
	place := &h.failure
	for *place != 0 && t.failures.at(*place).at >= end {
		place = &t.failures.at(*place).older
	}
	t.cutFrom(place)
	if h.failure == 0 {
		t.remove(i)
	}
}

// cutFrom forgets the failure at place and all older ones, and says how many they were.
func (t *hosts) cutFrom(place *uint32) int {
	i, n := *place, 0
	*place = 0
	for ; i != 0; n++ {
		f := *t.failures.at(i)
		t.evidence.release(f.proof)
		t.failures.drop(i)
		i = f.older
	}
	t.total -= n
	return n
}

// remove forgets a host and says how many failures went with it.
func (t *hosts) remove(i uint32) int {
	h := t.hosts.at(i)
	n := t.cutFrom(&h.failure)
	t.unlink(i)
	t.index.remove(i, &t.hosts)
	t.hosts.drop(i)
	if t.len() == 0 && t.hosts.last+t.failures.last > 8*slabChunk {
		// After an attack has ended, give its memory back.
		*t = newHosts()
	}
	return n
}

// timesOf lists a host's times from the newest to the oldest, until the next call.
func (t *hosts) timesOf(i uint32) []int64 {
	t.times = t.times[:0]
	for n := t.hosts.at(i).failure; n != 0; n = t.failures.at(n).older {
		t.times = append(t.times, t.failures.at(n).at)
	}
	return t.times
}

// proofsOf lists the proofs of n failures from the first-newest on, oldest first. Those
// that are gone are left out.
func (t *hosts) proofsOf(i uint32, first, n int) []proof {
	proofs := make([]proof, 0, n)
	at := 0
	for f := t.hosts.at(i).failure; f != 0 && at < first+n; f = t.failures.at(f).older {
		if p := t.evidence.get(t.failures.at(f).proof); at >= first && p.text != "" {
			proofs = append(proofs, p)
		}
		at++
	}
	for a, b := 0, len(proofs)-1; a < b; a, b = a+1, b-1 {
		proofs[a], proofs[b] = proofs[b], proofs[a]
	}
	return proofs
}

// expired is a host that failed last before horizon.
func (t *hosts) expired(horizon int64) (uint32, bool) {
	for _, q := range t.queues {
		if q.oldest != 0 && t.hosts.at(q.oldest).touched < horizon {
			return q.oldest, true
		}
	}
	return 0, false
}

// next is when the first host will have gone unheard of for keep.
func (t *hosts) next(keep time.Duration) (time.Time, bool) {
	if t.len() == 0 {
		return time.Time{}, false
	}
	first := t.latest
	for _, q := range t.queues {
		if q.oldest != 0 {
			first = min(first, t.hosts.at(q.oldest).touched)
		}
	}
	return time.Unix(0, first).Add(keep + 1), true
}
