package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"gaol/filter"
)

// readAllBlock is how much ReadAll reads at once: small enough to stay in a
// processor's cache while it is copied and split.
const readAllBlock = 256 << 10

// ReadAll reads r to its end and hands over all its lines, in blocks, as
// name's. All are catch-up and read at now; a last line without a line end
// counts; of a line longer than 64 KiB the rest is skipped. Position.Offset
// counts the bytes read. ReadAll blocks as long as r and emit do; it looks at ctx
// between two blocks, and returns its error.
func ReadAll(ctx context.Context, r io.Reader, name string, now time.Time, emit Emit) error {
	all := oneReading{emit: emit, like: filter.Line{Read: now, CatchUp: true, Source: name}}
	buf := make([]byte, readAllBlock)
	kept := 0
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadAtLeast(r, buf[kept:], 1)
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		kept += n
		last := err == io.EOF
		used, emitErr := all.take(ctx, buf[:kept], last)
		if emitErr != nil || last {
			return emitErr
		}
		kept = copy(buf, buf[used:kept])
	}
}

// oneReading is the state of one ReadAll.
type oneReading struct {
	emit   Emit
	like   filter.Line
	offset int64
	// long is the beginning of a line that is too long, whose rest is being
	// skipped; "" if there is none.
	long string
}

// take hands over the complete lines at the beginning of data, all of it if
// last, and returns how many bytes are done with.
func (o *oneReading) take(ctx context.Context, data []byte, last bool) (used int, err error) {
	if o.long == "" {
		used = len(data) - len(bytes.TrimLeft(data, "\x00"))
		o.offset += int64(used)
		data = data[used:]
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	switch {
	case last:
		end = len(data)
	case end == 0 && o.long != "":
		o.offset += int64(len(data))
		return used + len(data), nil
	case end == 0 && len(data) > defaultMaxLine+1:
		o.long = string(data[:defaultMaxLine+1])
		o.offset += int64(len(data))
		return used + len(data), nil
	}
	if end == 0 && o.long == "" {
		return used, nil
	}
	block := data[:end]
	var lines []filter.Line
	if o.long != "" {
		// The rest of the long line ends here, or with the file.
		rest := bytes.IndexByte(block, '\n') + 1
		if rest == 0 {
			rest = len(block)
		}
		lines, _ = appendLines(lines, o.long, o.like, defaultMaxLine)
		o.long = ""
		block = block[rest:]
	}
	lines, _ = appendLines(lines, string(block), o.like, defaultMaxLine)
	o.offset += int64(end)
	return used + end, o.emit(ctx, Batch{
		Source:   o.like.Source,
		Lines:    lines,
		Position: filter.Position{Path: o.like.Source, Offset: o.offset},
	})
}
