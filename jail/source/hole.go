package source

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A hole of a sparse file reads as NUL bytes and takes no room on the disk: one of terabytes is made
// in no time, by whoever may write to a log directory or by a writer without O_APPEND whose
// log is truncated. To read it would take hours.

// behindHole is where the hole ends that offset of r lies in, or offset if it lies in none or the file
// system does not tell (lseek(2), SEEK_DATA).
func behindHole(r io.ReaderAt, offset int64) int64 {
	f, ok := r.(*os.File)
	if !ok {
		return offset
	}
	// Asked for first: what is written from now on lies behind it.
	st, err := statFile(f)
	if err != nil || st.size <= offset {
		return offset
	}
	data, err := unix.Seek(int(f.Fd()), offset, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return st.size
	case err != nil:
		return offset
	}
	return data
}

// beforeHole is a place in the hole that ends at end, far to its beginning, or end if
// there is none.
func beforeHole(r io.ReaderAt, end int64) int64 {
	from := end
	for step := int64(sinceStep); from > 0; step *= 2 {
		before := max(0, from-step)
		if behindHole(r, before) < end {
			break
		}
		from = before
	}
	return from
}
