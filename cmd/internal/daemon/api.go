package daemon

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"gaol/cmd/internal/control"
	"gaol/jail"
)

var _ control.Daemon = (*Daemon)(nil)

func refuse(status int, format string, args ...any) error {
	return &control.Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// Version implements [control.Daemon].
func (d *Daemon) Version(context.Context) (control.Version, error) {
	return control.Version{Version: d.opts.Version}, nil
}

// Events implements [control.Daemon].
func (d *Daemon) Events(ctx context.Context, listening func(), f func(control.Event) error) error {
	return d.events.listen(ctx, listening, f)
}

// Banned implements [control.Daemon].
func (d *Daemon) Banned(_ context.Context, addrs []string) ([]control.Ban, error) {
	targets, err := parseTargets(addrs)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.opts.Now()
	bans := []control.Ban{}
	for _, c := range d.sortedLocked() {
		for _, b := range c.jail.Banned() {
			if !b.Over(now) && concerns(b, targets) {
				bans = append(bans, c.describeBanLocked(b))
			}
		}
	}
	return bans, nil
}

func (c *cell) describeBanLocked(b jail.Ban) control.Ban {
	described := control.Ban{
		Jail: b.Jail, Prefix: prefixText(b.Prefix), ID: b.ID, Start: b.Start, Count: b.Count,
		Enforced: c.isHeldLocked(b), Shadow: !c.conf.Enforce, User: b.User, Lines: slices.Clone(b.Lines), By: b.By,
	}
	if described.Lines == nil {
		described.Lines = []string{}
	}
	described.End = timeOrNil(b.End)
	return described
}

func prefixText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

// chooseLocked returns the cells that a request means: the named one, or all.
func (d *Daemon) chooseLocked(name string) ([]*cell, error) {
	all := d.sortedLocked()
	if name == "" {
		return all, nil
	}
	if c := d.cells[name]; c != nil {
		return []*cell{c}, nil
	}
	return nil, refuse(http.StatusNotFound, "no jail %q is running: %s", name, namesOf(all))
}

func namesOf(cells []*cell) string {
	if len(cells) == 0 {
		return "none is"
	}
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = c.name
	}
	return "there are " + strings.Join(names, ", ")
}

// choose returns the cells that a change means.
func (d *Daemon) choose(jail string) ([]*cell, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return nil, errStopping
	}
	return d.chooseLocked(jail)
}
