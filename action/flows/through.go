package flows

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Through is the interface by which this host sends to addr. Packets of addr come in by it too, unless they
// take another way than those to it.
func Through(addr netip.Addr) (string, error) {
	routes, err := netlink.RouteGet(addr.AsSlice())
	if err != nil {
		return "", fmt.Errorf("looking for the route to %s: %w", addr, err)
	}
	if len(routes) == 0 {
		return "", fmt.Errorf("looking for the route to %s: there is none", addr)
	}
	link, err := net.InterfaceByIndex(routes[0].LinkIndex)
	if err != nil {
		return "", fmt.Errorf("looking for the route to %s: %w", addr, err)
	}
	return link.Name, nil
}
