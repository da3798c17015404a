package iptables

import (
	"context"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/nfevents"
)

var (
	_ action.Watcher = (*Set)(nil)
	_ action.Lister  = (*Set)(nil)
)

// Watch implements action.Watcher. The kernel tells of iptables-nft's rules, not of iptables-legacy's nor of sets.
func (s *Set) Watch(ctx context.Context, changed func(by string, members bool)) error {
	relevant := func(d nfevents.Deletion) bool {
		return d.Table == filter && (d.Family == unix.NFPROTO_IPV4 || d.Family == unix.NFPROTO_IPV6) && !d.Element
	}
	return nfevents.Watch(ctx, nil, relevant, func(c nfevents.Change) { changed(c.By, false) })
}

// List implements action.Lister, on a socket of its own.
func (s *Set) List(ctx context.Context) ([]netip.Prefix, error) {
	if rules := s.instead(); rules != nil {
		return rules.holding(), nil
	}
	s.mu.Lock()
	families := s.families
	s.mu.Unlock()
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, explain("opening a netlink socket for ipset", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	kernel := &ipsets{conn: conn}
	var all []netip.Prefix
	for _, f := range families {
		entries, err := kernel.list(f.set)
		if err != nil {
			return nil, explain("listing set "+f.set, err)
		}
		for _, e := range entries {
			all = append(all, e.prefix)
		}
	}
	return all, nil
}
