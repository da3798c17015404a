// Package denylist keeps the bans that proxies ask gaol about over HTTP.
//
// It is for bans that no firewall can enforce, as the client's address reaches the host only in a header, and for
// proxies that have no file of denied addresses: Caddy and Traefik ask about each request (forward_auth, ForwardAuth),
// and so can nginx (auth_request). [Lists] has the bans of all jails, a [List] is the action that keeps those of one,
// and a [Handler] answers. All is in memory: a question takes some map look-ups, and waits for no ban.
package denylist

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gaol/action/denyfile"
)

// Lists are the bans of all jails that are asked about. Use NewLists. All methods may be called from several goroutines.
type Lists struct {
	now func() time.Time
	// run tells the lists of one run of gaol from those of another.
	run string
	// version grows with each change.
	version atomic.Uint64
	// allowed and denied count the answers of handlers.
	allowed, denied atomic.Uint64

	mu    sync.RWMutex // guards jails
	jails map[string]*members
}

// NewLists makes Lists without any jail. now is the clock that says which bans are over.
func NewLists(now func() time.Time) *Lists {
	return &Lists{now: now, run: rand.Text(), jails: make(map[string]*members)}
}

// Denied says whether addr is banned in one of jails; none: in any. ok is false if one of them is not there; those that
// are count all the same.
func (l *Lists) Denied(addr netip.Addr, jails ...string) (denied, ok bool) {
	now := l.now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(jails) == 0 {
		for _, m := range l.jails {
			if m.holds(addr, now) {
				return true, true
			}
		}
		return false, true
	}
	ok = true
	for _, name := range jails {
		m, there := l.jails[name]
		ok = ok && there
		denied = denied || there && m.holds(addr, now)
	}
	return denied, ok
}

// Asked are how many questions were answered so, by all handlers.
func (l *Lists) Asked() (allowed, denied uint64) { return l.allowed.Load(), l.denied.Load() }

// Prefixes are those banned in jails, or in any jail, sorted, each once. ok is false if one of jails is not there.
func (l *Lists) Prefixes(jails ...string) (prefixes []netip.Prefix, ok bool) {
	now := l.now()
	l.mu.RLock()
	var wanted []*members
	for name, m := range l.jails {
		if len(jails) == 0 || slices.Contains(jails, name) {
			wanted = append(wanted, m)
		}
	}
	ok = !slices.ContainsFunc(jails, func(name string) bool { return l.jails[name] == nil })
	l.mu.RUnlock()
	for _, m := range wanted {
		prefixes = m.appendTo(prefixes, now)
	}
	slices.SortFunc(prefixes, denyfile.Compare)
	return slices.Compact(prefixes), ok
}

// put gives a jail an empty list, in the place of the one it may have.
func (l *Lists) put(jail string) *members {
	m := newMembers()
	l.mu.Lock()
	l.jails[jail] = m
	l.mu.Unlock()
	l.version.Add(1)
	return m
}

func (l *Lists) drop(jail string) {
	l.mu.Lock()
	delete(l.jails, jail)
	l.mu.Unlock()
	l.version.Add(1)
}

func (l *Lists) of(jail string) *members {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.jails[jail]
}
