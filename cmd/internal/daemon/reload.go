package daemon

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"gaol/cmd/internal/control"
	"gaol/config"
)

// Reload implements [control.Daemon].
func (d *Daemon) Reload(context.Context) (control.ReloadReply, error) {
	d.applying.Lock()
	defer d.applying.Unlock()
	if d.isStopping() {
		return control.ReloadReply{}, errStopping
	}
	// Read behind the lock: of two reloads, the later one has the later configuration. Not
	// the request's context: who asked may leave, the change is made whole.
	conf := config.Load(config.Options{File: d.opts.ConfigFile, Stock: d.opts.Stock})
	reply := d.apply(d.bgCtx, conf, false)
	reply.Problems = append(reply.Problems, d.noteFixed(conf)...)
	d.watchProblems()
	d.log.Info("reloaded", "started", strings.Join(reply.Started, " "), "stopped", strings.Join(reply.Stopped, " "),
		"changed", strings.Join(reply.Changed, " "), "problems", len(reply.Problems))
	return reply, nil
}

// noteFixed shows which settings have changed that only a start reads.
func (d *Daemon) noteFixed(conf *config.Config) []string {
	var list []string
	if len(conf.Unread) == 0 {
		if conf.Store.Path != d.storePath {
			list = append(list, fmt.Sprintf("[store] path is now %q, still used is %q: restart gaol", conf.Store.Path, d.storePath))
		}
	}
	d.problems.set("", "restart", strings.Join(list, "; "))
	return list
}

// errStopping refuses what would change a daemon that is ending.
var errStopping = refuse(http.StatusServiceUnavailable, "gaol is stopping")
