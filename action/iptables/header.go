package iptables

import (
	"encoding/binary"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// header is what the kernel says of a set, its members apart.
type header struct {
	typeName   string
	family     byte
	maxElem    uint32
	references uint32 // how many rules look into it
	// elements is how many members it has, those included that are over and not swept out yet; -1: the kernel does not
	// say (before 4.11).
	elements int
	timeouts bool
	counters bool
}

// header asks for a set without its members; ENOENT if there is none.
func (c *ipsets) header(name string) (header, error) {
	// Asked for first, because what the kernel says of a list that is not
	// there differs between its versions.
	_, err := c.call(cmdHeader, 0, func(enc *netlink.AttributeEncoder) { enc.String(attrSetName, name) })
	if err != nil {
		return header{}, err
	}
	replies, err := c.call(cmdList, netlink.Dump, func(enc *netlink.AttributeEncoder) {
		enc.String(attrSetName, name)
		enc.Uint32(attrFlags|unix.NLA_F_NET_BYTEORDER, flagListHeader)
	})
	if err != nil {
		return header{}, err
	}
	h := header{elements: -1}
	for _, m := range replies {
		if err := h.decode(m); err != nil {
			return header{}, err
		}
	}
	return h, nil
}

func (h *header) decode(m netlink.Message) error {
	dec, err := decoder(m)
	if err != nil {
		return err
	}
	for dec.Next() {
		switch dec.Type() {
		case attrTypeName:
			h.typeName = dec.String()
		case attrFamily:
			h.family = dec.Uint8()
		case attrData:
			dec.Nested(h.decodeData)
		}
	}
	return dec.Err()
}

func (h *header) decodeData(dec *netlink.AttributeDecoder) error {
	dec.ByteOrder = binary.BigEndian
	for dec.Next() {
		switch dec.Type() {
		case attrMaxElem:
			h.maxElem = dec.Uint32()
		case attrElements:
			h.elements = int(dec.Uint32())
		case attrReferences:
			h.references = dec.Uint32()
		case attrTimeout:
			h.timeouts = true
		case attrCADTFlags:
			h.counters = dec.Uint32()&flagWithCounters != 0
		}
	}
	return dec.Err()
}
