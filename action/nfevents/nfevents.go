// Package nfevents listens to what the kernel tells of changes in nftables, which iptables-nft is a
// part of. iptables-legacy and ipset tell nobody of theirs.
//
// It is for those who look again when something was taken away: it tells that there was a change and
// who made it, not what is there now. Whoever is not told, since the kernel or somebody else is too busy, has to look
// now and then all the same.
package nfevents

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// The listener works in slices of time, and of each it reads no more than so many messages. What comes beyond is
// dropped by the kernel, which costs us nothing, and is then taken for a change: another program may change its own
// sets as often as it likes.
const (
	slice      = 100 * time.Millisecond
	sliceReads = 64
	groupNFT   = 7 // NFNLGRP_NFTABLES in linux/netfilter/nfnetlink.h
	readBuffer = 64 << 10
)

// Deletion is something that was taken out of nftables.
type Deletion struct {
	// Family is that of the table: unix.NFPROTO_INET, …
	Family byte
	Table  string
	// Object is the name of the chain or set that was taken away, or from which a rule or an element was; "" for a
	// whole table.
	Object string
	// Element says that it was an element of a set.
	Element bool
}

// Change tells of a transaction in which something relevant was deleted.
type Change struct {
	// By is the program that made it; "" if the kernel did not say.
	By string
	// Elements says that elements of sets may be among what was deleted.
	Elements bool
}

// Watch calls changed after each transaction of another process that deleted something relevant, until ctx is
// done; then it returns nil. Neither function may block. Changes by own are known to whoever watches; nil: there is no such connection.
func Watch(ctx context.Context, own *Own, relevant func(Deletion) bool, changed func(Change)) error {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return fmt.Errorf("listening to changes of nftables: %w", err)
	}
	defer func() { _ = conn.Close() }()
	// Best effort: the default holds more.
	_ = conn.SetReadBuffer(readBuffer)
	if own != nil {
		// Best effort as well: more is heard than has to be.
		_ = own.watch(conn)
		defer func() { _ = own.watch(nil) }()
	}
	if err := conn.JoinGroup(groupNFT); err != nil {
		return fmt.Errorf("listening to changes of nftables: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	w := watcher{relevant: relevant, changed: changed, self: ownName()}
	for ctx.Err() == nil {
		if err := w.slice(ctx, conn); err != nil && ctx.Err() == nil {
			return fmt.Errorf("listening to changes of nftables: %w", err)
		}
	}
	return nil
}

type watcher struct {
	relevant func(Deletion) bool
	changed  func(Change)
	self     string
	// open is what the transaction has deleted whose end has not been told yet.
	open, elements bool
}

// slice waits for a message and reads on. If there are too many, it rests for what is left of the slice of time.
func (w *watcher) slice(ctx context.Context, conn *netlink.Conn) error {
	var began time.Time
	for n := range sliceReads {
		messages, err := conn.Receive()
		if n == 0 {
			began = time.Now()
		}
		switch {
		case errors.Is(err, unix.ENOBUFS):
			// The kernel had more to tell than we took.
			w.open, w.elements = false, false
			w.changed(Change{Elements: true})
		case err != nil:
			return err
		}
		for _, m := range messages {
			w.hear(m)
		}
		if time.Since(began) > slice {
			return nil
		}
	}
	rest := time.NewTimer(slice - time.Since(began))
	defer rest.Stop()
	select {
	case <-ctx.Done():
	case <-rest.C:
	}
	return nil
}

// hear takes one message. The last of a transaction is NEWGEN, which names its process.
func (w *watcher) hear(m netlink.Message) {
	if m.Header.Type>>8 != unix.NFNL_SUBSYS_NFTABLES {
		return
	}
	kind := byte(m.Header.Type)
	if kind != unix.NFT_MSG_NEWGEN {
		if d, ok := deletion(kind, m.Data); ok && w.relevant(d) {
			w.open = true
			w.elements = w.elements || d.Element || d.Object == ""
		}
		return
	}
	open, elements := w.open, w.elements
	w.open, w.elements = false, false
	if !open {
		return
	}
	// Its number is that of a thread, as seen from the outermost namespace, so the name has to do.
	if name := author(m.Data); name == "" || name != w.self {
		w.changed(Change{By: name, Elements: elements})
	}
}

// Attributes of the messages, in linux/netfilter/nf_tables.h: the table's name is the first of each.
const (
	attrTable   = 1
	attrOf      = 2 // NFTA_RULE_CHAIN, NFTA_SET_NAME, NFTA_SET_ELEM_LIST_SET
	attrChain   = 3 // NFTA_CHAIN_NAME
	attrGenName = 3 // NFTA_GEN_PROC_NAME
)

func deletion(kind byte, data []byte) (Deletion, bool) {
	named := uint16(attrOf)
	switch kind {
	case unix.NFT_MSG_DELTABLE:
		named = 0
	case unix.NFT_MSG_DELCHAIN:
		named = attrChain
	case unix.NFT_MSG_DELRULE, unix.NFT_MSG_DELSET, unix.NFT_MSG_DELSETELEM:
	default:
		return Deletion{}, false
	}
	if len(data) < 4 {
		return Deletion{}, false
	}
	d := Deletion{Family: data[0], Element: kind == unix.NFT_MSG_DELSETELEM || kind == unix.NFT_MSG_DELSET}
	each(data[4:], func(kind uint16, value []byte) {
		switch {
		case kind == attrTable:
			d.Table = text(value)
		case kind == named && named != 0:
			d.Object = text(value)
		}
	})
	return d, true
}

// author is the name of the program that made a transaction; "": the kernel does not say.
func author(data []byte) (name string) {
	if len(data) < 4 {
		return ""
	}
	each(data[4:], func(kind uint16, value []byte) {
		if kind == attrGenName {
			name = text(value)
		}
	})
	return name
}

// ownName is what the kernel calls this program; see comm in proc(5).
func ownName() string {
	name, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		return "" // then our own changes are looked at too
	}
	return strings.TrimSpace(string(name))
}

// each calls f with the attributes in data, without an allocation for each.
func each(data []byte, f func(kind uint16, value []byte)) {
	for len(data) >= 4 {
		size := int(binary.NativeEndian.Uint16(data))
		if size < 4 || size > len(data) {
			return
		}
		f(binary.NativeEndian.Uint16(data[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), data[4:size])
		data = data[min((size+3)&^3, len(data)):]
	}
}

// text is a string that ends with a zero.
func text(value []byte) string {
	if n := len(value); n > 0 && value[n-1] == 0 {
		value = value[:n-1]
	}
	return string(value)
}
