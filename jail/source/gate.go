package source

import (
	"os"
	"sync"
)

// gate lets nobody use the library before inotify can be had: at its first use
// the library opens its one inotify instance, and ends the process if it cannot.
type gate struct {
	probe func() error

	mu sync.Mutex
	// used says that the library has its instance.
	used bool
}

// check says whether inotify can be had.
func (g *gate) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.checkLocked()
}

func (g *gate) checkLocked() error {
	if g.used {
		return nil
	}
	if err := g.probe(); err != nil {
		return inotifyError(err)
	}
	return nil
}

// watch begins to watch f.
func (g *gate) watch(f *os.File) (*watching, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.checkLocked(); err != nil {
		return nil, err
	}
	w, err := startWatching(f)
	g.used = true
	return w, err
}
