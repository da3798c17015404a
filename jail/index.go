package jail

import "hash/maphash"

// index finds a host's entry by its key. It is a hash table with linear probing that holds
// nothing but the entries' numbers: 8 bytes a host where a map of keys takes 60.
type index struct {
	seed maphash.Seed
	// slots are numbers of entries, 0 is free. Their length is a power of two.
	slots []uint32
	count int
}

func newIndex() index { return index{seed: maphash.MakeSeed()} }

// home is where k stands if nobody was there before. The seed is random, so that nobody can choose
// addresses that meet.
func (x *index) home(k key) int {
	h := maphash.Bytes(x.seed, k.addr[:]) + uint64(k.bits)
	return int(h) & (len(x.slots) - 1)
}

// find gives the entry of k, 0 for none.
func (x *index) find(k key, hosts *slab[host]) uint32 {
	if x.count == 0 {
		return 0
	}
	for s := x.home(k); ; s = x.next(s) {
		if i := x.slots[s]; i == 0 || hosts.at(i).key == k {
			return i
		}
	}
}

// add puts entry i, which has its key already and is not in the index.
func (x *index) add(i uint32, hosts *slab[host]) {
	if 4*(x.count+1) > 3*len(x.slots) {
		x.grow(hosts)
	}
	x.place(i, hosts)
	x.count++
}

func (x *index) place(i uint32, hosts *slab[host]) {
	s := x.home(hosts.at(i).key)
	for x.slots[s] != 0 {
		s = x.next(s)
	}
	x.slots[s] = i
}

func (x *index) grow(hosts *slab[host]) {
	old := x.slots
	x.slots = make([]uint32, max(16, 2*len(old)))
	for _, i := range old {
		if i != 0 {
			x.place(i, hosts)
		}
	}
}

// remove takes entry i out, which is in the index. Those behind it move up, so that each is
// still found from its home without a gap.
func (x *index) remove(i uint32, hosts *slab[host]) {
	free := x.home(hosts.at(i).key)
	for x.slots[free] != i {
		free = x.next(free)
	}
	for s := x.next(free); x.slots[s] != 0; s = x.next(s) {
		home := x.home(hosts.at(x.slots[s]).key)
		if x.distance(home, s) >= x.distance(free, s) {
			x.slots[free] = x.slots[s]
			free = s
		}
	}
	x.slots[free] = 0
	x.count--
}

func (x *index) next(s int) int { return (s + 1) & (len(x.slots) - 1) }

// distance is how many steps lead from one slot to another.
func (x *index) distance(from, to int) int { return (to - from) & (len(x.slots) - 1) }
