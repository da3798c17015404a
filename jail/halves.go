package jail

import "net/netip"

// Halves are those of a prefix that is no single address.
func Halves(p netip.Prefix) (lower, upper netip.Prefix) {
	bits := p.Bits()
	raw := p.Addr().AsSlice()
	raw[bits/8] |= 0x80 >> (bits % 8)
	addr, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(p.Addr(), bits+1), netip.PrefixFrom(addr, bits+1)
}
