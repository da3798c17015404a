package source

import (
	"fmt"
	"os"

	"github.com/fsnotify/fsnotify"
	"github.com/nxadm/tail/watch"
	"golang.org/x/sys/unix"
	"gopkg.in/tomb.v1"
)

// watching is the library's watch for changes of one open file.
//
// The library is given /proc/self/fd/N, for four reasons: that path is ours
// alone, so that no other follower shares (and closes) its channels; it leads to
// the file however it is renamed; asking for its state cannot fail while the file is
// open, which would make the library call os.Exit; and the number is not used
// again before stop has returned.
type watching struct {
	path    string
	tomb    tomb.Tomb
	changes *watch.FileChanges
	// events is the channel between the library's goroutines. It is closed
	// when the library has let go of path.
	events <-chan fsnotify.Event
}

// startWatching begins to watch f. Its errors are those of inotify_add_watch(2);
// inotify itself must have been probed before.
func startWatching(f *os.File) (*watching, error) {
	w := &watching{path: fmt.Sprintf("/proc/self/fd/%d", f.Fd())}
	if err := w.arm(); err != nil {
		return nil, err
	}
	return w, nil
}

// arm begins anew, as is needed after each deletion or renaming: the kernel
// goes on with the file, the library does not.
func (w *watching) arm() error {
	changes, err := watch.NewInotifyFileWatcher(w.path).ChangeEvents(&w.tomb, 0)
	if err != nil {
		return inotifyError(err)
	}
	w.changes = changes
	w.events = watch.Events(w.path)
	return nil
}

// stop ends the library's goroutine and waits until it has let go of the path.
func (w *watching) stop() {
	w.tomb.Kill(nil)
	if w.events == nil {
		return // it had let go already
	}
	for range w.events {
	}
}

// modified, truncated and deleted are the library's three channels, nil for no watch.
func (w *watching) modified() <-chan bool {
	if w == nil {
		return nil
	}
	return w.changes.Modified
}

func (w *watching) truncated() <-chan bool {
	if w == nil {
		return nil
	}
	return w.changes.Truncated
}

func (w *watching) deleted() <-chan bool {
	if w == nil {
		return nil
	}
	return w.changes.Deleted
}

// probeInotify says whether inotify can be had. The library opens its one
// instance at the first use and ends the process if it cannot, so several are
// asked for, to be sure of one.
func probeInotify() error {
	const instances = 4
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	for range instances {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			return err
		}
		fds = append(fds, fd)
	}
	return nil
}

// The types of file systems that other hosts write to, or that a program
// answers for: the kernel does not tell of changes made elsewhere, and asking for
// a file's state can fail (statfs(2), linux/magic.h and fs/smb/client).
const (
	magicCIFS = 0xff534d42
	magicSMB2 = 0xfe534d42
	magicVBox = 0x786f4256
)

// remote says whether f is on such a file system; then it is polled.
func remote(f *os.File) bool {
	var st unix.Statfs_t
	if err := retryEINTR(func() error { return unix.Fstatfs(int(f.Fd()), &st) }); err != nil {
		return true
	}
	switch uint32(st.Type) {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, magicCIFS, magicSMB2, magicVBox,
		unix.FUSE_SUPER_MAGIC, unix.V9FS_MAGIC, unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC,
		unix.CODA_SUPER_MAGIC, unix.OCFS2_SUPER_MAGIC:
		return true
	}
	return false
}
