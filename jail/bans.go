package jail

import (
	"container/heap"
	"slices"
	"time"
)

// bans is the table of bans in force, and for a while of those that were over when
// they were found out.
type bans struct {
	byKey map[key]*entry
	queue queue
	// lengths counts the bans of each prefix length (in the terms of key), used are those
	// with any, so that looking for a ban that holds an address takes one look-up for each
	// length.
	lengths [256]int
	used    []uint8
	// running is how many are in force, lineBytes what their lines take.
	running, lineBytes int
}

// entry is one ban.
type entry struct {
	key key
	ban Ban
	// leaves is when it leaves the table; zero: never.
	leaves time.Time
	// running is false for a ban that was over when it was found out.
	running bool
	index   int
}

func newBans() bans { return bans{byKey: make(map[key]*entry)} }

// maxBanLines bounds the lines kept in memory for bans in force, in bytes. Beyond,
// new bans are kept without: the store has them.
const maxBanLines = 8 << 20

func (t *bans) put(e *entry) {
	if old := t.byKey[e.key]; old != nil {
		t.remove(old)
	}
	size := linesSize(e.ban.Lines)
	if t.lineBytes+size > maxBanLines {
		e.ban.Lines, size = nil, 0
	}
	t.lineBytes += size
	t.byKey[e.key] = e
	if e.running {
		t.running++
	}
	t.lengths[e.key.bits]++
	if t.lengths[e.key.bits] == 1 {
		t.used = append(t.used, e.key.bits)
		slices.Sort(t.used)
	}
	e.index = -1
	if !e.leaves.IsZero() {
		heap.Push(&t.queue, e)
	}
}

func (t *bans) remove(e *entry) {
	delete(t.byKey, e.key)
	t.lineBytes -= linesSize(e.ban.Lines)
	if e.running {
		t.running--
	}
	t.lengths[e.key.bits]--
	if t.lengths[e.key.bits] == 0 {
		t.used = slices.DeleteFunc(t.used, func(b uint8) bool { return b == e.key.bits })
	}
	if e.index >= 0 {
		heap.Remove(&t.queue, e.index)
	}
}

// holding finds the ban with the longest prefix that k lies in and that is meant.
func (t *bans) holding(k key, meant func(*entry) bool) *entry {
	if k.bits == idBits {
		if e := t.byKey[k]; e != nil && meant(e) {
			return e
		}
		return nil
	}
	for _, bits := range slices.Backward(t.used) {
		if bits > k.bits || k.is4() && bits < mappedBits {
			continue
		}
		if e := t.byKey[k.widen(bits)]; e != nil && meant(e) {
			return e
		}
	}
	return nil
}

// due takes out the next ban that leaves at now or before.
func (t *bans) due(now time.Time) *entry {
	if len(t.queue) == 0 || t.queue[0].leaves.After(now) {
		return nil
	}
	e := t.queue[0]
	t.remove(e)
	return e
}

func (t *bans) next() (time.Time, bool) {
	if len(t.queue) == 0 {
		return time.Time{}, false
	}
	return t.queue[0].leaves, true
}

func linesSize(lines []string) int {
	size := 0
	for _, l := range lines {
		size += len(l)
	}
	return size
}

// queue is a heap of bans by when they leave.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].leaves.Before(q[j].leaves) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.index = len(*q)
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	e.index = -1
	return e
}
