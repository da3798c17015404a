package source

import (
	"bytes"
	"io"
	"strings"
	"time"

	"gaol/filter"
)

// sinceStep is how near binary search comes before reading on line by line, and
// how far it looks for a dated line.
const sinceStep = 64 << 10

// lastLineEnd is the offset behind the last line end before size, 0 if there is
// none.
func lastLineEnd(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, sinceStep)
	for size > 0 {
		from := max(0, size-int64(len(buf)))
		n, err := r.ReadAt(buf[:size-from], from)
		if err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		size = from
		if n > 0 && buf[0] == 0 {
			size = beforeHole(r, from)
		}
	}
	return 0, nil
}

// firstSince is the offset of the first line that date dates at since or later,
// and the end of the last line if there is none. Lines are taken to ascend
// in time; those without a date belong to the one before.
func firstSince(r io.ReaderAt, size int64, since time.Time, date func(string) (time.Time, bool)) (int64, error) {
	end, err := lastLineEnd(r, size)
	if err != nil {
		return 0, err
	}
	low, high := int64(0), end // the wanted line begins at low or behind it
	for high-low > sinceStep {
		middle := low + (high-low)/2
		at, when, ok, err := datedLine(r, middle, min(high, middle+sinceStep), date)
		switch {
		case err != nil:
			return 0, err
		case ok && when.Before(since):
			low = at
		default:
			high = middle
		}
	}
	return scanSince(r, low, end, since, date)
}

// datedLine finds the first line with a date that begins behind from and before
// to.
func datedLine(r io.ReaderAt, from, to int64, date func(string) (time.Time, bool)) (at int64, when time.Time, ok bool, err error) {
	buf := make([]byte, to-from)
	n, err := r.ReadAt(buf, from)
	if err != nil && err != io.EOF {
		return 0, time.Time{}, false, err
	}
	buf = buf[:n]
	next := bytes.IndexByte(buf, '\n') + 1
	for next > 0 && next < len(buf) {
		end := bytes.IndexByte(buf[next:], '\n')
		if end < 0 {
			break
		}
		if when, ok := date(string(buf[next : next+end])); ok {
			return from + int64(next), when, true, nil
		}
		next += end + 1
	}
	return 0, time.Time{}, false, nil
}

// scanSince reads on from low line by line.
func scanSince(r io.ReaderAt, low, end int64, since time.Time, date func(string) (time.Time, bool)) (int64, error) {
	rd := &reader{file: r, maxLine: filter.MaxLine, offset: low}
	buf := make([]byte, sinceStep+filter.MaxLine)
	for rd.offset < end {
		at := rd.offset
		b, err := rd.next(buf)
		if err != nil {
			return 0, err
		}
		if b.end {
			break
		}
		if b.long {
			if when, ok := date(b.text); ok && !when.Before(since) {
				return at, nil
			}
			continue
		}
		for text := b.text; text != ""; {
			line, rest, _ := strings.Cut(text, "\n")
			if when, ok := date(line); ok && !when.Before(since) {
				return at, nil
			}
			at += int64(len(text) - len(rest))
			text = rest
		}
	}
	return min(rd.offset, end), nil
}
