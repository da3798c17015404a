package source

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// explain says what went wrong and what to do about it, without the path,
// which stands beside it wherever it is shown.
func explain(err error) string {
	var cause = err
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		cause = pathErr.Err
	}
	if hint := hint(err); hint != "" {
		return fmt.Sprintf("%v: %s", cause, hint)
	}
	return cause.Error()
}

// hint is what to do about err, "" if there is nothing to say.
func hint(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "run gaol as root, or let its user read it and enter its directories, often as a member of the group adm"
	case errors.Is(err, errNotRegular), errors.Is(err, errNotOnDisk):
		return "name the log file itself"
	case errors.Is(err, unix.ELOOP):
		return "the symbolic link leads back to itself: mend it"
	case errors.Is(err, unix.ENOTDIR):
		return "a part of the path is not a directory: correct the path"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "raise LimitNOFILE= of the service (ulimit -n) or fs.file-max"
	case errors.Is(err, unix.ENOSPC):
		return "raise the sysctl fs.inotify.max_user_watches"
	case errors.Is(err, unix.ESTALE), errors.Is(err, unix.EIO):
		return "look at the file system it is on"
	}
	return ""
}

// inotifyError says why inotify cannot be had.
func inotifyError(err error) error {
	switch {
	case errors.Is(err, unix.EMFILE):
		return fmt.Errorf("using inotify: %w: raise the sysctl fs.inotify.max_user_instances, or LimitNOFILE= of the service", err)
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("using inotify: %w: raise the sysctl fs.inotify.max_user_watches", err)
	}
	return fmt.Errorf("using inotify: %w", err)
}
