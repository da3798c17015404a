package jail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"gaol/jail/fetch"
)

// maxIgnoreFile bounds a file of addresses, in bytes; a million addresses fit.
const maxIgnoreFile = 32 << 20

// OpenFunc opens a file for reading.
type OpenFunc func(path string) (fs.File, error)

// openFile does not wait for a writer where path is a FIFO.
func openFile(path string) (fs.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// ignoreFile is a file of addresses. It is read when it has changed, which is looked for each time: a
// file that is missing for a moment, while it is replaced, is found again.
type ignoreFile struct {
	path string
	open OpenFunc
	// seen is the version that was read last, faults and err what is wrong with it.
	seen   fetch.FileVersion
	faults []error
	err    error
}

// ask implements origin.
func (f *ignoreFile) ask(context.Context) (answer, error) {
	file, err := f.open(f.path)
	if err != nil {
		f.seen = fetch.FileVersion{}
		return answer{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", f.path)
	}
	if err != nil {
		return answer{}, err
	}
	v := fetch.VersionOf(info)
	if v == f.seen {
		return answer{same: true, faults: f.faults}, f.err
	}
	text, err := readAll(file, maxIgnoreFile)
	prefixes, faults := parseList(text)
	if f.err = errors.Join(err, tooWide(prefixes)); f.err != nil {
		f.err = fmt.Errorf("reading %s: %w", f.path, f.err)
	}
	f.seen, f.faults = v, nil
	for _, fault := range faults {
		f.faults = append(f.faults, fmt.Errorf("reading %s: %w", f.path, fault))
	}
	return answer{prefixes: prefixes, faults: f.faults}, f.err
}
