package jail

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	// minNameAge keeps a name server from being asked all the time; a name in /etc/hosts, that has no TTL,
	// is looked up as often.
	minNameAge = 30 * time.Second
	maxNameAge = time.Hour
	// nameWait is less than others get: package net asks several servers, several times.
	nameWait = 5 * time.Second
)

// ignoreHost is a host name, which is looked up again when its TTL is over.
type ignoreHost struct {
	name   string
	lookup func(ctx context.Context, name string) ([]netip.Addr, time.Duration, error)
}

// ask implements origin.
func (h ignoreHost) ask(ctx context.Context) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, nameWait)
	defer cancel()
	addrs, ttl, err := h.lookup(ctx, h.name)
	if err != nil {
		return answer{}, fmt.Errorf("looking up %q: %w", h.name, err)
	}
	prefixes := make([]netip.Prefix, len(addrs))
	for i, a := range addrs {
		prefixes[i] = single(a)
	}
	slices.SortFunc(prefixes, netip.Prefix.Compare) // name servers rotate their answers
	return answer{prefixes: prefixes, holds: min(max(ttl, minNameAge), maxNameAge)}, nil
}
