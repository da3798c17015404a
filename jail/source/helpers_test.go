package source_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"

	"gaol/jail/source"
)

var errNoInotify = errors.New("none to be had")

// batchGate holds up batches while it is closed.
type batchGate struct {
	mu     sync.Mutex
	passes chan struct{} // closed: open
	held   int
}

func newGate() *batchGate {
	g := &batchGate{passes: make(chan struct{})}
	close(g.passes)
	return g
}

func (g *batchGate) hold(ctx context.Context, _ source.Batch) error {
	g.mu.Lock()
	passes := g.passes
	g.held++
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.held--
		g.mu.Unlock()
	}()
	select {
	case <-passes:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *batchGate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passes = make(chan struct{})
}

func (g *batchGate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.passes)
}

// waiting says that a batch is held up.
func (g *batchGate) waiting() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held > 0
}

func testLogger() *slog.Logger {
	if os.Getenv("GAOL_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}
