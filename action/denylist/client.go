package denylist

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// The headers by which proxies tell for whom they ask. Which of them a proxy sets and which it hands on as its client
// wrote them depends on the proxy. As those in both are looked up, a client can add somebody who is banned, which
// locks out the client alone, but it can't leave itself out.
const (
	forwardedFor = "X-Forwarded-For"
	realIP       = "X-Real-Ip"
)

// clients are those for whom a proxy asks: of each header the last address that is not a proxy's own. unknown is what
// stands in the place of an address. none says that there is no such header.
func clients(header http.Header, proxies []netip.Prefix) (addrs []netip.Addr, unknown string, none bool) {
	none = true
	for _, name := range []string{forwardedFor, realIP} {
		values := header[name]
		if len(values) == 0 {
			continue
		}
		none = false
		addr, bad := lastClient(values, proxies)
		switch {
		case bad != "":
			unknown = bad
		case addr.IsValid() && !slices.Contains(addrs, addr):
			addrs = append(addrs, addr)
		}
	}
	return addrs, unknown, none
}

// lastClient reads a list of addresses from its end, as each proxy adds the one that it heard from: what stands before
// the first that is no proxy's may be made up. It is invalid if all of them are proxies.
func lastClient(values []string, proxies []netip.Prefix) (addr netip.Addr, unknown string) {
	for _, value := range slices.Backward(values) {
		for rest, more := value, true; more; {
			var last string
			if i := strings.LastIndexByte(rest, ','); i >= 0 {
				rest, last = rest[:i], rest[i+1:]
			} else {
				last, more = rest, false
			}
			addr, ok := parseClient(last)
			switch {
			case !ok && strings.TrimSpace(last) == "":
				return netip.Addr{}, "nothing"
			case !ok:
				return netip.Addr{}, last
			case !within(addr, proxies):
				return addr, ""
			}
		}
	}
	return netip.Addr{}, ""
}

// parseClient reads an address, which some proxies write with its port.
func parseClient(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		var withPort netip.AddrPort
		if withPort, err = netip.ParseAddrPort(text); err == nil {
			addr = withPort.Addr()
		}
	}
	return addr.Unmap().WithZone(""), err == nil
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}
