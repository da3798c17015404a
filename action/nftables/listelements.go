package nftables

import (
	"encoding/binary"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// message changes one set.
type message = netlink.Message

// maxElements is how many bytes of elements go into one message, and of a whole list into one transaction: few enough for a ban to
// wait a few milliseconds at most. 16 bits would hold the length of an attribute.
const maxElements = 16 << 10

// elements add prefixes to their sets, or take them out.
func (l *List) elements(what netlink.HeaderType, prefixes []netip.Prefix) []message {
	var messages []message
	_ = l.eachMessage(what, prefixes, func(m message) error { messages = append(messages, m); return nil })
	return messages
}

// eachMessage does so one message after the other, until one is an error.
func (l *List) eachMessage(what netlink.HeaderType, prefixes []netip.Prefix, do func(message) error) error {
	for _, k := range kindsOf(prefixes) {
		var elements []byte
		for _, p := range prefixes {
			if kindOf(p) != k {
				continue
			}
			if elements = appendElement(elements, p.Addr(), 0); len(elements) < maxElements {
				continue
			}
			if err := do(elementMessage(what, l.setName(k), elements)); err != nil {
				return err
			}
			elements = elements[:0]
		}
		if len(elements) == 0 {
			continue
		}
		if err := do(elementMessage(what, l.setName(k), elements)); err != nil {
			return err
		}
	}
	return nil
}

// spared add prefixes to the sets of who is spared, each as where it begins and where it has ended.
func (l *List) spared(prefixes []netip.Prefix) []message {
	var messages []message
	for _, v6 := range families {
		var elements []byte
		put := func() {
			if len(elements) > 0 {
				messages = append(messages, elementMessage(unix.NFT_MSG_NEWSETELEM, l.spareName(v6), elements))
			}
			elements = elements[:0]
		}
		for _, p := range prefixes {
			if p.Addr().Is6() != v6 {
				continue
			}
			elements = appendElement(elements, p.Addr(), 0)
			if end := behind(p); end.IsValid() {
				elements = appendElement(elements, end, unix.NFT_SET_ELEM_INTERVAL_END)
			}
			if len(elements) >= maxElements {
				put()
			}
		}
		put()
	}
	return messages
}

// emptySpared takes out all who are spared.
func (l *List) emptySpared() []message {
	var messages []message
	for _, v6 := range families {
		messages = append(messages, elementMessage(unix.NFT_MSG_DELSETELEM, l.spareName(v6), nil))
	}
	return messages
}

// behind is the first address behind p; invalid, if p ends with the last there is.
func behind(p netip.Prefix) netip.Addr {
	raw := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(raw)
	return last.Next()
}

// elementMessage changes one set; without elements it is about all there are. The library's way to do that takes a thousand bytes
// of memory for each element.
func elementMessage(what netlink.HeaderType, set string, elements []byte) message {
	data := nfgenmsg(unix.NFPROTO_INET, 0)
	data = appendAttribute(data, unix.NFTA_SET_ELEM_LIST_TABLE, append([]byte(tableName), 0))
	data = appendAttribute(data, unix.NFTA_SET_ELEM_LIST_SET, append([]byte(set), 0))
	if len(elements) > 0 {
		data = appendAttribute(data, unix.NFTA_SET_ELEM_LIST_ELEMENTS|unix.NLA_F_NESTED, elements)
	}
	flags := netlink.Request
	if what == unix.NFT_MSG_NEWSETELEM {
		flags |= netlink.Create
	}
	return message{Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | what, Flags: flags}, Data: data}
}

// appendElement appends: element { key { value }, flags }, flags only if there are any.
func appendElement(to []byte, key netip.Addr, flags uint32) []byte {
	size := len(key.AsSlice())
	whole := 8 + size
	if flags != 0 {
		whole += 8
	}
	to = appendHeader(to, unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, whole)
	to = appendHeader(to, unix.NFTA_SET_ELEM_KEY|unix.NLA_F_NESTED, 4+size)
	to = appendAttribute(to, unix.NFTA_DATA_VALUE, key.AsSlice())
	if flags != 0 {
		to = appendAttribute(to, unix.NFTA_SET_ELEM_FLAGS, binary.BigEndian.AppendUint32(nil, flags))
	}
	return to
}

// appendAttribute appends length, type and padded value (struct nlattr in linux/netlink.h).
func appendAttribute(to []byte, kind uint16, value []byte) []byte {
	to = append(appendHeader(to, kind, len(value)), value...)
	return append(to, make([]byte, (4-len(value)%4)%4)...)
}

func appendHeader(to []byte, kind uint16, size int) []byte {
	return binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(to, uint16(4+size)), kind)
}

// changeElements sends one transaction. The kernel answers the messages that fail, and the last one of those.
func (c *connection) changeElements(messages ...netlink.Message) error {
	batch := append([]netlink.Message{batchMessage(unix.NFNL_MSG_BATCH_BEGIN)}, messages...)
	batch[len(batch)-1].Header.Flags |= netlink.Acknowledge
	batch = append(batch, batchMessage(unix.NFNL_MSG_BATCH_END))
	if _, err := c.raw.SendMessages(batch); err != nil {
		return err
	}
	_, err := c.raw.Receive()
	return err
}
