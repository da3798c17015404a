package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gaol/cmd/internal/control"
	"gaol/cmd/internal/daemon"
)

const (
	guesserAddress = "203.0.113.66"
	visitorAddress = "198.51.100.7"
	jailName       = "demo"
	// limit bounds the whole demo.
	limit = 30 * time.Second
)

// configuration is the one that the daemon gets, as a user would write it.
const configuration = `[default]
maxretry  = 5
findtime  = "10m"
bantime   = "10m"
banaction = "nftables"

[jail.sshd]
enabled = false

[jail.demo]
enabled   = true
logpath   = [%q]
failregex = ['^ERROR Login failure <HOST>$']
port      = ["http"]

[store]
path = %q
`

// Step is one thing that happened, as it is told.
type Step struct {
	// Text says what happened, Detail what was to be seen of it.
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"`
	// Milliseconds is how long it took; 0 where that says nothing.
	Milliseconds float64 `json:"milliseconds,omitempty"`
}

// Options say how the demo is performed.
type Options struct {
	// Stock is gaol's library.
	Stock fs.FS
	// Version is that of the daemon.
	Version string
	// Tell is called for each step as it happens. Required.
	Tell func(Step)
	// Logger is the daemon's. Required.
	Logger *slog.Logger
}

// Perform plays the story in this process, which must be alone in a network
// namespace (see [Play]). It returns nil if everything came as it should.
func Perform(ctx context.Context, opts Options) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "gaol-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	s := &stage{
		opts: opts, config: filepath.Join(dir, "gaol.toml"), socket: filepath.Join(dir, "gaol.sock"),
		ready: make(chan struct{}), listening: make(chan struct{}), bans: make(chan sighting, 16),
	}
	defer s.strike()
	if err := s.build(dir); err != nil {
		return err
	}
	playing, stop := context.WithCancel(ctx)
	group, playing := errgroup.WithContext(playing)
	group.Go(func() error { return s.page.serve(playing, s.listener) })
	group.Go(func() error { return s.watch(playing) })
	group.Go(func() error {
		return daemon.Run(playing, daemon.Options{
			ConfigFile: s.config, Stock: opts.Stock, Socket: s.socket, Version: opts.Version, Logger: opts.Logger,
			Ready: func(control.Status) { close(s.ready) },
		})
	})
	group.Go(func() error {
		defer stop()
		return s.story(playing)
	})
	err = group.Wait()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = errors.Join(err, fmt.Errorf("the demo took more than %v", limit))
	}
	return err
}

// stage has everything that the story needs.
type stage struct {
	opts             Options
	config, socket   string
	log              *os.File
	page             *page
	listener         net.Listener
	guesser, visitor *host
	client           *control.Client
	ready            chan struct{}
	listening        chan struct{}
	bans             chan sighting

	mu       sync.Mutex
	lastLine string
	lastTime time.Time
}

// sighting is an event with the time at which it was seen.
type sighting struct {
	control.Event
	at time.Time
}

func (s *stage) build(dir string) error {
	logPath := filepath.Join(dir, "app.log")
	text := fmt.Sprintf(configuration, logPath, filepath.Join(dir, "gaol.sqlite3"))
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	var err error
	if s.log, err = os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return fmt.Errorf("opening the demo's log: %w", err)
	}
	if err := loopback(); err != nil {
		return fmt.Errorf("building the demo's network: %w", err)
	}
	if s.guesser, err = plug("the guesser", guesserAddress, 1); err != nil {
		return err
	}
	if s.visitor, err = plug("the visitor", visitorAddress, 2); err != nil {
		return err
	}
	s.page = &page{log: s.log, written: s.noteLine}
	if s.listener, err = net.Listen("tcp4", net.JoinHostPort(pageAddress, pagePort)); err != nil {
		return fmt.Errorf("opening the login page: %w", err)
	}
	s.client = control.Dial(s.socket)
	return nil
}

// strike takes away what has been built so far.
func (s *stage) strike() {
	for _, h := range []*host{s.guesser, s.visitor} {
		if h != nil {
			h.leave()
		}
	}
	if s.client != nil {
		s.client.Close()
	}
	if s.listener != nil {
		s.listener.Close()
	}
	if s.log != nil {
		s.log.Close()
	}
}

func (s *stage) noteLine(line string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastLine, s.lastTime = line, at
}

func (s *stage) last() (string, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastLine, s.lastTime
}

// watch passes the daemon's bans on to the story.
func (s *stage) watch(ctx context.Context) error {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return nil
	}
	return s.client.Events(ctx, func() { close(s.listening) }, func(e control.Event) error {
		if e.What != "ban" {
			return nil
		}
		select {
		case s.bans <- sighting{e, time.Now()}:
		case <-ctx.Done():
		}
		return nil
	})
}
