package daemon_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/mdlayher/netlink"
	rtnetlink "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// contestant is a firewall in one of its flavours, and how to see what it holds: the kernel is asked for one
// address by netlink, the same way for gaol and for any other program with such a set.
type contestant struct {
	name, banaction     string
	iptables, ip6tables string
	holds               func(t testing.TB, address netip.Addr) bool
}

var contestants = []contestant{
	{"iptables (nft)", "iptables", "iptables-nft", "ip6tables-nft", inIPSet("gaol-app")},
	{"iptables (legacy)", "iptables", "iptables-legacy", "ip6tables-legacy", inIPSet("gaol-app")},
	{"nftables", "nftables", "", "", inNFTSet("gaol", "addr4-app")},
	{"route", "route", "", "", routedAway},
}

// environment is that of a daemon that is to use this flavour.
func (c contestant) environment(t testing.TB) []string {
	if c.iptables == "" {
		return nil
	}
	return []string{"PATH=" + only(t, c.iptables, c.ip6tables) + ":" + os.Getenv("PATH")}
}

// measured is the number in an environment variable; without it, there is nothing to be measured.
func measured(t *testing.T, variable string) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		t.Skip("it measures, with the number of bans in " + variable)
	}
	return n
}

func inIPSet(name string) func(testing.TB, netip.Addr) bool {
	return func(t testing.TB, address netip.Addr) bool {
		t.Helper()
		// An error is the answer while there is no such set.
		is, err := rtnetlink.IpsetTest(name, &rtnetlink.IPSetEntry{IP: address.AsSlice()})
		return err == nil && is
	}
}

func routedAway(t testing.TB, address netip.Addr) bool {
	t.Helper()
	_, err := rtnetlink.RouteGet(net.IP(address.AsSlice()))
	return errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.EINVAL)
}

func inNFTSet(table, set string) func(testing.TB, netip.Addr) bool {
	// One for all questions: while such a socket is closed the kernel lets nobody change nftables until it has freed what
	// was deleted, for which it waits some milliseconds (nft_rcv_nl_event, Linux 6.18).
	dial := sync.OnceValues(func() (*netlink.Conn, error) { return netlink.Dial(unix.NETLINK_NETFILTER, nil) })
	return func(t testing.TB, address netip.Addr) bool {
		t.Helper()
		conn, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		enc := netlink.NewAttributeEncoder()
		enc.ByteOrder = binary.BigEndian
		enc.String(unix.NFTA_SET_ELEM_LIST_TABLE, table)
		enc.String(unix.NFTA_SET_ELEM_LIST_SET, set)
		enc.Nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(list *netlink.AttributeEncoder) error {
			list.Nested(unix.NFTA_LIST_ELEM, func(elem *netlink.AttributeEncoder) error {
				elem.Nested(unix.NFTA_SET_ELEM_KEY, func(key *netlink.AttributeEncoder) error {
					key.Bytes(unix.NFTA_DATA_VALUE, address.AsSlice())
					return nil
				})
				return nil
			})
			return nil
		})
		data, err := enc.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Execute(netlink.Message{
			Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETSETELEM, Flags: netlink.Request},
			Data:   append([]byte{unix.NFPROTO_INET, unix.NFNETLINK_V0, 0, 0}, data...),
		})
		return err == nil
	}
}
