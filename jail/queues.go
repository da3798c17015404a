package jail

import "hash/maphash"

// Who leaves when there is no room for one more host.
//
// An attacker who fails slowly, from few addresses, must not be forgotten because another one, or the
// same, makes a crowd of addresses fail meanwhile. So hosts stand in two queues, each in the order in
// which they failed last: those that failed once, and those that failed again while they were known.
// Who failed once leaves first, however lately, as such a crowd is cheap. Those that failed again leave
// by themselves, the one that failed longest ago first, once they fill more than three quarters of the
// table: the last quarter is for newcomers, who could never fail again otherwise.
//
// And no network can take the table over. A company that has an IPv6 /32 has four thousand million
// /64s to fail from. While one network holds more than an eighth of the table it is there that somebody
// leaves, by the same two queues. Networks are /32s of IPv6 and /16s of IPv4; all ids are one.
//
// To make the table forget a host that has failed twice then takes, within FindTime, as many other hosts
// as there is room for, from seven networks or more, three quarters of which fail twice: 1,750,000
// failures by 1,000,000 addresses with the default of MaxHosts. To make it forget a host that has failed
// once takes a quarter of those hosts at least, all of them in a table that was empty, and spares the
// attacker that one failure.

// queues are hosts by the order in which they leave.
type queues [2]chain

// The queues.
const (
	failedOnce  = 0
	failedAgain = 1
)

// Shares of the table: of those that failed again, and of one network.
const (
	againShare   = 0.75
	networkShare = 0.125
)

func (q *queues) len() int { return q[failedOnce].count + q[failedAgain].count }

// coldest is who leaves first of so many who have room.
func (q *queues) coldest(room int) uint32 {
	if q[failedOnce].count == 0 || float64(q[failedAgain].count) > againShare*float64(room) {
		return q[failedAgain].oldest
	}
	return q[failedOnce].oldest
}

// Through which of a host's links a chain runs.
const (
	byAge     = 0
	byNetwork = 1
)

// link is a host's place in a chain.
type link struct{ newer, older uint32 }

// chain is a list of hosts in the order in which they failed last.
type chain struct {
	newest, oldest uint32
	count          int
}

// push puts host i, which is in no such chain, at the front.
func (c *chain) push(i uint32, through int, hosts *slab[host]) {
	hosts.at(i).links[through] = link{older: c.newest}
	if c.newest != 0 {
		hosts.at(c.newest).links[through].newer = i
	}
	c.newest = i
	if c.oldest == 0 {
		c.oldest = i
	}
	c.count++
}

// take takes host i out.
func (c *chain) take(i uint32, through int, hosts *slab[host]) {
	at := hosts.at(i).links[through]
	if at.newer == 0 {
		c.newest = at.older
	} else {
		hosts.at(at.newer).links[through].older = at.older
	}
	if at.older == 0 {
		c.oldest = at.newer
	} else {
		hosts.at(at.older).links[through].newer = at.newer
	}
	c.count--
}

// networkQueues are the queues of each network. Networks share one by chance, which does no harm: only those
// that fill an eighth of the table matter.
type networkQueues struct {
	seed maphash.Seed
	// queues are made with the first host.
	queues []queues
	// fullest is the one that had most hosts when one was added last.
	fullest uint16
}

const maxNetworks = 1024

func newNetworkQueues() networkQueues { return networkQueues{seed: maphash.MakeSeed()} }

// of says in which queues k stands.
func (n *networkQueues) of(k key) uint16 {
	size := 4
	switch {
	case k.bits == idBits:
		size = 0
	case k.is4():
		size = mappedBits/8 + 2
	}
	return uint16(maphash.Bytes(n.seed, k.addr[:size]) % maxNetworks)
}

func (n *networkQueues) push(i uint32, hosts *slab[host]) {
	if n.queues == nil {
		n.queues = make([]queues, maxNetworks)
	}
	h := hosts.at(i)
	n.queues[h.network][h.queue].push(i, byNetwork, hosts)
	if n.queues[h.network].len() > n.queues[n.fullest].len() {
		n.fullest = h.network
	}
}

func (n *networkQueues) take(i uint32, hosts *slab[host]) {
	h := hosts.at(i)
	n.queues[h.network][h.queue].take(i, byNetwork, hosts)
}

// crowded is the queues of a network that holds more than its share of room; nil: none does.
func (n *networkQueues) crowded(room int) *queues {
	if n.queues == nil || float64(n.queues[n.fullest].len()) <= networkShare*float64(room) {
		return nil
	}
	return &n.queues[n.fullest]
}
