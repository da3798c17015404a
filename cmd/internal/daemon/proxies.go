package daemon

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"gaol/jail"
)

const (
	// proxyHold is how long after the last line it is a problem that lines accuse a trusted proxy.
	proxyHold = 10 * time.Minute
	// proxiesShown bounds the problems of one jail; more proxies are not noted.
	proxiesShown = 5
)

// accusedProxies are the trusted proxies that lines charge failures to. Such a log doesn't know the clients
// behind them: gaol bans nobody for it, and says so.
type accusedProxies struct {
	mu sync.Mutex
	// last is when a line accused each of them.
	last map[netip.Prefix]time.Time
}

// see notes that a line that was read at now accuses a proxy.
func (a *accusedProxies) see(proxy netip.Prefix, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.last[proxy]; !known && len(a.last) >= proxiesShown {
		return
	}
	if a.last == nil {
		a.last = map[netip.Prefix]time.Time{}
	}
	a.last[proxy] = now
}

// problems are those that have not passed at now.
func (a *accusedProxies) problems(now time.Time) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	texts := map[string]string{}
	for proxy, last := range a.last {
		if now.Sub(last) >= proxyHold {
			delete(a.last, proxy)
			continue
		}
		texts[proxy.String()] = fmt.Sprintf("lines accuse the trusted proxy %s: nobody is banned for them: let the address of the client be logged "+
			"that is behind it (nginx: real_ip_header, Apache: mod_remoteip)", jail.Ban{Prefix: proxy}.Target())
	}
	return texts
}
