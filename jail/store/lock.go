package store

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrInUse is returned by Open for a file that is open already, here or in another process.
var ErrInUse = errors.New("another gaol is using it")

// fileLock stands for a store that is open to be written; the zero value is none. It is flock(2) on a file of its own, and ends with the
// process, whatever ends that. SQLite's locks on the database are of fcntl(2): they hold for a
// transaction only, and a process loses them when it closes any descriptor of the file.
type fileLock struct{ file *os.File }

// lockFile takes the lock of the store at path.
func lockFile(path string) (fileLock, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fileLock{}, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return fileLock{f}, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fileLock{}, fmt.Errorf("%w: stop that one, or set another path in [store]", ErrInUse)
	}
	return fileLock{}, fmt.Errorf("locking %s: %w", f.Name(), err)
}

// Close gives the lock back. Closing alone would not while a program that is being started still
// has all descriptors. The file stays: were it deleted, two could each lock one of its name.
func (l fileLock) Close() error {
	if l.file == nil {
		return nil
	}
	return errors.Join(unix.Flock(int(l.file.Fd()), unix.LOCK_UN), l.file.Close())
}
