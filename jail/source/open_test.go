package source_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"gaol/jail/source"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	const text = "one\ntwo\n"
	var gz, zst bytes.Buffer
	gw := gzip.NewWriter(&gz)
	gw.Write([]byte("one\n"))
	gw.Close()
	gw.Reset(&gz) // logrotate's and cat's members follow each other
	gw.Write([]byte("two\n"))
	gw.Close()
	zw, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	zw.Write([]byte(text))
	zw.Close()
	tests := []struct {
		name, file string
		data       []byte
		want       []string
	}{
		{"plain", "x.log", []byte(text), []string{"one", "two"}},
		{"empty", "x.log", nil, nil},
		{"shorter than any magic", "x.log", []byte("a"), []string{"a"}},
		{"gzip", "x.log.gz", gz.Bytes(), []string{"one", "two"}},
		{"gzip under another name", "x.log.1", gz.Bytes(), []string{"one", "two"}},
		{"zstd", "x.log.zst", zst.Bytes(), []string{"one", "two"}},
		{"plain under a name of gzip's", "x.gz", []byte(text), []string{"one", "two"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(path, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := source.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			err = source.ReadAll(t.Context(), r, path, time.Time{}, func(_ context.Context, b source.Batch) error {
				for _, l := range b.Lines {
					got = append(got, l.Text)
				}
				return nil
			})
			if err := errors.Join(err, r.Close()); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("lines (-want +got):\n%s", d)
			}
		})
	}
	if _, err := source.Open(filepath.Join(t.TempDir(), "not-there")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestReadAllStops(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	err := source.ReadAll(t.Context(), bytes.NewReader([]byte("a\n")), "x", time.Time{}, func(context.Context, source.Batch) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = source.ReadAll(ctx, bytes.NewReader([]byte("a\n")), "x", time.Time{}, func(context.Context, source.Batch) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
