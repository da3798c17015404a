package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
	"gaol/jail/source"
)

func TestReadAll(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	cut := long[:filter.MaxLine] + filter.CutMark
	tests := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"one line", "a\n", []string{"a"}},
		{"last line without its end", "a\nb", []string{"a", "b"}},
		{"empty lines count", "\n\na\n", []string{"", "", "a"}},
		{"one carriage return is cut", "a\r\r\n", []string{"a\r"}},
		{"NUL inside a line stays", "a\x00b\n", []string{"a\x00b"}},
		{"hole before a line", strings.Repeat("\x00", 5000) + "a\nb\n", []string{"a", "b"}},
		{"a hole longer than the block", strings.Repeat("\x00", 1<<20) + "a\nb\n", []string{"a", "b"}},
		{"not UTF-8", "\xff\xfe\n", []string{"\xff\xfe"}},
		{"a line longer than the block", long + "\nb\n", []string{cut, "b"}},
		{"a long line that is the last", "a\n" + long, []string{"a", cut}},
		{"cut in front of a carriage return", long[:filter.MaxLine] + "\r" + long + "\nb", []string{cut, "b"}},
		{"two long lines", long + "\n" + long + "\nb", []string{cut, cut, "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Unix(1, 0)
			var got []string
			offset := int64(0)
			emit := func(_ context.Context, b source.Batch) error {
				for _, l := range b.Lines {
					if !l.CatchUp || !l.Read.Equal(now) || l.Source != "log" {
						t.Errorf("line %+v: want catch-up, read at now, from log", l)
					}
					got = append(got, l.Text)
				}
				offset = b.Position.Offset
				return nil
			}
			if err := source.ReadAll(t.Context(), iotest.HalfReader(strings.NewReader(tt.in)), "log", now, emit); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("lines (-want +got):\n%s", d)
			}
			if offset != int64(len(tt.in)) {
				t.Errorf("offset %d, want %d", offset, len(tt.in))
			}
		})
	}
}

func BenchmarkReadAll(b *testing.B) {
	line := "192.0.2.7 - - [10/Mar/2026:21:31:23 +0000] \"GET /index.html HTTP/1.1\" 200 1234 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n"
	data := bytes.Repeat([]byte(line), 1<<20)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		err := source.ReadAll(b.Context(), bytes.NewReader(data), "log", time.Time{}, func(_ context.Context, batch source.Batch) error {
			n += len(batch.Lines)
			return nil
		})
		if err != nil || n != 1<<20 {
			b.Fatal(n, err)
		}
	}
}

// Blocks that are not done with keep their text, and there are never more of them
// than was said.
func TestReadBlocksAtOnce(t *testing.T) {
	const most = 3
	var log strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&log, "line %d\n", i)
	}
	var held []source.Block
	var got strings.Builder
	release := func() {
		for _, b := range held {
			if b.Start != int64(got.Len()) {
				t.Fatalf("a block begins at %d, want %d", b.Start, got.Len())
			}
			got.WriteString(b.Text)
			b.Done()
		}
		held = nil
	}
	err := source.ReadBlocks(t.Context(), strings.NewReader(log.String()), "log", time.Time{}, most, func(_ context.Context, b source.Block) error {
		if held = append(held, b); len(held) == most {
			release()
		}
		return nil
	})
	release()
	if err != nil || got.String() != log.String() {
		t.Errorf("%d bytes of %d, %v", got.Len(), log.Len(), err)
	}
}

func TestReadBlocksIsCancelledWhileItWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	log := strings.NewReader(strings.Repeat("x\n", 1<<20))
	err := source.ReadBlocks(ctx, log, "log", time.Time{}, 1, func(context.Context, source.Block) error {
		cancel() // and the block is never done with
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
