package filter

import (
	"net/netip"
	"strings"

	"gaol/filter/jsonline"
)

// client is whom a rule accuses: an address, or a name where those are taken.
type client struct {
	addr netip.Addr
	text string // as it stands there, without a port
}

// clientless says why there is no client.
type clientless int

const (
	clientKnown   clientless = iota
	clientMissing            // no field for it is there
	clientUnclear            // what is there is no address
	clientTrusted            // all are trusted proxies
)

// into makes c the accused.
func (c client) into(found *captures) {
	if c.addr.IsValid() {
		found.prefix, found.address = netip.PrefixFrom(c.addr, c.addr.BitLen()), c.text
	} else {
		found.host = c.text
	}
}

// client finds the client in the rule's host fields. Where it is unclear who that is, c.text is
// what stands there; where there are only trusted proxies, c is the one that is farthest.
//
// The addresses are read from the right: the last was written by the proxy that is
// nearest, and who sent the request may have put anything before the others.
func (r *jsonRule) client(fields *jsonline.Reader, w *work) (c client, why clientless) {
	var peer client
	if len(r.peer) > 0 {
		if peer, why = r.lastOf(there(fields, r.peer), w); why != clientTrusted {
			return peer, why
		}
	}
	if c, why = r.lastOf(there(fields, r.host), w); why == clientMissing {
		c = peer
	}
	return c, why
}

// lastOf finds the last of values that is no trusted proxy.
func (r *jsonRule) lastOf(values []jsonline.Value, w *work) (c client, why clientless) {
	if len(values) == 0 {
		return client{}, clientMissing
	}
	for i := len(values) - 1; i >= 0; i-- {
		rest, more := "", true
		if values[i].Kind == jsonline.String {
			rest = values[i].Text
		}
		for more {
			var entry string
			rest, entry, more = cutLast(rest)
			var ok bool
			if c, ok = clientOf(entry, r.names); !ok {
				return client{text: entry}, clientUnclear
			}
			if !r.trusts(c.addr, w) {
				return c, clientKnown
			}
		}
	}
	return c, clientTrusted
}

// cutLast cuts off what stands behind the last comma of a list.
func cutLast(list string) (rest, entry string, more bool) {
	comma := strings.LastIndexByte(list, ',')
	return list[:max(comma, 0)], strings.Trim(list[comma+1:], blanks), comma >= 0
}

func (r *jsonRule) trusts(addr netip.Addr, w *work) bool {
	if !addr.IsValid() {
		return false
	}
	if !r.own && w.trusts != nil && w.trusts(addr) {
		return true
	}
	for _, p := range r.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// clientOf reads an address, which may have a port behind it. With names, a host
// name will do.
func clientOf(entry string, names bool) (client, bool) {
	host := withoutPort(entry)
	if maybeAddress(host) {
		if addr, ok := parseAddress(host, family{v4: true, v6: true}); ok {
			return client{addr, host}, true
		}
	}
	if names && isName(host) {
		return client{text: host}, true
	}
	return client{}, false
}

// withoutPort takes brackets and port off: "192.0.2.5:1234", "[2001:db8::1]:443",
// "[2001:db8::1]". It returns what is neither as it is.
func withoutPort(entry string) string {
	if strings.HasPrefix(entry, "[") {
		end := strings.IndexByte(entry, ']')
		if end > 0 && strings.IndexByte(entry[1:end], ':') >= 0 && (end+1 == len(entry) || isPort(entry[end+1:])) {
			return entry[1:end]
		}
		return entry
	}
	if colon := strings.IndexByte(entry, ':'); colon >= 0 && isPort(entry[colon:]) {
		return entry[:colon]
	}
	return entry
}

// isPort says whether text is a colon and a port.
func isPort(text string) bool {
	if len(text) < 2 || len(text) > len(":65535") || text[0] != ':' {
		return false
	}
	for i := 1; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// maybeAddress says whether text has the characters of an address; for most texts that
// are none, it spares making an error.
func maybeAddress(text string) bool {
	marks := 0
	for i := range len(text) {
		c := text[i]
		if c == '.' || c == ':' {
			marks++
		} else if !groupByte(c) {
			return false
		}
	}
	return marks >= 2 && len(text) <= longestAddress
}
