package fetch

import (
	"io/fs"
	"syscall"
	"time"
)

// FileVersion tells whether a file has changed. The time of its last change can't be set by the programs that
// keep the other one when they copy.
type FileVersion struct {
	modified, changed time.Time
	size              int64
	inode             uint64
}

// VersionOf is the version of a file.
func VersionOf(info fs.FileInfo) FileVersion {
	v := FileVersion{modified: info.ModTime(), size: info.Size()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		v.inode = st.Ino
		v.changed = time.Unix(st.Ctim.Unix())
	}
	return v
}
