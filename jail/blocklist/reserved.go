package blocklist

import "net/netip"

// reservedNetworks are never refused, whatever a list says: lists of "bogons" name networks that nobody on the
// internet has, and those are just the ones that a LAN, a container and the host itself use. From IANA's registries of
// special-purpose addresses (RFC 6890 and its successors) those that carry traffic, and multicast.
type reservedNetworks struct{}

var (
	reserved4 = parsePrefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")
	reserved6 = parsePrefixes("::/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")
)

func parsePrefixes(texts ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		prefixes[i] = netip.MustParsePrefix(text)
	}
	return prefixes
}

func reservedOf(p netip.Prefix) []netip.Prefix {
	if p.Addr().Is4() {
		return reserved4
	}
	return reserved6
}

// Overlaps implements [Networks].
func (reservedNetworks) Overlaps(p netip.Prefix) (string, bool) {
	for _, r := range reservedOf(p) {
		if r.Overlaps(p) {
			return r.String(), true
		}
	}
	return "", false
}

// Holds implements [Networks].
func (reservedNetworks) Holds(p netip.Prefix) (string, bool) {
	for _, r := range reservedOf(p) {
		if r.Bits() <= p.Bits() && r.Contains(p.Addr()) {
			return r.String(), true
		}
	}
	return "", false
}
