package filter

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseAddress reads what an address group captured. Zone ids are refused: the
// address behind one names a link, not a host. IPv4 in IPv6 (RFC 4291 section 2.5.5.2)
// is IPv4.
func parseAddress(text string, accepts family) (netip.Addr, bool) {
	if addr, ok := parseIPv4(text); ok {
		return addr, accepts.dns || accepts.v4
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	addr = addr.Unmap()
	if accepts.dns {
		return addr, true // a look-up would give the address itself
	}
	// A mapped address may be written where either family is asked for.
	isV6Text := strings.IndexByte(text, ':') >= 0
	return addr, accepts.v6 && isV6Text || accepts.v4 && addr.Is4()
}

// parseIPv4 reads what netip.ParseAddr takes for IPv4, in half the time: four numbers up to
// 255 without leading zeros.
func parseIPv4(text string) (netip.Addr, bool) {
	if len(text) > len("255.255.255.255") {
		return netip.Addr{}, false
	}
	var four [4]byte
	part, value, digits := 0, 0, 0
	for i := range len(text) {
		c := text[i]
		switch {
		case c-'0' <= 9:
			if digits == 1 && value == 0 {
				return netip.Addr{}, false
			}
			value = value*10 + int(c-'0')
			digits++
			if value > 255 {
				return netip.Addr{}, false
			}
		case c != '.' || digits == 0 || part == 3:
			return netip.Addr{}, false
		default:
			four[part] = byte(value)
			part, value, digits = part+1, 0, 0
		}
	}
	four[3] = byte(value)
	return netip.AddrFrom4(four), part == 3 && digits > 0
}

// unbracketed drops a bracket at each end.
func unbracketed(text string) string {
	return strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
}

// isName says whether text can be a host name. What is made of digits and dots
// alone means an address, and is none.
func isName(text string) bool {
	if text == "" || len(text) > 253 { // RFC 1035 section 2.3.4
		return false
	}
	letters := false
	for i := range len(text) {
		c := text[i]
		if c != '.' && (c < '0' || c > '9') {
			letters = true
		}
		if !wordByte(c) && c != '.' && c != '-' {
			return false
		}
	}
	return letters
}

// The widest networks that a line may name.
const (
	widest4 = 8
	widest6 = 16
)

// prefixOf is addr with its network's length as text, as captured; "" and
// lengths that cannot be mean the single address. So do networks wider than a /8 or, of
// IPv6, a /16: no log line shall lock out a good part of the world.
func prefixOf(addr netip.Addr, length string) netip.Prefix {
	if length == "" {
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	widest := widest6
	if addr.Is4() {
		widest = widest4
	}
	bits, err := strconv.Atoi(length)
	if err != nil || bits < widest || bits > addr.BitLen() {
		bits = addr.BitLen()
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

// hostText is a prefix's canonical text: the address without a length if it is
// a single one.
func hostText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// truncated says whether text[start:end], taken for a host, is only a part of
// what stands there: "192.0.2.19" of "192.0.2.199" or of "192.0.2.19.example.com".
// A client chooses its user name, and often its host name; neither may make
// us accuse another address. A character that the pattern itself spells out
// next to the group, as in <HOST>:\d+, separates.
func truncated(text string, start, end int, g group) bool {
	apartLeft := start > 0 && text[start-1] == g.before
	apartRight := end < len(text) && text[end] == g.after
	return !apartLeft && continuedLeft(text, start, end) || !apartRight && continuedRight(text, start, end)
}

func continuedLeft(text string, start, end int) bool {
	if start == 0 {
		return false
	}
	host := text[start:end]
	switch c := text[start-1]; {
	case wordByte(c):
		return true
	case c == '.', c == '-' && isName(host):
		return start > 1 && wordByte(text[start-2])
	case c == ':':
		return !isTagged(text[:start]) && continuesGroups(text, start, host)
	}
	return false
}

// isTagged says that "IPv6:" stands before an address, as mail servers write it (RFC 5321 section 4.1.3). Its 6
// is no group of the address.
func isTagged(before string) bool {
	const tag = "IPv6:"
	return len(before) >= len(tag) && strings.EqualFold(before[len(before)-len(tag):], tag)
}

// longestAddress is the number of characters of the longest IPv6 address as
// text: eight groups, the last two in dotted form.
const longestAddress = 45

// continuesGroups says whether what stands before the colon makes host the end
// of a longer IPv6 address. In "ip:192.0.2.1" or "21:31:23:192.0.2.1" it doesn't.
func continuesGroups(text string, start int, host string) bool {
	from := start
	for from > 0 && start-from < longestAddress && groupByte(text[from-1]) {
		from--
	}
	longer, err := netip.ParseAddr(text[from:start] + host)
	if err != nil {
		// Too long for an address, and yet of nothing but groups.
		return strings.IndexByte(host, ':') >= 0 && start-from > 1
	}
	part, err := netip.ParseAddr(host)
	return err != nil || longer.Unmap() != part.Unmap()
}

// groupByte says whether c can stand in an IPv6 address without dots.
func groupByte(c byte) bool {
	return c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func continuedRight(text string, start, end int) bool {
	if end == len(text) {
		return false
	}
	next := byte(0)
	if end+1 < len(text) {
		next = text[end+1]
	}
	hasGroups := strings.IndexByte(text[start:end], ':') >= 0
	switch c := text[end]; {
	case wordByte(c):
		return true
	case c == '.', c == '-':
		return wordByte(next) // of a host name, or a longer number
	case c == '%':
		return hasGroups && wordByte(next) // a zone id
	case c == ':' && hasGroups:
		return groupByte(next)
	case c == ':':
		// "db8" of "db8::1", where names are taken.
		return next == ':'
	}
	return false
}
