package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"gaol/config"
	"gaol/jail"
)

// refreshEvery is how often is looked whether something is to be learned of who is ignored.
const refreshEvery = 2 * time.Second

// ignoreLists makes the lists of those who are never banned, one for all jails whose configuration says the
// same of it: they are read, asked for and held once.
type ignoreLists struct {
	daemon *Daemon
	made   map[string]*jail.Ignore
	// fresh are those that were not there before.
	fresh []*jail.Ignore
}

// newIgnoreLists begins with the lists of the jails that are running.
func (d *Daemon) newIgnoreLists(cells map[string]*cell) *ignoreLists {
	l := &ignoreLists{daemon: d, made: map[string]*jail.Ignore{}}
	for _, c := range cells {
		l.made[ignoreKey(c.conf)] = c.ignore
	}
	return l
}

// of is a jail's list. What is wrong with it is told whenever it is brought up to date, until it is mended.
func (l *ignoreLists) of(j config.Jail) *jail.Ignore {
	key := ignoreKey(j)
	ignore := l.made[key]
	if ignore == nil {
		ignore, _ = jail.NewIgnore(j.IgnoreIP, l.daemon.ignoreOptions(j))
		l.made[key] = ignore
		l.fresh = append(l.fresh, ignore)
	}
	return ignore
}

// ignoreKey is the same for jails that ignore the same.
func ignoreKey(j config.Jail) string {
	return fmt.Sprintf("%q %q %t %s", j.IgnoreIP, trustedBy(j), j.IgnoreSelf, j.IgnoreRefresh)
}

// trustedBy are all proxies of a jail, those that its filter names included: what the filter looks behind must not be
// banned either, by whatever pattern.
func trustedBy(j config.Jail) []string {
	trusted := slices.Clone(j.Trusted)
	add := func(prefixes []netip.Prefix) {
		for _, p := range prefixes {
			trusted = append(trusted, p.String())
		}
	}
	add(j.Filter.Trusted)
	for _, rule := range j.Filter.JSON {
		add(rule.Trusted)
	}
	return trusted
}

func (d *Daemon) ignoreOptions(j config.Jail) jail.IgnoreOptions {
	opts := jail.IgnoreOptions{
		Trusted: trustedBy(j), Self: j.IgnoreSelf, Operators: d.operators, Every: j.IgnoreRefresh, Memory: d.memory,
	}
	if lookup := d.opts.Lookup; lookup != nil {
		opts.Lookup = func(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
			addrs, err := lookup(ctx, name)
			return addrs, 0, err
		}
	}
	return opts
}

// keepFiles keeps up with the files of ignoreip and with this host's own addresses, and lifts the bans
// of those who are ignored by now.
func (d *Daemon) keepFiles(ctx context.Context) error {
	return d.keepIgnore(ctx, "ignorefile", func(_ context.Context, ignore *jail.Ignore) []error {
		return ignore.RefreshFiles(d.opts.Now())
	}, func() { d.operators.Expire(d.opts.Now()) })
}

// keepAnswers does the same with all that is asked for. Who is asked may be slow, and files must not wait for
// that.
func (d *Daemon) keepAnswers(ctx context.Context) error {
	return d.keepIgnore(ctx, "ignore", func(ctx context.Context, ignore *jail.Ignore) []error {
		return ignore.RefreshAnswers(ctx, d.opts.Now())
	}, d.saveMemory)
}

func (d *Daemon) keepIgnore(ctx context.Context, kind string, refresh func(context.Context, *jail.Ignore) []error, also func()) error {
	ticker := time.NewTicker(refreshEvery)
	defer ticker.Stop()
	for {
		d.refreshIgnore(ctx, kind, refresh)
		also()
		d.pardon(d.opts.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// refreshIgnore brings all lists up to date, all at a time.
func (d *Daemon) refreshIgnore(ctx context.Context, kind string, refresh func(context.Context, *jail.Ignore) []error) {
	var mu sync.Mutex
	found := map[*jail.Ignore]map[string]string{}
	var all sync.WaitGroup
	d.mu.Lock()
	cells := d.sortedLocked()
	d.mu.Unlock()
	for _, ignore := range d.ignores(cells) {
		all.Go(func() {
			texts := map[string]string{}
			for _, err := range refresh(ctx, ignore) {
				texts[err.Error()] = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			found[ignore] = texts
		})
	}
	all.Wait()
	if ctx.Err() == nil {
		d.showIgnore(kind, found)
	}
}

// ignores are the lists of cells, each once.
func (d *Daemon) ignores(cells []*cell) []*jail.Ignore {
	d.mu.Lock()
	defer d.mu.Unlock()
	var lists []*jail.Ignore
	for _, c := range cells {
		if !slices.Contains(lists, c.ignore) {
			lists = append(lists, c.ignore)
		}
	}
	return lists
}

// showIgnore makes what was found the problems of the jails. What several jails share is told once, for
// the daemon.
func (d *Daemon) showIgnore(kind string, found map[*jail.Ignore]map[string]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	users := map[*jail.Ignore][]string{}
	for _, c := range d.sortedLocked() {
		users[c.ignore] = append(users[c.ignore], c.name)
	}
	shared := map[string]string{}
	for ignore, jails := range users {
		own, known := found[ignore]
		if !known {
			continue // it came meanwhile
		}
		if len(jails) > 1 {
			for text := range own {
				shared[text] = text + " (jails " + strings.Join(jails, ", ") + ")"
			}
			own = nil
		}
		for _, name := range jails {
			d.problems.replace(name, kind, own)
		}
	}
	d.problems.replace("", kind, shared)
}
