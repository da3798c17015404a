package daemon

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
	"gaol/jail/store"
)

// A request waits for the actions and for the store before it answers that they are late: for a
// program of somebody else's longer, as an answer that all is undone everywhere is worth it.
const (
	actWait  = 20 * time.Second
	syncWait = 5 * time.Second
)

// targetsAtOnce is for how many targets a request holds the lock: of thousands, an unban
// looks at all bans for each, and lines must not wait for all of them.
const targetsAtOnce = 32

// bansAtOnce is the same for bans, which take less.
const bansAtOnce = 256

// loggedEach is up to how many bans by one request the log has a line for each; of more it tells their number. Listeners,
// notices and the history have each in any case.
const loggedEach = 100

// Ban implements [control.Daemon]. Without a jail, all running jails ban.
func (d *Daemon) Ban(ctx context.Context, r control.BanRequest) (control.BanReply, error) {
	targets, err := parseTargets(r.Addresses)
	if err != nil {
		return control.BanReply{}, err
	}
	if len(targets) == 0 {
		return control.BanReply{}, refuse(http.StatusBadRequest, "no address to ban was given")
	}
	for _, t := range targets {
		if t.id != "" {
			return control.BanReply{}, refuse(http.StatusBadRequest, "%q is an id: only addresses can be banned by hand", t.id)
		}
	}
	length, err := parseLength(r.Time)
	if err != nil {
		return control.BanReply{}, err
	}
	cells, err := d.choose(r.Jail)
	if err == nil && len(cells) == 0 {
		err = refuse(http.StatusConflict, "no jail is running: enable one in the configuration")
	}
	if err != nil {
		return control.BanReply{}, err
	}
	if err := d.needsForce(r, cells, targets); err != nil {
		return control.BanReply{}, err
	}
	since := d.told(cells)
	reply := control.BanReply{Banned: []control.Ban{}, Warnings: []string{}}
	made := make([][]jail.Ban, len(cells))
	for i, c := range cells {
		made[i] = make([]jail.Ban, 0, len(targets))
		for part := range slices.Chunk(targets, bansAtOnce) {
			bans, warnings := d.ban(c, part, length, len(targets) <= loggedEach)
			made[i], reply.Warnings = append(made[i], bans...), append(reply.Warnings, warnings...)
		}
		if len(targets) > loggedEach {
			d.log.Info("banned many", "jail", c.name, "count", len(made[i]), "by", store.ByHand)
		}
	}
	reply.Warnings = append(reply.Warnings, d.settle(ctx, cells, since)...)
	reply.Banned = make([]control.Ban, 0, len(cells)*len(targets))
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, c := range cells {
		for _, b := range made[i] {
			described := c.describeBanLocked(b)
			reply.Banned = append(reply.Banned, described)
			if c.firewall != nil && !described.Enforced {
				reply.Unenforced++
			}
		}
	}
	return reply, nil
}

func parseLength(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	length, err := config.ParseDuration(text)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, "the time of the ban: %v", err)
	}
	if length == 0 || length < 0 && length != jail.Forever {
		return 0, refuse(http.StatusBadRequest, "the time of the ban: %q is no time to be locked out: give one such as 10m, 1d or forever", text)
	}
	return length, nil
}

// ban bans targets in one jail, and logs each where logEach says so.
func (d *Daemon) ban(c *cell, targets []target, length time.Duration, logEach bool) (bans []jail.Ban, warnings []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cells[c.name] != c {
		return nil, []string{fmt.Sprintf("jail %s was taken away meanwhile", c.name)}
	}
	now := d.opts.Now()
	// So that the end of a ban that was over is told before the next one.
	d.expireLocked(c, now)
	bans = make([]jail.Ban, 0, len(targets))
	for _, t := range targets {
		if rule, ok := c.ignore.Overlaps(t.prefix); ok {
			warnings = append(warnings, fmt.Sprintf("jail %s would never ban %s by itself (%s)", c.name, jail.Ban{Prefix: t.prefix}.Target(), rule))
		}
		b, isNew := c.jail.Ban(t.prefix, length, now)
		if isNew {
			d.noteLocked(b)
		}
		bans = append(bans, b)
	}
	if !c.conf.Enforce {
		warnings = append(warnings, fmt.Sprintf("jail %s locks nobody out: it has enforce = false", c.name))
	}
	c.enforceLocked(bans)
	changes := store.Changes{Bans: bans}
	for _, b := range bans {
		if logEach {
			d.logBan(b)
		}
		d.tellOfBanLocked(b, now, &changes)
	}
	d.writer.add(changes)
	return bans, warnings
}

// told is what the actions of cells have been told of so far, for settle.
func (d *Daemon) told(cells []*cell) map[*runner]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	so := make(map[*runner]uint64)
	for _, c := range cells {
		for _, r := range c.runners {
			so[r] = r.Told()
		}
	}
	return so
}

// settle waits until the actions have done what they were told after since, and the store has caught
// up. It returns what it had to leave unsettled.
func (d *Daemon) settle(ctx context.Context, cells []*cell, since map[*runner]uint64) []string {
	var late []string
	d.mu.Lock()
	runners := make([][]*runner, len(cells))
	for i, c := range cells {
		runners[i] = slices.Clone(c.runners)
	}
	d.mu.Unlock()
	acting, cancel := context.WithTimeout(ctx, actWait)
	defer cancel()
	for i, c := range cells {
		for _, r := range runners[i] {
			if err := r.Sync(acting, since[r]); err != nil {
				late = append(late, fmt.Sprintf("jail %s: %v: see gaol status %[1]s", c.name, err))
				break
			}
		}
	}
	storing, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	if err := d.writer.flush(storing); err != nil {
		late = append(late, err.Error())
	}
	return late
}

// Unban implements [control.Daemon].
func (d *Daemon) Unban(ctx context.Context, r control.UnbanRequest) (control.UnbanReply, error) {
	targets, err := parseTargets(r.Addresses)
	switch {
	case err != nil:
		return control.UnbanReply{}, err
	case r.All && len(targets) > 0:
		return control.UnbanReply{}, refuse(http.StatusBadRequest, "all and single addresses were given: choose one")
	case !r.All && len(targets) == 0:
		return control.UnbanReply{}, refuse(http.StatusBadRequest, "no address to unban was given")
	}
	cells, err := d.choose(r.Jail)
	if err != nil {
		return control.UnbanReply{}, err
	}
	since := d.told(cells)
	reply := control.UnbanReply{Unbanned: []control.Unbanned{}, Forgotten: []control.Forgotten{}}
	for _, c := range cells {
		unlogged := 0
		if r.All {
			unlogged = d.unban(c, nil, true, &reply)
		}
		for part := range slices.Chunk(targets, targetsAtOnce) {
			unlogged += d.unban(c, part, len(targets) <= loggedEach, &reply)
		}
		if unlogged > 0 {
			d.log.Info("unbanned many", "jail", c.name, "count", unlogged, "by", store.ByHand)
		}
	}
	reply.Warnings = d.settle(ctx, cells, since)
	reply.Listed = d.stillListed(targets)
	return reply, nil
}

// unban lifts what touches targets in one jail, and adds it to the reply; no targets: everything. Each ban is logged where logEach
// says so and they are not too many: it returns how many were not.
func (d *Daemon) unban(c *cell, targets []target, logEach bool, reply *control.UnbanReply) (unlogged int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cells[c.name] != c {
		return 0
	}
	now := d.opts.Now()
	var gone jail.Lifted
	if len(targets) == 0 {
		gone = c.jail.UnbanAll()
	}
	// The actions hear of every target, even of one that is not banned: what else
	// was done to it, by a run before this one or by another program that
	// an action speaks to, is undone as well.
	var unknown []jail.Ban
	for _, t := range targets {
		lifted := c.unban(t)
		gone.Bans = append(gone.Bans, lifted.Bans...)
		gone.Members = append(gone.Members, lifted.Members...)
		gone.Forgotten = append(gone.Forgotten, lifted.Forgotten...)
		if len(lifted.Bans) == 0 {
			unknown = append(unknown, jail.Ban{Jail: c.name, Prefix: t.prefix, ID: t.id})
		}
	}
	c.releaseLocked(unknown)
	c.releaseLocked(gone.Bans)
	c.releaseLocked(gone.Members)
	many := len(gone.Bans) + len(gone.Members)
	logEach = logEach && many <= loggedEach
	changes := store.Changes{Forgotten: gone.Forgotten, Ended: make([]store.Ended, 0, many)}
	reply.Unbanned = slices.Grow(reply.Unbanned, many)
	lift := func(bans []jail.Ban, by string) {
		for _, b := range bans {
			if logEach {
				d.logUnban(b, by)
			}
			d.tellOfUnbanLocked(b, now, by, &changes)
			changes.Ended = append(changes.Ended, store.Ended{Ban: b, At: now, By: by})
			reply.Unbanned = append(reply.Unbanned, control.Unbanned{Jail: b.Jail, Prefix: prefixText(b.Prefix), ID: b.ID})
		}
	}
	lift(gone.Bans, store.ByHand)
	lift(gone.Members, byEscalation)
	for _, f := range gone.Forgotten {
		reply.Forgotten = append(reply.Forgotten, control.Forgotten{Jail: f.Jail, Prefix: prefixText(f.Prefix), ID: f.ID, Failures: f.Failures})
	}
	d.writer.add(changes)
	if logEach {
		return 0
	}
	return many
}

func (c *cell) unban(t target) jail.Lifted {
	if t.id != "" {
		return c.jail.UnbanID(t.id)
	}
	return c.jail.Unban(t.prefix)
}
