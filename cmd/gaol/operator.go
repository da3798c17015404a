package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// maxAncestors bounds how far up is looked for a session: sudo, a shell, a multiplexer, another shell.
const maxAncestors = 32

// operator is the address of the SSH session in which gaol is used, invalid if it is used at the host
// itself. sudo and su take the variables away that sshd sets, so those of the processes above are looked at, as far as
// they may be read.
func operator(getenv func(string) string) netip.Addr {
	if addr := sessionPeer(getenv); addr.IsValid() {
		return addr
	}
	pid := os.Getppid()
	for range maxAncestors {
		if pid <= 1 {
			break
		}
		if addr := sessionPeer(environOf(pid)); addr.IsValid() {
			return addr
		}
		pid = parentOf(pid)
	}
	return netip.Addr{}
}

// sessionPeer reads what sshd(8) sets: the client's address comes first in both variables.
func sessionPeer(getenv func(string) string) netip.Addr {
	for _, name := range []string{"SSH_CONNECTION", "SSH_CLIENT"} {
		peer, _, _ := strings.Cut(getenv(name), " ")
		if addr, err := netip.ParseAddr(peer); err == nil {
			return addr
		}
	}
	return netip.Addr{}
}

// environOf is the environment with which a process was started (proc(5)), empty if it may not be read.
func environOf(pid int) func(string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return func(name string) string {
		for entry := range bytes.SplitSeq(text, []byte{0}) {
			if value, ok := strings.CutPrefix(string(entry), name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// parentOf is the process that has started another one, 0 if that is not known.
func parentOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The name, in parentheses, may have any characters; behind it come the state and the parent.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}
