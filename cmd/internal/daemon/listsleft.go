package daemon

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gaol/action"
	"gaol/config"
)

// Lists have no end of their own. What an earlier run left in the firewall, by onstop = "keep" or a crash, would be refused for
// ever if the jail has gone meanwhile. So a file beside the lists that are kept says of each jail which firewall has its lists.

// marked ends the names of those files.
const marked = ".enforced"

func markOf(jail, firewall string) string { return url.PathEscape(jail) + "." + firewall + marked }

// markLists notes which lists the jails are about to put into which firewall. At the start it has those removed that are left there
// of other jails.
func (t *transition) markLists(jails []config.Jail) {
	if t.store == nil || t.opts.Observe {
		return
	}
	dir := keptLists(t.storePath)
	wanted := map[string]bool{}
	for _, j := range jails {
		if j.Enabled && j.Enforce && len(j.Blocklist) > 0 {
			wanted[markOf(j.Name, banAction(j))] = true
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"+marked))
	for name := range wanted {
		err := os.MkdirAll(dir, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), nil, 0o600)
		}
		if err != nil {
			t.log.Warn("noting that a jail has lists in the firewall", "err", err)
		}
	}
	if !t.start {
		return // what a reload takes away it also removes
	}
	for _, file := range left {
		if !wanted[filepath.Base(file)] {
			t.background.Go(func() error { t.removeList(file); return nil })
		}
	}
}

// removeList removes the lists that a file tells of, and the file.
func (d *Daemon) removeList(file string) {
	name := strings.TrimSuffix(filepath.Base(file), marked)
	dot := strings.LastIndex(name, ".")
	jail, err := url.PathUnescape(name[:max(dot, 0)])
	if err != nil || jail == "" {
		return // none of ours
	}
	log := d.log.With("jail", jail)
	var j config.Jail
	j.Name, j.BanAction, j.Rule = jail, name[dot+1:], action.Rule{Jail: jail}
	firewall, _, err := blockerFor(j, log)
	if err == nil {
		ctx, cancel := context.WithTimeout(d.bgCtx, stopWait)
		defer cancel()
		err = firewall.Stop(ctx)
	}
	if err == nil {
		err = os.Remove(file)
	}
	if err != nil {
		log.Error("removing the lists of a jail that has none any more", "err", err)
		return
	}
	log.Info("removed the lists of a jail that has none any more")
}
