package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// controlGroup may use the socket.
const controlGroup = "gaol"

// listenControl opens the control socket, for the owner and the group gaol
// only. A socket that a crash left behind is replaced; one that answers is another
// daemon's and an error.
func listenControl(path string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, fmt.Errorf("opening the control socket %s: %w", path, err)
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return fail(errors.New("another gaol is serving there: stop it, or choose another socket with --socket"))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fail(fmt.Errorf("%w: run as root, or choose another socket with --socket", err))
	}
	// The socket is made under another name and moved, so that at no time
	// anybody else can connect.
	private := path + ".new"
	os.Remove(private)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: private, Net: "unix"})
	if err != nil {
		return fail(fmt.Errorf("%w: run as root, or choose another socket with --socket", err))
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(openToGroup(private), os.Rename(private, path)); err != nil {
		l.Close()
		return fail(err)
	}
	return l, nil
}

// openToGroup lets the owner and, where it exists, the group gaol connect.
func openToGroup(path string) error {
	if group, err := user.LookupGroup(controlGroup); err == nil {
		gid, err := strconv.Atoi(group.Gid)
		if err != nil {
			return err
		}
		// Without the privilege the group stays what it is, which is narrower.
		_ = os.Chown(path, -1, gid)
	}
	return os.Chmod(path, 0o660)
}

// serve answers on l until ctx ends, and gives requests under way a moment.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		// A request that takes longer is cut off with the process.
		_ = server.Shutdown(grace)
	}()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		<-stopped
		return nil
	}
	return fmt.Errorf("serving %s: %w", l.Addr(), err)
}
