package daemon

import (
	"fmt"

	"gaol/action/denyfile"
	"gaol/config"
)

// reloaders are those of all jails, so that bans of a moment in several jails lead to one reload of their server. The
// engine's lock guards it. It has as many as configurations have named since the start.
type reloaders map[string]*denyfile.Reloader

// of is the one for the program that a file asks for, run as it says; nil: it asks for none.
func (r reloaders) of(a config.Action) (*denyfile.Reloader, error) {
	if len(a.File.Reload) == 0 {
		return nil, nil
	}
	key := fmt.Sprintf("%q %s %s", a.File.Reload, a.File.Every, a.Timeout)
	if there := r[key]; there != nil {
		return there, nil
	}
	made, err := denyfile.NewReloader(a.File.Reload, a.File.Every, a.Timeout)
	if err == nil {
		r[key] = made
	}
	return made, err
}
