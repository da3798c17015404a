package jail

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	// maxIgnoreFile bounds a file of addresses, in bytes; a million addresses fit.
	maxIgnoreFile = 32 << 20
	// maxFileFaults are reported of one file.
	maxFileFaults = 20
)

// OpenFunc opens a file for reading.
type OpenFunc func(path string) (fs.File, error)

// openFile does not wait for a writer where path is a FIFO.
func openFile(path string) (fs.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// ignoreFile is a file of addresses in ignoreip.
type ignoreFile struct {
	path     string
	prefixes []netip.Prefix
	// faults are those of the version that was read last.
	faults []error
	seen   fileVersion
	// reads counts how often it was read.
	reads int
}

// fileVersion tells whether a file has changed.
type fileVersion struct {
	modified time.Time
	size     int64
	inode    uint64
}

func versionOf(info fs.FileInfo) fileVersion {
	v := fileVersion{modified: info.ModTime(), size: info.Size()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		v.inode = st.Ino
	}
	return v
}

// refreshFiles reads the files that have changed.
func (ig *Ignore) refreshFiles() []error {
	var errs []error
	for _, f := range ig.files {
		before := f.reads
		errs = append(errs, f.refresh(ig.opts.Open)...)
		ig.changed = ig.changed || f.reads != before
	}
	return errs
}

// refresh reads the file if it has changed. One that cannot be read keeps what was known of it:
// a file that is missing for a moment, while it is replaced, must lock nobody out.
func (f *ignoreFile) refresh(open OpenFunc) []error {
	file, err := open(f.path)
	if err != nil {
		f.seen = fileVersion{}
		return []error{fmt.Errorf("reading ignoreip: %w: its last known addresses (%d) stay ignored", err, len(f.prefixes))}
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", f.path)
	}
	if err != nil {
		return []error{fmt.Errorf("reading ignoreip: %w", err)}
	}
	if v := versionOf(info); v != f.seen {
		prefixes, faults, err := parseIgnoreFile(f.path, file)
		if err != nil {
			return []error{err}
		}
		f.prefixes, f.faults, f.seen = prefixes, faults, v
		f.reads++
	}
	return f.faults
}

// parseIgnoreFile reads addresses and prefixes, separated by blanks, commas and new lines. A
// comment runs from a '#' or ';' at the start of a line or behind a blank to its end.
// Whatever is neither is a fault with its line; all others count. err says that the
// file could not be read.
func parseIgnoreFile(path string, r io.Reader) (prefixes []netip.Prefix, faults []error, err error) {
	limited := &io.LimitedReader{R: r, N: maxIgnoreFile + 1}
	in := bufio.NewScanner(limited)
	in.Buffer(nil, maxIgnoreFile+2) // all of it may be one line
	more := 0
	for line := 1; in.Scan(); line++ {
		for word := range strings.FieldsFuncSeq(withoutComment(in.Text()), isSeparator) {
			prefix, perr := parsePrefix(word)
			if perr == nil {
				prefixes = append(prefixes, prefix)
			} else if len(faults) < maxFileFaults {
				faults = append(faults, fmt.Errorf("reading %s:%d: %w", path, line, perr))
			} else {
				more++
			}
		}
	}
	if err := in.Err(); err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if limited.N <= 0 {
		return nil, nil, fmt.Errorf("reading %s: it has more than %d bytes: name networks instead of addresses", path, maxIgnoreFile)
	}
	if more > 0 {
		faults = append(faults, fmt.Errorf("reading %s: %d more entries are neither addresses nor networks", path, more))
	}
	return prefixes, faults, nil
}

func isSeparator(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' }

func withoutComment(line string) string {
	for i := range len(line) {
		if (line[i] == '#' || line[i] == ';') && (i == 0 || isSeparator(rune(line[i-1]))) {
			return line[:i]
		}
	}
	return line
}
