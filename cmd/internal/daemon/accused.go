package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"gaol/cmd/internal/leak"
	"gaol/jail"
)

// maxAccused bounds the addresses of one jail that may be proxies.
const maxAccused = 20

// accused are the banned addresses of a jail that may be those of proxies which nobody has declared. The engine's lock
// guards it.
type accused struct {
	// looked has when each was looked at, zero: not yet; texts has what is wrong with those that are proxies.
	looked map[netip.Prefix]time.Time
	texts  map[string]string
}

// see notes a ban that the kernel holds.
func (a *accused) see(b jail.Ban) {
	if b.ID != "" || !b.Prefix.IsSingleIP() || !leak.LooksLikeProxy(b.Prefix.Addr()) || len(a.looked) >= maxAccused {
		return
	}
	if a.looked == nil {
		a.looked, a.texts = map[netip.Prefix]time.Time{}, map[string]string{}
	}
	a.looked[b.Prefix] = time.Time{}
}

// forget drops those who are banned no more.
func (a *accused) forget(banned func(jail.Key) bool) {
	for p := range a.looked {
		if !banned(jail.Key{Prefix: p}) {
			delete(a.looked, p)
			delete(a.texts, p.String())
		}
	}
}

// lookAtAccused looks once at each: after a while the connections are gone that tell a proxy.
func (d *Daemon) lookAtAccused(ctx context.Context, now time.Time) {
	d.mu.Lock()
	var due []leakQuestion
	for _, c := range d.sortedLocked() {
		c.accused.forget(func(k jail.Key) bool { _, is := c.imposed[k]; return is })
		for p, looked := range c.accused.looked {
			if looked.IsZero() && len(due) < looksAtOnce && c.firewall != nil {
				c.accused.looked[p] = now
				due = append(due, c.leakQuestionLocked(p))
			}
		}
	}
	d.mu.Unlock()
	all := collect(ctx, due)
	for i, q := range due {
		facts := all[i]
		facts.Backend = q.firewall.Status().Name
		open, connections, is := leak.Accused(facts)
		d.mu.Lock()
		if _, still := q.cell.accused.looked[q.prefix]; is && still {
			q.cell.accused.texts[q.prefix.String()] = fmt.Sprintf("%s is banned, which has %d of %d connections of the service: if it is a proxy, all who come "+
				"through it are locked out: declare it with trusted, let the address of the client be logged, and unban it",
				jail.Ban{Prefix: q.prefix}.Target(), open, connections)
		}
		d.mu.Unlock()
	}
}
