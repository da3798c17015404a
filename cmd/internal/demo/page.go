package demo

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const loginPath = "/login"

const form = `<!doctype html><title>Log in</title><form method="post"><p>%s</p>
<input name="username"><input name="password" type="password"><button>Log in</button></form>
`

// page is a small application with a login form, such as many write. Like most it answers 200 to
// a wrong password, so that nobody could tell from the web server's log.
type page struct {
	log *os.File
	// written is told of each line that went to the log, and when.
	written func(line string, at time.Time)

	mu sync.Mutex
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != loginPath {
		http.NotFound(w, r)
		return
	}
	message := "Welcome."
	if r.Method == http.MethodPost {
		if passwordFits(r.PostFormValue("password")) {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		message = "Please enter a correct name and password."
		p.refuse(r.RemoteAddr)
	}
	fmt.Fprintf(w, form, message)
}

func passwordFits(password string) bool {
	return subtle.ConstantTimeCompare([]byte(password), []byte("correct horse battery staple")) == 1
}

// refuse writes the line that everything else follows from. What the client typed is not in it:
// nothing that a stranger chooses stands before the address.
func (p *page) refuse(remote string) {
	address, _, err := net.SplitHostPort(remote)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	line := now.Format("2006-01-02 15:04:05,000") + " ERROR Login failure " + address
	if _, err := io.WriteString(p.log, line+"\n"); err == nil {
		p.written(line, now) // after it the ban may come before this is said
	}
}

// serve opens the page to the stage until ctx ends.
func (p *page) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the login page: %w", err)
	}
	return nil
}
