package flows

import (
	"encoding/binary"
	"iter"

	"golang.org/x/sys/unix"
)

// attributes are the attributes in b by their types, without flags, see netlink(7). A list that is cut off ends there.
func attributes(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.NLA_HDRLEN {
			size := int(binary.NativeEndian.Uint16(b))
			if size < unix.NLA_HDRLEN || size > len(b) {
				return
			}
			kind := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if !yield(kind, b[unix.NLA_HDRLEN:size]) {
				return
			}
			b = b[min(align(size), len(b)):]
		}
	}
}

// attribute is what the path of nested attributes leads to, by the first of each kind; nil: there is no such.
func attribute(b []byte, path ...uint16) []byte {
	for _, kind := range path {
		b = child(b, kind)
	}
	return b
}

func child(b []byte, kind uint16) []byte {
	for k, value := range attributes(b) {
		if k == kind {
			return value
		}
	}
	return nil
}

func appendAttribute(b []byte, kind uint16, value []byte) []byte {
	size := unix.NLA_HDRLEN + len(value)
	b = binary.NativeEndian.AppendUint16(b, uint16(size))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, align(size)-size)...)
}

func align(size int) int { return (size + 3) &^ 3 }
