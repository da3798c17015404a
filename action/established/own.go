package established

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// withoutOwn returns sockets without those of this process, which are known by their inodes, and the ends of the latter: gaol does
// not end the connections by which it is asked, or asks others, itself.
func withoutOwn(sockets []socket) (others []socket, own map[ends]bool) {
	if len(sockets) == 0 {
		return nil, nil
	}
	inodes := ownInodes()
	own = map[ends]bool{}
	for _, s := range sockets {
		if inodes[s.Inode] {
			own[s.ends()] = true
		} else {
			others = append(others, s)
		}
	}
	return others, own
}

// ownInodes are those of the sockets that this process has open, see proc_pid_fd(5).
func ownInodes() map[uint32]bool {
	const dir = "/proc/self/fd"
	own := map[uint32]bool{}
	files, err := os.ReadDir(dir)
	if err != nil {
		return own // without /proc, there is no telling
	}
	for _, f := range files {
		link, _ := os.Readlink(filepath.Join(dir, f.Name())) // one that was closed meanwhile is no socket
		number, isSocket := strings.CutPrefix(link, "socket:[")
		if inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32); isSocket && err == nil {
			own[uint32(inode)] = true
		}
	}
	return own
}
