package nftables

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// What a caller may want to tell apart. A missing permission is an os.ErrPermission.
var (
	// ErrOwned says that another program keeps table inet gaol for itself (flags owner).
	ErrOwned = errors.New("another program owns table inet gaol")
	// ErrNoModule says that the kernel lacks what the rules or sets need.
	ErrNoModule = errors.New("the kernel lacks a module")
	// ErrFull says that a set, or what the kernel lets a user have, is used up.
	ErrFull = errors.New("the set is full")
)

// explain says what err means for somebody who has to do something about it.
func explain(doing string, err error) error {
	switch {
	case errors.Is(err, unix.EPERM) && mayAdminister():
		// The kernel says the same to those who lack the capability and to those who touch what has an owner
		// (nft_table_lookup in net/netfilter/nf_tables_api.c).
		return fmt.Errorf("%s: %w (%w): stop that program, which \"nft list table inet gaol\" names", doing, ErrOwned, err)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%s: %w: run gaol as root or give it CAP_NET_ADMIN", doing, err)
	case errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("%s: %w: this kernel cannot do it in prerouting (refusing takes Linux 5.9, counting by address 5.7): let the jail drop packets, or use banaction iptables", doing, err)
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return fmt.Errorf("%s: %w (%w): load module nf_tables, or use banaction iptables", doing, ErrNoModule, err)
	case errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("%s: %w (%w): ban wider prefixes or for less long", doing, ErrFull, err)
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("%s: %w: the kernel takes no changes", doing, err)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%s: %w", doing, lost(err))
	case errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENOBUFS):
		return fmt.Errorf("%s: %w: the kernel is short of memory", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// mayAdminister says whether this process has CAP_NET_ADMIN in effect (capabilities(7)).
func mayAdminister() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_NET_ADMIN) != 0
}
