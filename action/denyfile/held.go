package denyfile

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Holds implements action.Holder.
func (f *File) Holds(_ context.Context, prefix netip.Prefix) (action.Held, error) {
	held := action.Held{Set: f.opts.Path}
	prefix, ok := action.Normal(prefix)
	if !ok {
		return held, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	held.AddEnding(prefix, time.Now(), func(member netip.Prefix) (until time.Time, ok bool) {
		until, ok = f.held[member]
		return until, ok
	})
	return held, nil
}

// Missing implements action.Prober. That the file holds what it was told is what Check sees.
func (f *File) Missing(_ context.Context, prefixes []netip.Prefix) (missing []netip.Prefix, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range prefixes {
		normal, _ := action.Normal(p)
		if _, ok := f.held[normal]; !ok {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// canonical is what is written for a ban; ok is false if it bans no address.
func canonical(b jail.Ban) (prefix netip.Prefix, ok bool) {
	if b.ID != "" {
		return netip.Prefix{}, false
	}
	return action.Normal(b.Prefix)
}

// Compare sorts IPv4 before IPv6, and a network before what lies in it.
func Compare(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}
