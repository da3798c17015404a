package iptables

import (
	"context"
	"fmt"
	"strings"
	"unsafe"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// changes is a text that is another one once somebody has changed the family's rules, or "" if the kernel does not tell. It costs
// some microseconds, where reading the rules takes a program.
func (f *family) changes(ctx context.Context) string {
	if f.legacy == nil {
		out, err := f.command(ctx, f.path, "--version").Output()
		if err != nil {
			return ""
		}
		legacy := !strings.Contains(string(out), "nf_tables")
		f.legacy = &legacy
	}
	var mark string
	var err error
	if *f.legacy {
		mark, err = tableInfo(f.number)
	} else {
		mark, err = generation()
	}
	if err != nil {
		return ""
	}
	return mark
}

// generation is the number that nf_tables counts all its transactions with, those of other programs and tables included.
func generation() (string, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	replies, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETGEN, Flags: netlink.Request},
		Data:   []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, 0},
	})
	if err != nil {
		return "", err
	}
	for _, m := range replies {
		if len(m.Data) < 4 {
			continue
		}
		dec, err := netlink.NewAttributeDecoder(m.Data[4:])
		if err != nil {
			return "", err
		}
		for dec.Next() {
			if dec.Type() == unix.NFTA_GEN_ID {
				return fmt.Sprintf("%x", dec.Bytes()), nil
			}
		}
	}
	return "", fmt.Errorf("nf_tables names no generation")
}

// The getsockopt(2) of linux/netfilter_ipv4/ip_tables.h and ip6_tables.h, the same in both.
const soGetInfo = 64

// tableInfo is what the kernel says of table filter of iptables-legacy: where its chains begin, the number of its rules and
// their size. Rules that are exchanged for others of the same size do not show.
func tableInfo(family byte) (string, error) {
	fd, err := unix.Socket(int(family), unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	level := unix.IPPROTO_IP
	if family == unix.AF_INET6 {
		level = unix.IPPROTO_IPV6
	}
	// struct ipt_getinfo: the table's name, valid_hooks, hook_entry[5], underflow[5], num_entries, size.
	var info [32 + 13*4]byte
	copy(info[:], filter)
	size := uint32(len(info))
	// The library's own calls cannot pass a name in.
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), soGetInfo,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return "", errno
	}
	return string(info[:]), nil
}
