package nftables

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// add puts members into their sets, those of one set in one transaction. Nearly always none of them is there yet, and the
// kernel has a third of the work if that is taken for granted first. It changes nothing if it is not so. What is taken out and put
// in by one transaction, as replace does, is not found for the next 10 ms when the kernel is asked for it (Linux 6.18).
func (s *Set) add(members []action.Member) error {
	for k, of := range group(members) {
		if s.made[k] != nil {
			err := s.conn.changeElements(s.onlyNew(k, of))
			if err == nil {
				continue
			}
			if !errors.Is(err, unix.EEXIST) {
				return err
			}
		}
		if err := s.replace(k, of); err != nil {
			return err
		}
	}
	return nil
}

// onlyNew adds members to a set and fails with EEXIST if one is there already, linux/netlink.h: NLM_F_EXCL.
func (s *Set) onlyNew(k kind, members []action.Member) message {
	m := elementMessage(unix.NFT_MSG_NEWSETELEM, s.setName(k), elements(members))
	m.Header.Flags |= netlink.Excl
	return m
}

// replace makes sure that a set holds members, whether or not it does already, and makes the set if it is not there.
func (s *Set) replace(k kind, members []action.Member) error {
	set := s.made[k]
	if set == nil {
		set = s.buildSet(k)
	}
	elements := libraryElements(members)
	// Kernels before 6.12 leave the timeout of an element alone that is
	// there already, and deleting one that is not there fails. So: make
	// sure that it is there, take it out, put it in.
	if err := errors.Join(
		s.conn.SetAddElements(set, elements),
		s.conn.SetDeleteElements(set, elements),
		s.conn.SetAddElements(set, elements),
	); err != nil {
		return err
	}
	if err := s.conn.Flush(); err != nil {
		return err
	}
	s.made[k] = set
	return nil
}

// del takes members out of their sets, those of one set in one transaction.
func (s *Set) del(members []action.Member) error {
	for k, of := range group(members) {
		set := s.made[k]
		if set == nil {
			continue
		}
		// It fails as a whole if one is not there, such as a ban whose time is just over.
		err := s.conn.changeElements(elementMessage(unix.NFT_MSG_DELSETELEM, s.setName(k), elements(of)))
		if err == nil {
			continue
		}
		if !errors.Is(err, unix.ENOENT) {
			return err
		}
		// What is added here is never seen by a packet.
		elements := libraryElements(of)
		if err := errors.Join(
			s.conn.SetAddElements(set, elements),
			s.conn.SetDeleteElements(set, elements),
		); err != nil {
			return err
		}
		if err := s.conn.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// group returns members by the sets they belong to.
func group(members []action.Member) map[kind][]action.Member {
	groups := make(map[kind][]action.Member)
	for _, m := range members {
		k := kindOf(m.Prefix)
		groups[k] = append(groups[k], m)
	}
	return groups
}

func elements(members []action.Member) []byte {
	var list []byte
	for _, m := range members {
		list = appendTimed(list, m.Prefix.Addr().AsSlice(), timeout(m.Timeout))
	}
	return list
}

// appendTimed appends: element { key { value } timeout }. Without a timeout (0) it stays for ever.
func appendTimed(to, key []byte, timeout time.Duration) []byte {
	size := 8 + len(key)
	if timeout > 0 {
		size += 4 + 8
	}
	to = appendHeader(to, unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, size)
	to = appendHeader(to, unix.NFTA_SET_ELEM_KEY|unix.NLA_F_NESTED, 4+len(key))
	to = appendAttribute(to, unix.NFTA_DATA_VALUE, key)
	if timeout > 0 {
		to = appendHeader(to, unix.NFTA_SET_ELEM_TIMEOUT, 8)
		to = binary.BigEndian.AppendUint64(to, uint64(timeout.Milliseconds()))
	}
	return to
}

func libraryElements(members []action.Member) []nftables.SetElement {
	list := make([]nftables.SetElement, len(members))
	for i, m := range members {
		list[i] = nftables.SetElement{Key: m.Prefix.Addr().AsSlice(), Timeout: timeout(m.Timeout)}
	}
	return list
}
