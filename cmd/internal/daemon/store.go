package daemon

import (
	"context"
	"errors"
	"io"
	"net/http"

	"gaol/config"
	"gaol/filter"
	"gaol/jail/store"
)

// openStore returns a store that can be used and where sources have been left, or nil and why there is none. An error beside
// a store says what was lost.
func openStore(conf *config.Config, opts Options) (*store.Store, []filter.Position, error) {
	s, err := store.Open(conf.Store.Path, store.Options{Logger: opts.Logger, Now: opts.Now()})
	if s == nil {
		return nil, nil, err
	}
	positions, loadErr := s.Positions(context.Background())
	return s, positions, errors.Join(s.Broken(), loadErr)
}

// noteBroken shows that a file was moved aside. It stays among the problems, as there is somebody
// to look at it.
func (d *Daemon) noteBroken() {
	if d.store == nil {
		return
	}
	if err := d.store.Broken(); err != nil {
		d.problems.set("", "store:opening", err.Error())
	}
}

// forgetful takes the place of a store that can't be opened.
type forgetful struct{}

func (forgetful) Commit(context.Context, store.Changes) error { return nil }

// Backup implements [control.Daemon].
func (d *Daemon) Backup(ctx context.Context) (io.ReadCloser, int64, error) {
	if d.store == nil {
		return nil, 0, refuse(http.StatusConflict, "backing up the store: there is none: see gaol status")
	}
	// What has just happened may be on its way into the store.
	waiting, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	if err := d.writer.flush(waiting); err != nil {
		return nil, 0, err
	}
	copied, err := d.store.Backup(ctx)
	if err != nil {
		return nil, 0, err
	}
	info, err := copied.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, copied.Close())
	}
	return copied, info.Size(), nil
}

// closeStore closes the store, if there is one.
func (d *Daemon) closeStore() error {
	if d.store == nil {
		return nil
	}
	return d.store.Close()
}
