package nftables

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// connection is one netlink socket, used for what the library has words for
// (Conn) and for what it has not (raw).
type connection struct {
	*nftables.Conn
	raw *netlink.Conn
}

// socketBuffer holds the largest transaction, and its answers.
const socketBuffer = 2 << 20

// dial opens the connection unless it is open, and gives it ctx's deadline.
func (s *Set) dial(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("asking nftables for jail %s: %w", s.rule.Jail, err)
	}
	if s.conn == nil {
		c := &connection{}
		keep := func(raw *netlink.Conn) error { c.raw = raw; return nil }
		conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(keep))
		if err != nil {
			return explain("opening a netlink socket for nftables", err)
		}
		c.Conn = conn
		// Each message of a transaction is answered: with sets of many prefix lengths, the usual 200 kB are
		// not enough. Where more can't be had, a transaction that is too large fails.
		_ = c.raw.SetReadBuffer(socketBuffer)
		_ = c.raw.SetWriteBuffer(socketBuffer)
		// If it fails, our own changes are heard of, and known by the program's name.
		_ = s.own.Is(c.raw)
		s.conn = c
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Time{}
	}
	if err := s.conn.raw.SetDeadline(deadline); err != nil {
		return s.failed("setting the deadline of a netlink socket", err)
	}
	return nil
}

// hangUp closes the connection; dial opens another.
func (s *Set) hangUp() {
	if s.conn != nil {
		_ = s.conn.CloseLasting() // nothing was promised that could get lost
		s.conn = nil
	}
}

// failed hangs up, because answers that nobody read may wait in the socket
// after an error, and explains err.
func (s *Set) failed(doing string, err error) error {
	s.hangUp()
	return explain(doing, err)
}

// nonRecursive makes a deletion fail with EBUSY where the thing is in use:
// NLM_F_NONREC in linux/netlink.h, honoured for tables since Linux 4.13.
const nonRecursive = netlink.HeaderFlags(0x100)

// deleteEmptyTable removes table inet gaol unless something is in it, another
// jail's chain. Only the kernel can decide that without a race.
func (c *connection) deleteEmptyTable() error {
	data, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.NFTA_TABLE_NAME, Data: append([]byte(tableName), 0)},
	})
	if err != nil {
		return err
	}
	_, err = c.raw.SendMessages([]netlink.Message{
		batchMessage(unix.NFNL_MSG_BATCH_BEGIN),
		{
			Header: netlink.Header{
				Type:  unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELTABLE,
				Flags: netlink.Request | netlink.Acknowledge | nonRecursive,
			},
			Data: append(nfgenmsg(unix.NFPROTO_INET, 0), data...),
		},
		batchMessage(unix.NFNL_MSG_BATCH_END),
	})
	if err == nil {
		_, err = c.raw.Receive()
	}
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

func batchMessage(kind netlink.HeaderType) netlink.Message {
	return netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request},
		Data:   nfgenmsg(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES),
	}
}

// nfgenmsg is the header of struct nfgenmsg in linux/netfilter/nfnetlink.h:
// family, version 0, resource in network order.
func nfgenmsg(family byte, resource uint16) []byte {
	return []byte{family, unix.NFNETLINK_V0, byte(resource >> 8), byte(resource)}
}
