package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// Play starts this program again with args, in namespaces of its own, and waits
// for it. The error says what is missing where namespaces are forbidden.
func Play(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	err := play(ctx, args, stdout, stderr, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNET)
	if forbidden(err) && os.Geteuid() == 0 {
		// Root needs no user namespace to have a network of its own.
		err = play(ctx, args, stdout, stderr, syscall.CLONE_NEWNET)
	}
	if forbidden(err) {
		return fmt.Errorf("making a network of its own: %w: this system forbids user namespaces: "+
			"run it as root, or allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "+
			"kernel.apparmor_restrict_unprivileged_userns; a container needs CAP_SYS_ADMIN)", err)
	}
	return err
}

// forbidden says that the kernel would not make a namespace; what the program itself did
// then is another thing.
func forbidden(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) ||
		errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EACCES)
}

func play(ctx context.Context, args []string, stdout, stderr io.Writer, flags uintptr) error {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if flags&syscall.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return cmd.Run()
}
