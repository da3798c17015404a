package nftables

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
)

func TestFewerLengths(t *testing.T) {
	var all, few []netip.Prefix
	for i := range 2000 { // far more of one length than of the others
		few = append(few, netip.PrefixFrom(at(uint32(i)), 47))
	}
	for bits := 16; bits <= 128; bits++ {
		p := netip.PrefixFrom(at(uint32(bits)<<16|1), bits).Masked()
		all = append(all, p)
		if bits%8 == 0 {
			few = append(few, p)
		}
	}
	if got := fewerLengths(few); !slices.Equal(got, few) {
		t.Error("few lengths: they were cut")
	}
	if got := fewerLengths(all); len(got) > 4*len(all) || len(kindsOf(got)) != maxLengths {
		t.Errorf("all lengths alike: %d became %d of %d lengths", len(all), len(got), len(kindsOf(got)))
	}
	mixed := slices.Concat([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/25")}, few[:2000], all)
	got := fewerLengths(mixed)
	kinds := kindsOf(got)
	if len(kinds) != 1+maxLengths {
		t.Errorf("got %d kinds", len(kinds))
	}
	if !slices.Contains(kinds, kind{v6: true, bits: 47}) {
		t.Error("the length that is used most is gone")
	}
	if len(got) > len(mixed)+1000 {
		t.Errorf("%d became %d", len(mixed), len(got))
	}
	for _, p := range mixed {
		parts := 0.0
		for _, q := range got {
			if q.Overlaps(p) && q.Bits() >= p.Bits() {
				parts += 1 / float64(uint64(1)<<(q.Bits()-p.Bits()))
			}
		}
		if parts != 1 {
			t.Fatalf("%s is there %v times", p, parts)
		}
	}
}

// at is an address that differs with n in its first 47 bits.
func at(n uint32) netip.Addr {
	var raw [16]byte
	raw[0], raw[1] = 0x2a, byte(n>>16)
	binary.BigEndian.PutUint32(raw[2:], n<<1)
	return netip.AddrFrom16(raw)
}
