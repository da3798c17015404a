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
// counts; of a line longer than [filter.MaxLine] the rest is skipped. Position.Offset
// counts the bytes read. ReadAll blocks as long as r and emit do; it looks at ctx
// between two blocks, and returns its error.
func ReadAll(ctx context.Context, r io.Reader, name string, now time.Time, emit Emit) error {
	return ReadBlocks(ctx, r, name, now, 1, func(ctx context.Context, b Block) error {
		text := b
		text.Text = strings.Clone(b.Text)
		b.Done()
		return emit(ctx, Batch{
			Source:   name,
			Lines:    text.Lines(),
			Position: filter.Position{Path: name, Offset: b.offset},
		})
	})
}

// ReadBlocks is ReadAll for those who want few of the lines: it cuts none. With
// most blocks handed over it waits until one of them is done with, see
// [Block.Done]; most is 1 or more.
func ReadBlocks(ctx context.Context, r io.Reader, name string, now time.Time, most int, emit func(context.Context, Block) error) error {
	all := oneReading{emit: emit, like: filter.Line{Read: now, CatchUp: true, Source: name}, memory: newMemory(most)}
	buf, err := all.memory.take(ctx)
	if err != nil {
		return err
	}
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
		used, given, emitErr := all.take(ctx, buf, kept, last)
		if emitErr != nil || last {
			return emitErr
		}
		rest := buf[used:kept]
		if given {
			if buf, err = all.memory.take(ctx); err != nil {
				return err
			}
		}
		kept = copy(buf, rest)
	}
}

// memory is what blocks are read into, a buffer for each that is not done with.
// A fresh one for each block would cost more than looking through it.
type memory chan []byte

func newMemory(most int) memory {
	m := make(memory, most)
	for range most {
		m <- nil // made when it is needed
	}
	return m
}

// take waits for a buffer that nobody uses.
func (m memory) take(ctx context.Context) ([]byte, error) {
	select {
	case buf := <-m:
		if buf == nil {
			buf = make([]byte, readAllBlock)
		}
		return buf, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Block is a run of complete lines as they were read, with their ends.
type Block struct {
	Text string
	// Start is how many bytes were read before it.
	Start int64
	like  filter.Line
	// offset is the position behind the block.
	offset int64
	// buf is where Text stands; nil: in memory of its own.
	buf    []byte
	memory memory
}

// Done says that neither the block nor anything that was cut out of it is needed
// any more: another is read into its memory. Call it once, from any goroutine.
func (b Block) Done() {
	if b.buf != nil {
		b.memory <- b.buf
	}
}

// Lines returns all lines of the block.
func (b Block) Lines() []filter.Line {
	lines, _ := appendLines(nil, b.Text, b.like, filter.MaxLine)
	return lines
}

// Line returns the line that begins at Text[start:], and where the next begins.
func (b Block) Line(start int) (line filter.Line, next int) {
	text, next := b.Text[start:], len(b.Text)
	if end := strings.IndexByte(text, '\n'); end >= 0 {
		text, next = text[:end], start+end+1
	}
	line = b.like
	line.Text, _ = lineOf(text, filter.MaxLine)
	return line, next
}

// oneReading is the state of one ReadBlocks.
type oneReading struct {
	emit   func(context.Context, Block) error
	like   filter.Line
	memory memory
	offset int64
	// long is the beginning of a line that is too long, whose rest is being
	// skipped; "" if there is none. It began at longStart.
	long      string
	longStart int64
}

// take hands over the complete lines at the beginning of buf[:n], all of it if
// last. It returns how many bytes are done with, and whether buf was given away.
func (o *oneReading) take(ctx context.Context, buf []byte, n int, last bool) (used int, given bool, err error) {
	data := buf[:n]
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
		return used + len(data), false, nil
	case end == 0 && len(data) >= enoughToCut(filter.MaxLine):
		o.long, o.longStart = string(data[:enoughToCut(filter.MaxLine)]), o.offset
		o.offset += int64(len(data))
		return used + len(data), false, nil
	}
	if end == 0 && o.long == "" {
		return used, false, nil
	}
	block := data[:end]
	if o.long != "" {
		// The rest of the long line ends here, or with the file.
		rest := bytes.IndexByte(block, '\n') + 1
		if rest == 0 {
			rest = len(block)
		}
		o.offset += int64(rest)
		if err := o.emit(ctx, Block{Text: o.long, Start: o.longStart, like: o.like, offset: o.offset}); err != nil {
			return used + rest, false, err
		}
		o.long = ""
		block = block[rest:]
		used += rest
	}
	start := o.offset
	o.offset += int64(len(block))
	return used + len(block), true, o.emit(ctx, Block{Text: unsafe.String(unsafe.SliceData(block), len(block)),
		Start: start, like: o.like, offset: o.offset, buf: buf, memory: o.memory})
}
