package denylist

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// chunk is how many changes are made while questions wait: some ten microseconds' worth.
const chunk = 100

// members are the bans of one jail. Prefixes are masked, and IPv4 as such.
type members struct {
	mu   sync.RWMutex
	ends map[netip.Prefix]time.Time // zero: it has none
	// four and six have the lengths of the prefixes.
	four, six lengths
}

func newMembers() *members { return &members{ends: make(map[netip.Prefix]time.Time)} }

// lengths are those prefix lengths that occur, with how often; there are few of them.
type lengths struct {
	present []int
	count   [129]int
}

func (l *lengths) add(bits int) {
	if l.count[bits]++; l.count[bits] == 1 {
		l.present = append(l.present, bits)
	}
}

func (l *lengths) remove(bits int) {
	if l.count[bits]--; l.count[bits] == 0 {
		l.present = slices.DeleteFunc(l.present, func(n int) bool { return n == bits })
	}
}

func (m *members) lengthsOf(a netip.Addr) *lengths {
	if a.Is4() {
		return &m.four
	}
	return &m.six
}

// holds says whether addr, which is no IPv4 written as IPv6, is in a prefix that has not ended.
func (m *members) holds(addr netip.Addr, now time.Time) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, bits := range m.lengthsOf(addr).present {
		p, err := addr.Prefix(bits)
		if err != nil {
			continue // it has as many bits as its family
		}
		if end, ok := m.ends[p]; ok && runs(end, now) {
			return true
		}
	}
	return false
}

func runs(end, now time.Time) bool { return end.IsZero() || now.Before(end) }

// entry is a prefix with its end.
type entry struct {
	prefix netip.Prefix
	end    time.Time
}

func (m *members) add(entries []entry) {
	for part := range slices.Chunk(entries, chunk) {
		m.mu.Lock()
		for _, e := range part {
			if _, there := m.ends[e.prefix]; !there {
				m.lengthsOf(e.prefix.Addr()).add(e.prefix.Bits())
			}
			m.ends[e.prefix] = e.end
		}
		m.mu.Unlock()
	}
}

func (m *members) remove(entries []entry) {
	for part := range slices.Chunk(entries, chunk) {
		m.mu.Lock()
		for _, e := range part {
			if _, there := m.ends[e.prefix]; there {
				m.lengthsOf(e.prefix.Addr()).remove(e.prefix.Bits())
				delete(m.ends, e.prefix)
			}
		}
		m.mu.Unlock()
	}
}

// end is when a prefix that is held itself ends.
func (m *members) end(p netip.Prefix) (end time.Time, held bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	end, held = m.ends[p]
	return end, held
}

func (m *members) appendTo(prefixes []netip.Prefix, now time.Time) []netip.Prefix {
	m.mu.RLock()
	defer m.mu.RUnlock()
	prefixes = slices.Grow(prefixes, len(m.ends))
	for p, end := range m.ends {
		if runs(end, now) {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}
