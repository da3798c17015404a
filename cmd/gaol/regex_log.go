package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"gaol/jail/source"
)

// logInput is the log that the LOG argument means.
type logInput struct {
	io.Reader
	// name is the lines' source; kind and title tell a person what is read.
	name        string
	kind, title string
	// size is the number of bytes on disk, 0 where it is not known; read of them
	// have been read.
	size int64
	read *atomic.Int64
	// line is the log line itself where LOG is one.
	line  string
	close func() error
}

// journalLog is the LOG argument that means the systemd journal.
const journalLog = "journal"

// Close ends the reading.
func (l *logInput) Close() error { return l.close() }

// countingReader counts what is read from it.
type countingReader struct {
	io.Reader
	read *atomic.Int64
}

func (r countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.read.Add(int64(n))
	return n, err
}

// openLog finds out what the LOG argument means and opens it. A word that
// names no file is a log line, unless it looks like a path.
func (a *app) openLog(ctx context.Context, arg string, journalmatch []string) (*logInput, error) {
	switch info, err := os.Stat(arg); {
	case arg == "-":
		return openStream(a.stdin, "-", "standard input", "-")
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("reading %s: it is a directory: name a file in it", arg)
	case err == nil:
		return openFile(arg, info)
	case arg == journalLog:
		return openJournal(ctx, journalmatch)
	case looksLikePath(arg):
		return nil, readingLog(arg, err)
	default:
		return &logInput{Reader: strings.NewReader(arg), name: "-", kind: "single line", title: "the line",
			line: arg, read: new(atomic.Int64), close: func() error { return nil }}, nil
	}
}

// looksLikePath says that arg was meant as a file's path: a log line would hold
// a blank.
func looksLikePath(arg string) bool {
	return !strings.ContainsAny(arg, " \t") &&
		(strings.HasPrefix(arg, "/") || strings.HasPrefix(arg, "./") || strings.HasPrefix(arg, "../") ||
			strings.HasSuffix(arg, ".log") || strings.Contains(arg, ".log.") ||
			strings.HasSuffix(arg, ".gz") || strings.HasSuffix(arg, ".zst"))
}

// readingLog names the path once: an error of package os names it as well.
func readingLog(path string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Errorf("reading %s: %w", path, err)
}

func openFile(path string, info fs.FileInfo) (*logInput, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, readingLog(path, err)
	}
	input, err := openStream(f, path, "log file", path)
	if err != nil {
		f.Close()
		return nil, err
	}
	decompressed := input.close
	input.close = func() error { return errors.Join(decompressed(), f.Close()) }
	if info.Mode().IsRegular() {
		input.size = info.Size()
	}
	return input, nil
}

// openStream reads r, decompressing it if need be.
func openStream(r io.Reader, name, kind, title string) (*logInput, error) {
	read := new(atomic.Int64)
	content, err := source.Decompress(countingReader{r, read})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", title, err)
	}
	return &logInput{Reader: content, name: name, kind: kind, title: title, read: read, close: content.Close}, nil
}
