package filter

import (
	"net/netip"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// maxProof is how much of a line is kept as a proof: as much as anybody reads. A client could make
// it a hundred times as long.
const maxProof = 4 << 10

// beginning is what is kept of a line, without half a character at its end.
func beginning(line string) string {
	if len(line) <= maxProof {
		return line
	}
	end := maxProof
	for end > maxProof-utf8.UTFMax && !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end]
}

// kept is a line of whose beginning a copy is kept, text. What else is kept of the line
// is made a part of that copy where it can be.
type kept struct {
	line, text string
}

// part returns what is to be kept of part, which is mostly a part of the line.
func (k kept) part(part string) string {
	if offset, ok := offsetIn(k.line, part); ok && offset+len(part) <= len(k.text) {
		return k.text[offset : offset+len(part)]
	}
	return strings.Clone(part)
}

// offsetIn returns where part stands in line, if it is a part of it: known by its
// address, without a search.
func offsetIn(line, part string) (offset int, ok bool) {
	at := uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(line)))
	length := uintptr(len(line))
	return int(at), at < length && uintptr(len(part)) <= length-at
}

// accused is what a failure names: the address, which was written like that, or an id that is one.
func (k kept) accused(c *captures, written string) (prefix netip.Prefix, host, id string) {
	id = c.get("id")
	if c.prefix.IsValid() {
		return c.prefix, k.host(c.prefix, written), k.part(id)
	}
	if c.host != "" {
		return netip.Prefix{}, k.part(c.host), k.part(id)
	}
	if addr, ok := parseAddress(unbracketed(id), family{v4: true, v6: true}); ok {
		p := netip.PrefixFrom(addr, addr.BitLen())
		return p, hostText(p), ""
	}
	return netip.Prefix{}, "", k.part(id)
}

// host is hostText of p, which was written as written: nearly always the same.
func (k kept) host(p netip.Prefix, written string) string {
	if !p.IsSingleIP() {
		return hostText(p)
	}
	// netip takes no IPv4 address that is written otherwise.
	if p.Addr().Is4() && strings.IndexByte(written, '.') > 0 && strings.IndexByte(written, ':') < 0 {
		return k.part(written)
	}
	var buf [longestAddress]byte
	if text := p.Addr().AppendTo(buf[:0]); string(text) != written {
		return string(text)
	}
	return k.part(written)
}
