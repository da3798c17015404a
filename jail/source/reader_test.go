package source

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

// text is a file in memory that tests append to and truncate.
type text struct{ bytes []byte }

func (f *text) ReadAt(p []byte, offset int64) (int, error) {
	if offset >= int64(len(f.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, f.bytes[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// drain reads to the end and returns the lines.
func drain(t *testing.T, r *reader, bufSize int) []string {
	t.Helper()
	var got []string
	buf := make([]byte, bufSize)
	for {
		before := r.offset
		b, err := r.next(buf)
		if err != nil {
			t.Fatal(err)
		}
		if r.offset < before {
			t.Fatalf("offset ran back from %d to %d", before, r.offset)
		}
		if b.end {
			return got
		}
		lines, _ := appendLines(nil, b.text, filter.Line{}, r.maxLine)
		for _, l := range lines {
			got = append(got, l.Text)
		}
	}
}

func TestReaderAppends(t *testing.T) {
	const maxLine, bufSize = 8, 16
	tests := []struct {
		name string
		// writes are appended one after the other; after each, all is read.
		writes []string
		want   []string
		offset int64
	}{
		{"a line at once", []string{"one\n"}, []string{"one"}, 4},
		{"a line in pieces", []string{"o", "n", "e\ntw", "o\n"}, []string{"one", "two"}, 8},
		{"an unfinished line waits", []string{"one\ntwo"}, []string{"one"}, 4},
		{"cut, but in the block", []string{"0123456789\nx\n"}, []string{"01234567" + filter.CutMark, "x"}, 13},
		{"cut, longer than the block", []string{strings.Repeat("y", 40) + "\nx\n"}, []string{"yyyyyyyy" + filter.CutMark, "x"}, 43},
		{"cut, in pieces", []string{strings.Repeat("y", 20), strings.Repeat("z", 20) + "\n", "x\n"}, []string{"yyyyyyyy" + filter.CutMark, "x"}, 43},
		{"cut in front of a carriage return", []string{"01234567\r" + strings.Repeat("y", 40) + "\nx\n"}, []string{"01234567" + filter.CutMark, "x"}, 52},
		{"as long as may be", []string{"01234567\r\n"}, []string{"01234567"}, 10},
		{"a hole in front", []string{strings.Repeat("\x00", 100), "one\n"}, []string{"one"}, 104},
		{"a hole in between", []string{"a\n" + strings.Repeat("\x00", 100) + "one\n"}, []string{"a", "one"}, 106},
		{"exactly a block", []string{"0123456\n0123456\n", "x\n"}, []string{"0123456", "0123456", "x"}, 18},
		{"exactly a block without an end", []string{"0123456789abcdef", "\nx\n"}, []string{"01234567" + filter.CutMark, "x"}, 19},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := new(text)
			r := &reader{file: f, maxLine: maxLine}
			var got []string
			for _, w := range tt.writes {
				f.bytes = append(f.bytes, w...)
				got = append(got, drain(t, r, bufSize)...)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("lines (-want +got):\n%s", d)
			}
			if r.offset != tt.offset {
				t.Errorf("offset %d, want %d", r.offset, tt.offset)
			}
		})
	}
}

func TestReaderSeesTruncation(t *testing.T) {
	old := strings.Repeat("an old line\n", 200)
	tests := []struct{ name, before, after string }{
		{"grown beyond what was read", "old\n", "new and longer\nmore\n"},
		{"grown to the same size", "old\n", "new\n"},
		{"long ago, first block differs", old, "a new line\n" + old},
		{"differs only late in the first KiB", old, old[:1000] + "AN OLD LINE\n" + old},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &text{[]byte(tt.before)}
			r := &reader{file: f, maxLine: 100}
			drain(t, r, 200)
			f.bytes = []byte(tt.after)
			_, err := r.next(make([]byte, 200))
			if err == nil {
				err = r.check()
			}
			if !errors.Is(err, errTruncated) {
				t.Errorf("got error %v, want errTruncated", err)
			}
		})
	}
}

// FuzzReader writes data in pieces, with reads in between, and expects what one
// look at the whole would give.
func FuzzReader(f *testing.F) {
	f.Add([]byte("one\ntwo\nthree"), uint8(3))
	f.Add([]byte("\x00\x00\x00one\r\n\n\ntwo\n"), uint8(1))
	f.Add([]byte(strings.Repeat("long", 30)+"\nx\n"), uint8(7))
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		const maxLine, bufSize = 10, 24
		file := new(text)
		r := &reader{file: file, maxLine: maxLine}
		var got []string
		for rest := data; len(rest) > 0; {
			n := min(len(rest), int(step)+1)
			file.bytes = append(file.bytes, rest[:n]...)
			rest = rest[n:]
			got = append(got, drain(t, r, bufSize)...)
		}
		complete := data[:bytes.LastIndexByte(data, '\n')+1]
		lines, _ := appendLines(nil, string(complete), filter.Line{}, maxLine)
		var want []string
		for _, l := range lines {
			want = append(want, l.Text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("lines (-want +got):\n%s", d)
		}
		if r.offset < int64(len(complete)) {
			t.Errorf("offset %d, want at least %d", r.offset, len(complete))
		}
	})
}

// FuzzSplit holds the splitter to its bytes: lines joined again give the block.
func FuzzSplit(f *testing.F) {
	f.Add("a\nb\n")
	f.Add("\r\n\n\x00x\nlast")
	f.Fuzz(func(t *testing.T, in string) {
		lines, cut := appendLines(nil, in, filter.Line{}, 1<<20)
		if cut != 0 {
			t.Fatalf("%d lines cut", cut)
		}
		rest := in
		for i, l := range lines {
			rest = strings.TrimLeft(rest, "\x00")
			if l.Text == "" {
				// All of the line may have been a hole.
				rest = strings.TrimPrefix(rest, "\r")
			}
			var ok bool
			if rest, ok = strings.CutPrefix(rest, l.Text); !ok {
				t.Fatalf("line %d is %q, but %q is left of the block", i, l.Text, rest)
			}
			rest = strings.TrimPrefix(rest, "\r")
			if rest, ok = strings.CutPrefix(rest, "\n"); !ok && i < len(lines)-1 {
				t.Fatalf("line %d is not followed by a line end but %q", i, rest)
			}
		}
		if rest != "" {
			t.Fatalf("%q is in no line", rest)
		}
	})
}
