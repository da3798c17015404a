package iptables

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"

	goiptables "github.com/coreos/go-iptables/iptables"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// What a caller may want to tell apart. A missing permission is an
// os.ErrPermission.
var (
	// ErrNoProgram says that iptables or ip6tables is not installed.
	ErrNoProgram = errors.New("the program is not installed")
	// ErrLocked says that another program holds the xtables lock.
	ErrLocked = errors.New("another program holds the xtables lock")
	// ErrNoModule says that the kernel lacks what the rules or sets need.
	ErrNoModule = errors.New("the kernel lacks a module")
	// ErrFull says that a set has as many members as a set can have.
	ErrFull = errors.New("the set is full")

	// errNoFamily says that the kernel does not speak the family's protocol.
	errNoFamily = errors.New("the kernel has no IPv6")
	// errNoSets says that it has no ipset.
	errNoSets = fmt.Errorf("%w: it has no ipset", ErrNoModule)
)

// iptables' set match, and all of iptables-legacy, opens a raw socket to speak to the kernel.
const needCapabilities = "run gaol as root, give it CAP_NET_ADMIN and CAP_NET_RAW, or use banaction nftables, which needs no CAP_NET_RAW"

// explain says what err, of netlink or of a program, means for somebody who
// has to do something about it.
func explain(doing string, err error) error {
	if program, ok := errors.AsType[*goiptables.Error](err); ok {
		return explainText(doing, program.Error(), err)
	}
	if program, ok := errors.AsType[*exec.ExitError](err); ok {
		return explainText(doing, strings.TrimSpace(string(program.Stderr)), err)
	}
	switch errnoOf(err) {
	case unix.EPERM, unix.EACCES:
		return fmt.Errorf("%s: %w: %s", doing, err, needCapabilities)
	case errnoFull:
		return fmt.Errorf("%s: %w (%d members): ban wider prefixes or for less long", doing, ErrFull, lastMaxElem)
	case errnoType, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT, unix.EINVAL:
		return fmt.Errorf("%s: %w (%w): load modules ip_set and ip_set_hash_net, or use banaction nftables", doing, ErrNoModule, err)
	case unix.ENOENT:
		return fmt.Errorf("%s: %w: %w", doing, err, action.ErrLost)
	case unix.ENOMEM, unix.ENOBUFS:
		return fmt.Errorf("%s: %w: the kernel is short of memory", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// messages are what the iptables commands write when they fail, legacy and nft
// alike, and what it means. They are not translated whatever the locale: none of the programs calls setlocale(3).
var messages = []struct {
	text string
	kind error
	hint string
}{
	{"Permission denied (you must be root)", unix.EPERM, needCapabilities},
	{"Can't open socket to ipset", unix.EPERM, needCapabilities},
	{"holding the xtables lock", ErrLocked, "it is tried again; see which program hangs with: fuser -v /run/xtables.lock"},
	{"Resource temporarily unavailable", ErrLocked, "it is tried again"},
	{"Address family not supported", errNoFamily, ""},
	{"Couldn't load match", ErrNoModule, "install the xtables extensions of your distribution's iptables package"},
	{"Couldn't load target", ErrNoModule, "install the xtables extensions of your distribution's iptables package"},
	{"Kernel module xt_set is not loaded in", errNoSets, ""},
	{"do you need to insmod", ErrNoModule, "load the kernel's iptables modules, or use banaction nftables"},
	{"Extension set revision", errNoSets, "load modules ip_set, ip_set_hash_net and xt_set, or use banaction nftables"},
	{"missing kernel module", ErrNoModule, "load modules xt_set, xt_multiport and xt_conntrack, or use banaction nftables"},
	{"No chain/target/match by that name", ErrNoModule, "load modules xt_set, xt_multiport and xt_conntrack, or use banaction nftables"},
	{"is incompatible, use 'nft' tool", ErrNoModule, "another program keeps rules there that iptables cannot read: use banaction nftables"},
}

// explainText is explain for what a program wrote.
func explainText(doing, text string, err error) error {
	text = strings.Join(strings.Fields(text), " ")
	for _, m := range messages {
		if !strings.Contains(text, m.text) {
			continue
		}
		if m.hint == "" {
			return fmt.Errorf("%s: %w (%s)", doing, m.kind, text)
		}
		return fmt.Errorf("%s: %w (%s): %s", doing, m.kind, text, m.hint)
	}
	return fmt.Errorf("%s: %w (%s)", doing, err, text)
}

// noSets says whether err, of netlink or of a program that was to make a rule with a set, means that there is no ipset: neither
// the subsystem (nfnetlink answers EINVAL for one it does not know, and without nfnetlink there is no such socket) nor the type
// of our sets, or no match for them.
func noSets(err error) bool {
	switch errnoOf(err) {
	case errnoType, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT, unix.EOPNOTSUPP, unix.EINVAL:
		return true
	}
	return errors.Is(err, errNoSets)
}

// errnoOf is the kernel's error number in err, or 0.
func errnoOf(err error) unix.Errno {
	errno, _ := errors.AsType[unix.Errno](err)
	return errno
}
