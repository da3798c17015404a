package replay

import (
	"errors"
	"fmt"
	"io"
	"os"

	"gaol/jail/source"
)

// countedFile is a file of which is told how much has been read.
type countedFile struct {
	file     *os.File
	progress *progress
	read     int64
}

// Read implements io.Reader.
func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.read += int64(n)
	return n, err
}

// tell passes on what was read since the last time.
func (f *countedFile) tell() {
	f.progress.add(f.read)
	f.read = 0
}

// counted is a log with the file it comes from.
type counted struct {
	io.ReadCloser
	file *os.File
}

// Close closes both.
func (c counted) Close() error { return errors.Join(c.ReadCloser.Close(), c.file.Close()) }

// openCounted opens a log, decompressed.
func openCounted(path string, p *progress) (io.ReadCloser, *countedFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("opening a log: %w", err)
	}
	f := &countedFile{file: file, progress: p}
	content, err := source.Decompress(f)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), file.Close())
	}
	return counted{content, file}, f, nil
}
