package daemon

import (
	"context"
	"errors"

	"gaol/config"
	"gaol/jail/store"
)

// openStore returns a store that can be used, or nil and why there is none. An error beside
// a store says what was lost.
func openStore(conf *config.Config, opts Options) (*store.Store, store.State, error) {
	s, err := store.Open(conf.Store.Path, store.Options{Logger: opts.Logger, Now: opts.Now()})
	if s == nil {
		return nil, store.State{}, err
	}
	state, loadErr := s.Load(context.Background(), opts.Now())
	return s, state, errors.Join(s.Broken(), loadErr)
}

// forgetful takes the place of a store that can't be opened.
type forgetful struct{}

func (forgetful) Commit(context.Context, store.Changes) error { return nil }

// closeStore closes the store, if there is one.
func (d *Daemon) closeStore() error {
	if d.store == nil {
		return nil
	}
	return d.store.Close()
}
