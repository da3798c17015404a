package daemon

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"gaol/action"
	"gaol/jail"
)

// concerns says whether a ban touches one of targets; no targets means all.
func concerns(b jail.Ban, targets []target) bool {
	return len(targets) == 0 || slices.ContainsFunc(targets, func(t target) bool {
		if t.id != "" {
			return b.ID == t.id
		}
		return b.Prefix.IsValid() && b.Prefix.Overlaps(t.prefix)
	})
}

// target is what a request names: an address, a prefix or an id.
type target struct {
	prefix netip.Prefix
	id     string
}

// parseTargets reads addresses, prefixes and "id:…".
func parseTargets(texts []string) ([]target, error) {
	var targets []target
	var bad []string
	for _, text := range texts {
		if id, ok := strings.CutPrefix(text, "id:"); ok && id != "" {
			targets = append(targets, target{id: id})
			continue
		}
		prefix, err := parsePrefix(text)
		if err != nil {
			bad = append(bad, fmt.Sprintf("%q", text))
			continue
		}
		targets = append(targets, target{prefix: prefix})
	}
	if len(bad) > 0 {
		return nil, refuse(http.StatusBadRequest, "%s: not an address or prefix, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::1",
			strings.Join(bad, ", "))
	}
	return targets, nil
}

// parsePrefix reads an address or a prefix. IPv4-mapped IPv6 is IPv4.
func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	prefix, _ = action.Normal(prefix)
	return prefix, nil
}
