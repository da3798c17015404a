package jail

import (
	"crypto/sha256"
	"net/netip"
)

// key is a prefix or an id in 17 bytes without a pointer, so that tables of a
// million hosts stay small and cost the garbage collector nothing.
type key struct {
	// addr is the masked address, IPv4 in its mapped form, or a hash of the id.
	addr [16]byte
	// bits is the prefix length (IPv4: 96 more), or idBits.
	bits uint8
}

const (
	// mappedBits is what an IPv4 prefix length grows by in its mapped form
	// (RFC 4291 section 2.5.5.2).
	mappedBits = 96
	idBits     = 255
	// maxIDSize cuts ids: they come from log lines and have no other bound.
	maxIDSize = 512
)

// prefixKey makes a key of a valid prefix.
func prefixKey(p netip.Prefix) key {
	p = unmap(p).Masked()
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += mappedBits
	}
	return key{p.Addr().As16(), uint8(bits)}
}

// idKey makes a key of an id. Ids are of a stranger's choosing, so the hash is one for
// which nobody can find two ids that share it.
func idKey(id string) key {
	sum := sha256.Sum256([]byte(id))
	return key{[16]byte(sum[:16]), idBits}
}

// prefix is the inverse of prefixKey, and invalid for ids.
func (k key) prefix() netip.Prefix {
	switch {
	case k.bits == idBits:
		return netip.Prefix{}
	case k.is4():
		return netip.PrefixFrom(netip.AddrFrom16(k.addr).Unmap(), int(k.bits)-mappedBits)
	default:
		return netip.PrefixFrom(netip.AddrFrom16(k.addr), int(k.bits))
	}
}

func (k key) is4() bool {
	return k.bits != idBits && k.bits >= mappedBits && netip.AddrFrom16(k.addr).Is4In6()
}

// widen masks k to a shorter length.
func (k key) widen(bits uint8) key {
	for i := range k.addr {
		switch rest := int(bits) - 8*i; {
		case rest <= 0:
			k.addr[i] = 0
		case rest < 8:
			k.addr[i] &= 0xff << (8 - rest)
		}
	}
	k.bits = bits
	return k
}

// holders are all prefixes that k lies in, k itself included, the widest first.
func (k key) holders() []key {
	widest := uint8(0)
	if k.is4() {
		widest = mappedBits
	}
	keys := make([]key, 0, k.bits-widest+1)
	for bits := widest; bits <= k.bits; bits++ {
		keys = append(keys, k.widen(bits))
	}
	return keys
}

// within says whether k is p or inside of it.
func (k key) within(p key) bool {
	if k.bits == idBits || p.bits == idBits {
		return k == p
	}
	return k.bits >= p.bits && k.is4() == p.is4() && k.widen(p.bits) == p
}

// unmap turns an IPv4-mapped prefix into the IPv4 prefix it means.
func unmap(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= mappedBits {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-mappedBits)
	}
	return p
}

// mask cuts p to the lengths by which the jail counts. A prefix that is wider
// already stays as it is.
func (o *Options) mask(p netip.Prefix) netip.Prefix {
	p = unmap(p)
	length := o.IPv6Prefix
	if p.Addr().Is4() {
		length = o.IPv4Prefix
	}
	if p.Bits() > length {
		p = netip.PrefixFrom(p.Addr(), length)
	}
	return p.Masked()
}
