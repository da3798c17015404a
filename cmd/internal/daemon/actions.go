package daemon

import (
	"fmt"
	"log/slog"
	"os/exec"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/command"
	"gaol/action/denyfile"
	"gaol/action/iptables"
	"gaol/action/nftables"
	"gaol/action/route"
	"gaol/config"
)

// namedAction is an action with the name it has in status.
type namedAction struct {
	origin
	name   string
	action action.Action
	// firewall says that it is what makes a ban enforced.
	firewall bool
	// batch is how many bans it is told at once; 0: as many as is usual.
	batch int
}

// actionsLocked makes the actions of a jail: the firewall first, unless gaol only observes, then the
// others in their order. Programs can tell by GAOL_OBSERVE=1 that nobody is locked out. This is
// the list of all kinds there are.
func (d *Daemon) actionsLocked(j config.Jail) ([]namedAction, error) {
	observe, log := d.opts.Observe, d.log
	if !j.Enforce {
		return nil, nil
	}
	var actions []namedAction
	var env []string
	if observe {
		env = append(env, "GAOL_OBSERVE=1")
	}
	firewall, err := d.firewallOf(j)
	if err != nil {
		return nil, err
	}
	if firewall != nil {
		actions = append(actions, *firewall)
	}
	for _, a := range j.Actions {
		if a.KeepsState() {
			if observe {
				continue // it would lock somebody out
			}
			made, err := d.stateLocked(j, a)
			if err != nil {
				return nil, fmt.Errorf("action %s: %w", a.Name, err)
			}
			actions = append(actions, made)
			continue
		}
		made, err := command.New(command.Options{
			Name: a.Name, Jail: j.Name, Start: a.Start, Ban: a.Ban, Unban: a.Unban, Stop: a.Stop, Timeout: a.Timeout, Env: env, Logger: log,
		})
		if err != nil {
			return nil, fmt.Errorf("action %s: %w", a.Name, err)
		}
		actions = append(actions, namedAction{origin: origin{conf: a}, name: a.Name, action: made})
	}
	return actions, nil
}

// firewallOf makes what enforces the bans of a jail, unless nothing does: nil.
func (d *Daemon) firewallOf(j config.Jail) (*namedAction, error) {
	if d.opts.Observe || !j.Enforce || j.BanAction == "none" {
		return nil, nil
	}
	made, err := firewallFor(j, d.log)
	return &made, err
}

// wholeFile is more bans than there are: a deny file, or a list elsewhere, costs the same for each batch.
const wholeFile = 1 << 30

// stateLocked makes an action that keeps a file or a list.
func (d *Daemon) stateLocked(j config.Jail, a config.Action) (namedAction, error) {
	switch {
	case a.Web:
		return namedAction{origin: origin{conf: a, place: "denylist"}, name: a.Name, action: d.web.lists.For(j.Name)}, nil
	case a.Cloudflare != nil:
		made, err := d.clouds.set(*a.Cloudflare, j.Name)
		return namedAction{origin: origin{conf: a, place: "cloudflare " + a.Cloudflare.Account + " " + a.Cloudflare.List}, name: a.Name, action: made, batch: wholeFile}, err
	}
	server, err := d.serverLocked(j, a)
	if err != nil {
		return namedAction{}, err
	}
	path := a.File.PathFor(j.Name)
	made, err := denyfile.New(denyfile.Options{Path: path, Format: a.File.Format, Server: server})
	if err != nil {
		return namedAction{}, err
	}
	return namedAction{origin: origin{conf: a, place: "file " + path}, name: a.Name, action: made, batch: wholeFile}, nil
}

// serverLocked is who reads the deny file of an action; nil: nobody is to be told.
func (d *Daemon) serverLocked(j config.Jail, a config.Action) (denyfile.Server, error) {
	if a.File.Socket != "" {
		return denyfile.NewRuntime(a.File.Socket, a.File.PathFor(j.Name), a.Timeout), nil
	}
	reloader, err := d.reloaders.of(a)
	if err != nil || reloader == nil {
		return nil, err
	}
	return reloader, nil
}

// banAction is the jail's, chosen for this host where it is left to gaol.
func banAction(j config.Jail) string {
	if j.BanAction == "auto" {
		return action.Choose(exec.LookPath, mayOpenRaw())
	}
	return j.BanAction
}

func firewallFor(j config.Jail, log *slog.Logger) (namedAction, error) {
	kind := banAction(j)
	var made action.Action
	var err error
	switch kind {
	case "iptables":
		made, err = iptables.New(iptables.Options{Rule: j.Rule, Logger: log})
	case "iptables-rules":
		made, err = iptables.NewRules(iptables.Options{Rule: j.Rule, Logger: log})
	case "nftables":
		made, err = nftables.New(nftables.Options{Rule: j.Rule, Logger: log})
	case "route":
		made, err = route.New(route.Options{Rule: j.Rule, Logger: log})
	default:
		err = fmt.Errorf("no such banaction: choose auto, iptables, iptables-rules, nftables, route or none")
	}
	if err != nil {
		return namedAction{}, fmt.Errorf("banaction %s: %w", kind, err)
	}
	return namedAction{origin: origin{rule: j.Rule, place: kind}, name: kind, action: made, firewall: true}, nil
}

// Notes are what the firewall of a jail leaves out wherever it runs, see [action.Noter]. It starts nothing; what a start would find
// out besides is in the status of the jail.
func Notes(j config.Jail) []string {
	if !j.Enforce || j.BanAction == "none" {
		return nil
	}
	firewall, err := firewallFor(j, nil)
	if err != nil {
		return nil // which the start tells of
	}
	if noter, ok := firewall.action.(action.Noter); ok {
		return noter.Notes()
	}
	return nil
}

// blockerFor makes what refuses the lists of a jail, and says what it is called.
func blockerFor(j config.Jail, log *slog.Logger) (action.Blocker, string, error) {
	kind := banAction(j)
	var made action.Blocker
	var err error
	switch kind {
	case "iptables":
		made, err = iptables.NewList(iptables.Options{Rule: j.Rule, Logger: log})
	case "nftables":
		made, err = nftables.NewList(nftables.Options{Rule: j.Rule, Logger: log})
	default:
		err = fmt.Errorf("it can't refuse what is on a blocklist: choose auto, iptables or nftables")
	}
	if err != nil {
		return nil, "", fmt.Errorf("banaction %s: %w", kind, err)
	}
	return made, kind, nil
}

// mayOpenRaw says whether this process has CAP_NET_RAW in effect (capabilities(7)).
func mayOpenRaw() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_NET_RAW) != 0
}
