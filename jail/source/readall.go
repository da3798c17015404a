package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unsafe"

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
	return ReadBlocks(ctx, r, name, now, func(ctx context.Context, b Block) error {
		b.Text = strings.Clone(b.Text)
		return emit(ctx, Batch{
			Source:   name,
			Lines:    b.Lines(),
			Position: filter.Position{Path: name, Offset: b.offset},
		})
	})
}

// ReadBlocks is ReadAll for those who want few of the lines: it cuts none.
func ReadBlocks(ctx context.Context, r io.Reader, name string, now time.Time, emit func(context.Context, Block) error) error {
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

// Block is a run of complete lines as they were read, with their ends. It and
// all that was cut out of it hold only until it has been handled: the next one
// is read into the same memory, as a copy of each would cost more than looking
// through it.
type Block struct {
	Text string
	like filter.Line
	// offset is the position behind the block.
	offset int64
}

// Lines returns all lines of the block.
func (b Block) Lines() []filter.Line {
	lines, _ := appendLines(nil, b.Text, b.like, defaultMaxLine)
	return lines
}

// Line returns the line that begins at Text[start:], and where the next begins.
func (b Block) Line(start int) (line filter.Line, next int) {
	next = len(b.Text)
	if end := strings.IndexByte(b.Text[start:], '\n'); end >= 0 {
		next = start + end + 1
	}
	var one [1]filter.Line
	lines, _ := appendLines(one[:0], b.Text[start:next], b.like, defaultMaxLine)
	return lines[0], next
}

// oneReading is the state of one ReadBlocks.
type oneReading struct {
	emit   func(context.Context, Block) error
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
	case end == 0 && len(data) >= enoughToCut(defaultMaxLine):
		o.long = string(data[:enoughToCut(defaultMaxLine)])
		o.offset += int64(len(data))
		return used + len(data), nil
	}
	if end == 0 && o.long == "" {
		return used, nil
	}
	block := data[:end]
	if o.long != "" {
		// The rest of the long line ends here, or with the file.
		rest := bytes.IndexByte(block, '\n') + 1
		if rest == 0 {
			rest = len(block)
		}
		o.offset += int64(rest)
		if err := o.emit(ctx, Block{Text: o.long, like: o.like, offset: o.offset}); err != nil {
			return used + rest, err
		}
		o.long = ""
		block = block[rest:]
		used += rest
	}
	o.offset += int64(len(block))
	return used + len(block), o.emit(ctx, Block{Text: unsafe.String(unsafe.SliceData(block), len(block)), like: o.like, offset: o.offset})
}
