package leak

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// socketFiles list the TCP sockets of the network namespace, each in a line: proc_pid_net(5). Unlike a dump by netlink
// they need no module and no capability.
var socketFiles = []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}

// States of a TCP socket: enum in linux/include/net/tcp_states.h.
const (
	stateEstablished = 0x01
	stateSynReceived = 0x03
	stateListen      = 0x0A
)

// socket is a line of such a file.
type socket struct {
	local, peer netip.AddrPort
	state       uint8
}

// eachSocket calls f for all TCP sockets, those that listen before those that they have accepted.
func eachSocket(f func(socket)) error {
	for _, path := range socketFiles {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // no IPv6
		}
		if err != nil {
			return err
		}
		err = scanSockets(file, f)
		_ = file.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func scanSockets(r io.Reader, f func(socket)) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if s, ok := parseSocket(lines.Text()); ok {
			f(s)
		}
	}
	return lines.Err()
}

// parseSocket reads "  0: 0100007F:0035 00000000:0000 0A …"; other lines, as the heading, are not ok.
func parseSocket(line string) (socket, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 {
		return socket{}, false
	}
	local, ok1 := parseEnd(fields[1])
	peer, ok2 := parseEnd(fields[2])
	state, err := strconv.ParseUint(fields[3], 16, 8)
	return socket{local, peer, uint8(state)}, ok1 && ok2 && err == nil
}

// parseEnd reads an address, in words of 32 bits as the machine has them, and a port.
func parseEnd(text string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(text, ":")
	words, err := hex.DecodeString(host)
	if err != nil {
		return netip.AddrPort{}, false
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil || len(words) != 4 && len(words) != 16 {
		return netip.AddrPort{}, false
	}
	for at := 0; at < len(words); at += 4 {
		binary.NativeEndian.PutUint32(words[at:], binary.BigEndian.Uint32(words[at:]))
	}
	addr, _ := netip.AddrFromSlice(words)
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), true
}
