package denyfile

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Holds implements action.Holder.
func (f *File) Holds(_ context.Context, prefix netip.Prefix) (action.Held, error) {
	held := action.Held{Set: f.opts.Path}
	prefix = Unmapped(prefix)
	f.mu.Lock()
	defer f.mu.Unlock()
	for bits := prefix.Bits(); bits >= 0; bits-- {
		member, err := prefix.Addr().Prefix(bits)
		if err != nil {
			return held, fmt.Errorf("asking deny file %s: %w", f.opts.Path, err)
		}
		end, ok := f.held[member]
		switch {
		case !ok:
		case end.IsZero():
			held.Add(member, 0, 0)
		default:
			held.Add(member, max(time.Until(end), time.Nanosecond), 0)
		}
	}
	return held, nil
}

// Missing implements action.Prober. That the file holds what it was told is what Check sees.
func (f *File) Missing(_ context.Context, prefixes []netip.Prefix) (missing []netip.Prefix, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range prefixes {
		if _, ok := f.held[Unmapped(p)]; !ok {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// canonical is what is written for a ban; ok is false if it bans no address.
func canonical(b jail.Ban) (prefix netip.Prefix, ok bool) {
	if b.ID != "" || !b.Prefix.IsValid() {
		return netip.Prefix{}, false
	}
	return Unmapped(b.Prefix), true
}

// Unmapped writes IPv4 as such, without bits beyond the prefix's length and without a zone.
func Unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// Compare sorts IPv4 before IPv6, and a network before what lies in it.
func Compare(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}
