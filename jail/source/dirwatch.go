package source

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// dirWatch tells that something was created, renamed, removed or given other
// rights in one of a set of directories; not what. Writing to a file, the most
// frequent change by far, does not wake it.
type dirWatch struct {
	file *os.File
	// changed receives after a change; it holds one.
	changed chan struct{}
	reading sync.WaitGroup
	watched map[uint32]bool
}

const dirEvents = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE |
	unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR

// newDirWatch watches nothing yet. Close it.
func newDirWatch() (*dirWatch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, inotifyError(err)
	}
	d := &dirWatch{file: os.NewFile(uintptr(fd), "inotify"), changed: make(chan struct{}, 1)}
	d.reading.Go(d.read)
	return d, nil
}

// set watches dirs from now on, and no others. It is to be called at every
// look, since a directory may have been replaced by another of its name. It
// returns what went wrong with which; a directory that is not there is no error.
func (d *dirWatch) set(dirs []string) map[string]error {
	conn, err := d.file.SyscallConn()
	if err != nil {
		return nil // closed
	}
	problems := map[string]error{}
	conn.Control(func(fd uintptr) {
		watched := map[uint32]bool{}
		for _, dir := range dirs {
			wd, err := unix.InotifyAddWatch(int(fd), dir, dirEvents)
			switch {
			case err == nil:
				watched[uint32(wd)] = true
			case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR):
				problems[dir] = inotifyError(err)
			}
		}
		for wd := range d.watched {
			if !watched[wd] {
				// It fails if the directory is gone, and the watch with it.
				unix.InotifyRmWatch(int(fd), wd)
			}
		}
		d.watched = watched
	})
	return problems
}

// read turns events into wakes until the file is closed.
func (d *dirWatch) read() {
	buf := make([]byte, 4096)
	for {
		if _, err := d.file.Read(buf); err != nil {
			return
		}
		select {
		case d.changed <- struct{}{}:
		default:
		}
	}
}

// close ends the watch and waits for its goroutine.
func (d *dirWatch) close() {
	d.file.Close()
	d.reading.Wait()
}
