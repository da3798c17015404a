package nftables

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
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

// Watch implements action.Watcher: it tells of what is taken out of the jail's chain and sets.
func (s *Set) Watch(ctx context.Context, changed func(by string, members bool)) error {
	relevant := func(d nfevents.Deletion) bool {
		return d.Family == unix.NFPROTO_INET && d.Table == tableName &&
			(d.Object == "" || d.Object == s.chain().Name || s.isOurs(d.Object))
	}
	return nfevents.Watch(ctx, &s.own, relevant, func(c nfevents.Change) { changed(c.By, c.Elements) })
}

// List implements action.Lister, on a socket of its own.
func (s *Set) List(ctx context.Context) ([]netip.Prefix, error) {
	s.mu.Lock()
	kinds := slices.Collect(maps.Keys(s.made))
	s.mu.Unlock()
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, explain("opening a netlink socket for nftables", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var all []netip.Prefix
	for _, k := range kinds {
		if all, err = appendMembers(conn, s.setName(k), k, all); err != nil {
			return nil, explain("listing set "+s.setName(k), err)
		}
	}
	return all, nil
}

func appendMembers(conn *netlink.Conn, set string, k kind, to []netip.Prefix) ([]netip.Prefix, error) {
	data, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.NFTA_SET_ELEM_LIST_TABLE, Data: append([]byte(tableName), 0)},
		{Type: unix.NFTA_SET_ELEM_LIST_SET, Data: append([]byte(set), 0)},
	})
	if err != nil {
		return nil, err
	}
	replies, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETSETELEM, Flags: netlink.Request | netlink.Dump},
		Data:   append(nfgenmsg(unix.NFPROTO_INET, 0), data...),
	})
	if err != nil {
		return nil, err
	}
	for _, m := range replies {
		if len(m.Data) < 4 {
			continue
		}
		runtime.Gosched() // bans come first, also where there is one core
		list := attribute(m.Data[4:], unix.NFTA_SET_ELEM_LIST_ELEMENTS)
		for len(list) > 0 {
			var elem []byte
			elem, list = next(list)
			key := attribute(attribute(elem, unix.NFTA_SET_ELEM_KEY), unix.NFTA_DATA_VALUE)
			if addr, ok := netip.AddrFromSlice(key); ok {
				to = append(to, netip.PrefixFrom(addr, k.bits))
			}
		}
	}
	return to, nil
}

// next cuts the first attribute's value off a list of attributes. It makes no copy, as the library would of each of
// 100,000 elements.
func next(list []byte) (value, rest []byte) {
	if len(list) < 4 {
		return nil, nil
	}
	size := int(binary.NativeEndian.Uint16(list))
	if size < 4 || size > len(list) {
		return nil, nil
	}
	return list[4:size], list[min((size+3)&^3, len(list)):]
}

// attribute is the value of the first attribute of a kind; nil: there is none.
func attribute(list []byte, kind uint16) []byte {
	for len(list) >= 4 {
		found := binary.NativeEndian.Uint16(list[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
		value, rest := next(list)
		if found == kind {
			return value
		}
		list = rest
	}
	return nil
}

// lost adds to err, of a question about what Start has made, that it is gone.
func lost(err error) error {
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("%w: %w", err, action.ErrLost)
	}
	return err
}
