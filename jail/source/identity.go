package source

import (
	"errors"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"gaol/filter"
)

// fileID names a file whatever its path. An inode number is given to a new
// file soon after the old one is deleted, so the time of birth is part of it;
// 0 where the file system does not tell.
type fileID struct {
	device, inode uint64
	born          int64
}

// fileStat is what is to be known about a file.
type fileStat struct {
	id       fileID
	mode     uint16
	links    uint32
	size     int64
	modified time.Time
}

func (s fileStat) regular() bool   { return s.mode&unix.S_IFMT == unix.S_IFREG }
func (s fileStat) link() bool      { return s.mode&unix.S_IFMT == unix.S_IFLNK }
func (s fileStat) directory() bool { return s.mode&unix.S_IFMT == unix.S_IFDIR }

// statPath follows links; lstatPath does not; statFile is of an open file.
func statPath(path string) (fileStat, error) { return statx(unix.AT_FDCWD, path, 0) }
func lstatPath(path string) (fileStat, error) {
	return statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
}
func statFile(f *os.File) (fileStat, error) {
	return statx(int(f.Fd()), "", unix.AT_EMPTY_PATH)
}

// statx asks the kernel (statx(2), Linux 4.11).
func statx(dir int, path string, flags int) (fileStat, error) {
	var st unix.Statx_t
	err := retryEINTR(func() error {
		return unix.Statx(dir, path, flags, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st)
	})
	if err != nil {
		return fileStat{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	s := fileStat{
		id:       fileID{device: unix.Mkdev(st.Dev_major, st.Dev_minor), inode: st.Ino},
		mode:     st.Mode,
		links:    st.Nlink,
		size:     int64(st.Size),
		modified: time.Unix(st.Mtime.Sec, int64(st.Mtime.Nsec)),
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		s.id.born = st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
	}
	return s, nil
}

// errNotRegular is the answer to a directory, a device, a pipe or a socket
// under a log's name.
var errNotRegular = errors.New("not a regular file")

// errNotOnDisk is the answer to what the kernel makes up as it is read: such files look
// regular, and reading one (kmsg, trace_pipe) may take its content from somebody else.
var errNotOnDisk = errors.New("a file of the kernel, not a log")

// onDisk says whether an open file's content is kept by a file system (statfs(2)).
func onDisk(fd int) error {
	var st unix.Statfs_t
	if err := retryEINTR(func() error { return unix.Fstatfs(fd, &st) }); err != nil {
		return err
	}
	switch st.Type {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.CGROUP_SUPER_MAGIC,
		unix.CGROUP2_SUPER_MAGIC, unix.BPF_FS_MAGIC, unix.SECURITYFS_MAGIC:
		return errNotOnDisk
	}
	return nil
}

// openRegular opens a file for following and says which one it got. It never
// waits for a pipe's writer and never touches a device.
func openRegular(path string) (*os.File, fileStat, error) {
	st, err := statPath(path)
	if err != nil {
		return nil, st, err
	}
	if !st.regular() {
		return nil, st, &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	fd := -1
	err = retryEINTR(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		return err
	})
	if err != nil {
		return nil, st, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	if err := onDisk(fd); err != nil {
		unix.Close(fd)
		return nil, st, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	// Another file may have taken the name since the look above.
	f := os.NewFile(uintptr(fd), path)
	st, err = statFile(f)
	if err == nil && !st.regular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err != nil {
		f.Close()
		return nil, st, err
	}
	return f, st, nil
}

func retryEINTR(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// fingerprintSize is how much of a file's beginning tells it from another.
const fingerprintSize = 1024

// fingerprint is the FNV-1a hash of the first size bytes.
type fingerprint struct {
	sum  uint64
	size int64
}

// hashed is the fingerprint of a file that begins with head.
func hashed(head []byte) fingerprint {
	h := fnv.New64a()
	h.Write(head)
	return fingerprint{sum: h.Sum64(), size: int64(len(head))}
}

// holds says whether r still begins as it did when p was taken.
func (p fingerprint) holds(r io.ReaderAt) (bool, error) {
	switch {
	case p.size <= 0:
		return true, nil
	case p.size > fingerprintSize:
		return false, nil
	}
	var buf [fingerprintSize]byte
	head := buf[:p.size]
	n, err := r.ReadAt(head, 0)
	if n < len(head) {
		if err == io.EOF {
			err = nil
		}
		return false, err
	}
	return hashed(head) == p, nil
}

// matches says whether f, of which st is known, is the file that p was stored
// of, and has not been shortened or written anew since.
func matches(p filter.Position, f io.ReaderAt, st fileStat) (bool, error) {
	if p.Device != st.id.device || p.Inode != st.id.inode || p.Offset > st.size {
		return false, nil
	}
	return fingerprint{sum: p.Fingerprint, size: p.FingerprintSize}.holds(f)
}
