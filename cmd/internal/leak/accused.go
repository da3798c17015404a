package leak

import "net/netip"

// LooksLikeProxy says whether an address may be that of a proxy that nobody has declared, by itself: one of a private
// network or of this host.
func LooksLikeProxy(addr netip.Addr) bool {
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast()
}

// Accused says whether the prefix, which is banned, is a proxy, whose ban locks out all who come through it: it has most of the open
// connections to what the jail closes, and at least [proxies] of them. It returns how many of how many.
func Accused(f Facts) (open, all int, is bool) {
	for _, c := range f.Conns {
		if c.Open && f.Rule.Closes(c.Protocol, f.portOf(c)) {
			open++
		}
	}
	all = open + f.Connected
	return open, all, (f.Own || LooksLikeProxy(f.Prefix.Addr())) && open >= proxies && open*2 > all
}
