package jail

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// refreshSelf asks for the host's own addresses, and says whether they have changed.
func (ig *Ignore) refreshSelf() (changed bool) {
	if !ig.opts.Self {
		return false
	}
	addrs, err := ig.opts.Interfaces()
	ig.selfFault = nil
	if err != nil {
		ig.selfFault = fmt.Errorf("listing this host's own addresses for ignoreself: %w", err)
		return false
	}
	// All of 127.0.0.0/8 is this host, though only one address of it is listed (RFC 1122
	// section 3.2.1.3).
	self := []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8), netip.PrefixFrom(netip.IPv6Loopback(), 128)}
	for _, a := range addrs {
		self = append(self, single(a))
	}
	ig.mu.Lock()
	defer ig.mu.Unlock()
	changed = !slices.Equal(ig.self, self)
	ig.self = self
	return changed
}

func interfaceAddrs() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			addrs = append(addrs, p.Addr())
		}
	}
	return addrs, nil
}
