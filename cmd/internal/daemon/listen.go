package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// controlGroup may use the socket.
const controlGroup = "gaol"

// controlSocket is the control socket of this daemon alone. Nobody finds it before it is published.
type controlSocket struct {
	*net.UnixListener
	path string
	lock *os.File
}

// publish gives the socket its name: from now on gaol can be asked.
func (c *controlSocket) publish() error {
	if err := os.Rename(privateName(c.path), c.path); err != nil {
		return fmt.Errorf("publishing the control socket: %w", err)
	}
	return nil
}

// privateName is a socket's name until it is published.
func privateName(path string) string { return path + ".new" }

// Close stops listening and takes the socket away, and only then lets another daemon have it.
func (c *controlSocket) Close() error {
	return errors.Join(c.UnixListener.Close(), removeSocket(c.path), removeSocket(privateName(c.path)), c.lock.Close())
}

// listenControl opens the control socket, for the owner and the group gaol
// only. A socket that a crash left behind is replaced; whether one is, tells the lock on a
// file beside it, which ends with its process. Two daemons that start at the same time can't both have it.
func listenControl(path string) (*controlSocket, error) {
	l, err := openSocket(path)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket %s: %w", path, err)
	}
	return l, nil
}

const elsewhere = "choose another socket with --socket"

func openSocket(path string) (*controlSocket, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("%w: run as root, or %s", err, elsewhere)
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: run as root, or %s", err, elsewhere)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.New("another gaol is serving there: stop it, or " + elsewhere)
		}
		return nil, fmt.Errorf("locking %s: %w", lock.Name(), err)
	}
	l, err := bindSocket(path)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &controlSocket{UnixListener: l, path: path, lock: lock}, nil
}

// bindSocket puts a listening socket in the place of what is left of the one before.
func bindSocket(path string) (*net.UnixListener, error) {
	// The socket is made under another name and moved, so that whoever finds it
	// finds it with its final mode, and a gaol that reads the logs.
	private := privateName(path)
	if err := errors.Join(removeSocket(path), removeSocket(private)); err != nil {
		return nil, err
	}
	// Whatever the umask is: nobody else may connect before the mode is set.
	before := unix.Umask(0o177)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: private, Net: "unix"})
	unix.Umask(before)
	if err != nil {
		return nil, fmt.Errorf("%w: run as root, or %s", err, elsewhere)
	}
	l.SetUnlinkOnClose(false)
	if err := openToGroup(private); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// removeSocket removes a socket, and nothing else that a slip of the pen may have named.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there and is no socket: remove it, or %s", path, elsewhere)
	}
	return os.Remove(path)
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

const (
	// idleWait is how long a connection may be kept without a request.
	idleWait = 2 * time.Minute
	// serveGrace is for requests that are under way at the stop.
	serveGrace = 500 * time.Millisecond
)

// newServer makes a server whose requests end with ctx.
func newServer(ctx context.Context, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       idleWait,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serve answers on l until ctx ends, and gives requests under way a moment.
func serve(ctx context.Context, l net.Listener, server *http.Server) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveGrace)
		defer cancel()
		if server.Shutdown(grace) != nil {
			// A request that takes longer is cut off, such as that of a listener who does not read.
			server.Close()
		}
	})
	err := server.Serve(l)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving %s: %w", l.Addr(), err)
}
