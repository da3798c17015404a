package jail

import (
	linked "container/list"
	"slices"
	"time"
)

// networks remembers which hosts of each network have been banned lately.
type networks struct {
	byKey map[key]*network
	// order has the networks, the one whose host was banned last at the front.
	order *linked.List
	// hosts is how many are remembered, in all networks.
	hosts int
}

type network struct {
	key key
	// hosts are different ones, by their latest bans, from the newest to the oldest.
	hosts []bannedHost
	// touched is when a host was banned last, on the reader's clock.
	touched time.Time
	place   *linked.Element
}

type bannedHost struct {
	key key
	at  int64
}

func newNetworks() networks { return networks{byKey: make(map[key]*network), order: linked.New()} }

// add remembers a host of a network, at most limit of them, and returns the network.
func (t *networks) add(net key, h bannedHost, limit int, now time.Time) *network {
	n := t.byKey[net]
	if n == nil {
		n = &network{key: net}
		n.place = t.order.PushFront(n)
		t.byKey[net] = n
	}
	t.order.MoveToFront(n.place)
	n.touched = now
	t.hosts -= len(n.hosts)
	n.put(h)
	if len(n.hosts) > limit {
		n.hosts = n.hosts[:limit]
	}
	t.hosts += len(n.hosts)
	for t.hosts > maxBannedHosts && t.order.Len() > 1 {
		t.drop(t.order.Back().Value.(*network).key)
	}
	return n
}

// put adds a host by the date of its ban, in place of an earlier one.
func (n *network) put(h bannedHost) {
	if i := slices.IndexFunc(n.hosts, func(other bannedHost) bool { return other.key == h.key }); i >= 0 {
		h.at = max(h.at, n.hosts[i].at)
		n.hosts = slices.Delete(n.hosts, i, i+1)
	}
	i := slices.IndexFunc(n.hosts, func(other bannedHost) bool { return other.at <= h.at })
	if i < 0 {
		i = len(n.hosts)
	}
	n.hosts = slices.Insert(n.hosts, i, h)
}

// timeOf is when a host was banned last, not ok if it isn't remembered.
func (n *network) timeOf(host key) (at int64, ok bool) {
	i := slices.IndexFunc(n.hosts, func(h bannedHost) bool { return h.key == host })
	if i < 0 {
		return 0, false
	}
	return n.hosts[i].at, true
}

// times are those of the bans, from the newest to the oldest.
func (n *network) times() []int64 {
	times := make([]int64, len(n.hosts))
	for i, h := range n.hosts {
		times[i] = h.at
	}
	return times
}

// drop forgets a network, if it is known.
func (t *networks) drop(net key) {
	if n := t.byKey[net]; n != nil {
		t.hosts -= len(n.hosts)
		t.order.Remove(n.place)
		delete(t.byKey, net)
	}
}

// forget forgets the hosts of a network that are meant.
func (t *networks) forget(n *network, meant func(key) bool) {
	before := len(n.hosts)
	n.hosts = slices.DeleteFunc(n.hosts, func(h bannedHost) bool { return meant(h.key) })
	t.hosts -= before - len(n.hosts)
	if len(n.hosts) == 0 {
		t.drop(n.key)
	}
}

// next is when the first network will have gone unheard of for keep.
func (t *networks) next(keep time.Duration) (time.Time, bool) {
	last := t.order.Back()
	if last == nil {
		return time.Time{}, false
	}
	return last.Value.(*network).touched.Add(keep + 1), true
}

// expire forgets the networks of which no host was banned since horizon.
func (t *networks) expire(horizon time.Time) {
	for last := t.order.Back(); last != nil; last = t.order.Back() {
		n := last.Value.(*network)
		if !n.touched.Before(horizon) {
			return
		}
		t.drop(n.key)
	}
}
