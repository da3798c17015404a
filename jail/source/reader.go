package source

import (
	"bytes"
	"errors"
	"io"
)

// errTruncated says that the file no longer holds what was read of it.
var errTruncated = errors.New("the file was truncated")

// reader cuts what is appended to a file into blocks of complete lines. It
// keeps no text between two calls: of a line whose end has not been written it
// remembers only how far it has looked, and reads it again when the end is there.
// So a line that never ends costs no memory, and offset always stands behind a
// line end (or behind a hole that precedes a line).
type reader struct {
	file    io.ReaderAt
	maxLine int
	// offset is the number of bytes handled.
	offset int64
	// scanned bytes behind offset hold no line end.
	scanned int64
	print   fingerprint
}

// seen is the offset up to which the file has been looked at.
func (r *reader) seen() int64 { return r.offset + r.scanned }

// restart begins the file anew.
func (r *reader) restart() {
	r.offset, r.scanned, r.print = 0, 0, fingerprint{}
}

// block is what one reading brought.
type block struct {
	// text holds complete lines. If long, it is the beginning of a single
	// one that is longer than maxLine, and longer than that itself.
	text string
	long bool
	// end says that there is nothing more to read for now.
	end bool
}

// next reads on, into buf, which must have room for enoughToCut(maxLine) bytes
// and a line's end. It may return neither text nor the end, to be called again.
// errTruncated leaves the reader as it was.
func (r *reader) next(buf []byte) (block, error) {
	n, err := r.readAt(buf, r.seen())
	if n == 0 || err != nil {
		return block{end: n == 0}, err
	}
	if r.scanned == 0 && buf[0] == 0 {
		return r.skipHole(buf[:n])
	}
	first := bytes.IndexByte(buf[:n], '\n')
	switch {
	case first < 0:
		r.scanned += int64(n)
		if buf[n-1] == 0 {
			r.scanned = behindHole(r.file, r.seen()) - r.offset
		}
		return block{}, r.check()
	case r.scanned+int64(first) > int64(len(buf))-1:
		return r.longLine(buf, r.seen()+int64(first)+1)
	case r.scanned > 0:
		// The line began in an earlier reading.
		r.scanned = 0
		if n, err = r.readAt(buf, r.offset); err != nil {
			return block{}, err
		}
	}
	used := bytes.LastIndexByte(buf[:n], '\n') + 1
	if used == 0 {
		return block{}, r.check()
	}
	scanned := n - used
	if scanned > 0 && buf[used] == 0 {
		scanned = 0 // a hole, to be skipped next
	}
	return r.deliver(block{text: string(buf[:used])}, buf[:used], r.offset+int64(used), int64(scanned))
}

// longLine reads the beginning of the line at offset, which ends before end and
// does not fit into buf.
func (r *reader) longLine(buf []byte, end int64) (block, error) {
	head := buf[:enoughToCut(r.maxLine)]
	n, err := r.readAt(head, r.offset)
	if err != nil {
		return block{}, err
	}
	if n < len(head) {
		return block{}, errTruncated
	}
	return r.deliver(block{text: string(head), long: true}, head, end, 0)
}

// skipHole moves behind the NUL bytes at the beginning of data, and if they are all of it, behind
// the hole that they may be a part of.
func (r *reader) skipHole(data []byte) (block, error) {
	hole := len(data) - len(bytes.TrimLeft(data, "\x00"))
	end := r.offset + int64(hole)
	if hole == len(data) {
		end = behindHole(r.file, end)
	}
	return r.deliver(block{}, data[:hole], end, 0)
}

// deliver moves on to offset, behind what b holds, if the file is still the
// one it was read of: it may have been truncated, and have grown again, before the
// reading. read is what was found at the present offset.
func (r *reader) deliver(b block, read []byte, offset, scanned int64) (block, error) {
	print, err := r.grow(read, offset)
	if err != nil {
		return block{}, err
	}
	r.offset, r.scanned, r.print = offset, scanned, print
	return b, nil
}

// grow checks the fingerprint and returns the one to keep at offset.
func (r *reader) grow(read []byte, offset int64) (fingerprint, error) {
	size := min(offset, fingerprintSize)
	switch {
	case r.print.size == size:
		return r.print, r.check()
	case r.offset == 0:
		return hashed(read[:min(size, int64(len(read)))]), nil
	}
	var buf [fingerprintSize]byte
	head := buf[:size]
	n, err := r.readAt(head, 0)
	switch {
	case err != nil:
		return fingerprint{}, err
	case n < len(head), r.print.size > 0 && hashed(head[:r.print.size]) != r.print:
		return fingerprint{}, errTruncated
	}
	return hashed(head), nil
}

// check says errTruncated if the file begins differently by now.
func (r *reader) check() error {
	ok, err := r.print.holds(r.file)
	if err == nil && !ok {
		err = errTruncated
	}
	return err
}

// readAt is ReadAt without its io.EOF.
func (r *reader) readAt(buf []byte, offset int64) (int, error) {
	n, err := r.file.ReadAt(buf, offset)
	if err == io.EOF {
		err = nil
	}
	return n, err
}
