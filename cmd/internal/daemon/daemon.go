package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sync/errgroup"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/source"
	"gaol/jail/store"
)

// housekeepEvery is how often ended bans are told and problems looked for. The
// kernel lets go by itself to the second; this only follows.
const housekeepEvery = 500 * time.Millisecond

// startWait is how long a start waits for the logs and the firewall before it says that gaol is
// running.
const startWait = 2 * time.Second

// refreshEvery is how often files and names of ignoreip are looked at again.
const refreshEvery = 2 * time.Second

// Options say how the daemon runs.
type Options struct {
	// ConfigFile is the main configuration file; "": the usual place, where it
	// need not exist.
	ConfigFile string
	// Stock is the library of filters and jails.
	Stock fs.FS
	// Socket is where the daemon can be asked. Required.
	Socket string
	// Observe runs everything but the firewall.
	Observe bool
	// Version is shown in status.
	Version string
	// Logger is required.
	Logger *slog.Logger
	// Now is the clock; nil: the wall clock.
	Now func() time.Time
	// Ready is called once all is running; nil: not.
	Ready func(control.Status)
}

// Daemon is gaol at work.
type Daemon struct {
	*engine
	opts    Options
	started time.Time
	sources *sources
	store   *store.Store
	// leftOut are jails that can't run; guarded by the engine's lock.
	leftOut []config.Jail
	onStop  config.OnStop
	// purgeAge is how long history is kept.
	purgeAge time.Duration
	// applying is held while the configuration changes: one change at a time.
	applying sync.Mutex
	// background runs what outlives a reload: runners, resolver, writer.
	background *errgroup.Group
	bgCtx      context.Context
}

// Run starts gaol, runs it until ctx ends, and stops it in an orderly way. It
// returns nil for that; an error means that gaol could not start, or that a fault of
// its own stopped it.
func Run(ctx context.Context, opts Options) error {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	conf := config.Load(config.Options{File: opts.ConfigFile, Stock: opts.Stock})
	if err := unreadable(conf); err != nil {
		return err
	}
	listener, err := listenControl(opts.Socket)
	if err != nil {
		return err
	}
	defer os.Remove(opts.Socket)

	d, state := open(conf, opts)
	if d.store != nil {
		defer d.store.Close()
	}
	// Three circles, left from the inside out: sources stop first, then the
	// store has all that they led to, then actions and listeners end.
	outer, stopOuter := context.WithCancel(context.WithoutCancel(ctx))
	defer stopOuter()
	d.background, d.bgCtx = errgroup.WithContext(outer)
	written, stopWriter := context.WithCancel(d.bgCtx)
	defer stopWriter()
	writing := make(chan struct{})
	d.background.Go(func() error {
		defer close(writing)
		return d.writer.Run(written)
	})

	running, runCtx := errgroup.WithContext(ctx)
	if err := d.openSources(runCtx, running, state.Positions); err != nil {
		return err
	}
	resolver := &resolver{
		queue: make(chan unresolved, resolverQueue), deliver: d.resolved, now: opts.Now, known: map[string]answer{},
		report: func(c *cell, text string) { d.problems.set(c.conf.Name, "names", text) },
	}
	d.resolve = resolver.ask
	running.Go(func() error { return resolver.Run(runCtx) })

	d.apply(conf, &state)
	running.Go(func() error { return d.sources.files.Run(runCtx, d.handle) })
	running.Go(func() error { return d.housekeep(runCtx) })
	d.background.Go(func() error { return serve(d.bgCtx, listener, control.Handler(d)) })
	d.listenWeb(conf.Web)
	notify := notifier{opts.Logger}
	running.Go(func() error { return notify.watchdog(runCtx, d.alive) })

	d.announceStart(ctx, notify)
	// A fault of the background ends the run as well.
	err = errors.Join(d.wait(runCtx), running.Wait())
	notify.send(systemd.SdNotifyStopping)
	stopWriter()
	<-writing
	d.stopActions()
	stopOuter()
	err = errors.Join(err, d.background.Wait())
	opts.Logger.Info("stopped")
	return err
}

// unreadable is why the main file can't be read, nil if it can. Without it nobody knows
// who must never be banned, so gaol does not start; any other fault leaves out what it is
// about.
func unreadable(conf *config.Config) error {
	if !slices.Contains(conf.Unread, conf.File) {
		return nil
	}
	for _, p := range conf.Problems {
		if p.File == conf.File {
			return p
		}
	}
	return fmt.Errorf("reading %s: it can't be read", conf.File)
}

// open makes the daemon and reads the store. A store that can't be had is a
// problem, not the end: bans are made all the same.
func open(conf *config.Config, opts Options) (*Daemon, store.State) {
	d := &Daemon{opts: opts, started: opts.Now(), onStop: conf.OnStop, purgeAge: conf.Store.PurgeAge}
	events := newHub()
	d.engine = &engine{log: opts.Logger, events: events, cells: map[string]*cell{}}
	d.problems = newProblems(opts.Logger, func(jail, text string) {
		events.publish(control.Event{Time: opts.Now(), What: "problem", Jail: jail, Text: text})
	})
	report := func(text string) { d.problems.set("", "store", text) }
	s, state, err := openStore(conf, opts)
	if s == nil {
		report(fmt.Sprintf("%v: bans and positions do not outlive this run", err))
		d.writer = newWriter(forgetful{}, func(string) {}, d.inForce)
		return d, state
	}
	if err != nil {
		d.problems.set("", "store:opening", err.Error())
	}
	d.store = s
	d.writer = newWriter(s, report, d.inForce)
	return d, state
}

// openStore returns a store that can be used, or nil and why there is none. An error beside
// a store says what was lost.
func openStore(conf *config.Config, opts Options) (*store.Store, store.State, error) {
	s, err := store.Open(conf.Store.Path, store.Options{Logger: opts.Logger, Now: opts.Now()})
	if s == nil {
		return nil, store.State{}, err
	}
	findtimes := map[string]time.Duration{}
	for _, j := range conf.Jails {
		findtimes[j.Name] = j.FindTime
	}
	state, loadErr := s.Load(context.Background(), opts.Now(), func(jail string) time.Duration { return findtimes[jail] })
	return s, state, errors.Join(s.Broken(), loadErr)
}

// forgetful takes the place of a store that can't be opened.
type forgetful struct{}

func (forgetful) Commit(context.Context, store.Changes) error { return nil }

// wait returns when the run is to end, with the fault if it is one of the
// background's.
func (d *Daemon) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.bgCtx.Done():
		return fmt.Errorf("running: %w", context.Cause(d.bgCtx))
	}
}

// listenWeb serves the same to address, if there is one. That it can't is a problem only.
func (d *Daemon) listenWeb(address string) {
	if address == "" {
		return
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		d.problems.set("", "web", fmt.Sprintf("listening on %s for [web]: %v", address, err))
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", control.Metrics(d))
	d.background.Go(func() error { return serve(d.bgCtx, l, mux) })
}

// announceStart tells everybody that gaol is running, once the actions have been started and the
// logs opened, or it has waited long enough for them.
func (d *Daemon) announceStart(ctx context.Context, notify notifier) {
	d.mu.Lock()
	cells := d.sortedLocked()
	d.mu.Unlock()
	waiting, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	// What is late or wrong shows among the problems.
	_ = d.sources.files.Looked(waiting)
	_ = d.writer.flush(waiting)
	for _, c := range cells {
		_ = c.sync(waiting)
	}
	d.watchProblems()
	notify.send(systemd.SdNotifyReady)
	d.log.Info("started", "version", d.opts.Version, "jails", len(cells), "observe", d.opts.Observe,
		"took", d.opts.Now().Sub(d.started).Round(time.Millisecond))
	if d.opts.Ready == nil {
		return
	}
	if status, err := d.Status(ctx, ""); err == nil {
		d.opts.Ready(status)
	}
}

// housekeep does what comes with time: ends bans, looks for problems, reads ignore lists again.
func (d *Daemon) housekeep(ctx context.Context) error {
	ticker := time.NewTicker(housekeepEvery)
	defer ticker.Stop()
	var refreshed time.Time
	purge := d.started
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := d.opts.Now()
		d.expire(now)
		d.watchProblems()
		if now.Sub(refreshed) >= refreshEvery {
			refreshed = now
			d.refreshIgnore(ctx, now)
			d.pardon(now)
		}
		if d.store != nil && now.Sub(purge) > time.Hour {
			purge = now
			d.purge(ctx, now)
		}
	}
}

func (d *Daemon) purge(ctx context.Context, now time.Time) {
	err := d.store.Purge(ctx, now.Add(-d.purgeAge))
	text := ""
	if err != nil {
		text = err.Error()
	}
	d.problems.set("", "purge", text)
}

func (d *Daemon) refreshIgnore(ctx context.Context, now time.Time) {
	d.mu.Lock()
	cells := d.sortedLocked()
	ignores := map[string]*jail.Ignore{}
	for _, c := range cells {
		ignores[c.conf.Name] = c.ignore
	}
	d.mu.Unlock()
	for name, ignore := range ignores {
		texts := map[string]string{}
		for _, err := range ignore.Refresh(ctx, now) {
			texts[err.Error()] = err.Error()
		}
		d.problems.replace(name, "ignore", texts)
	}
}

// openSources makes the followers; apply tells them what to follow.
func (d *Daemon) openSources(ctx context.Context, group *errgroup.Group, stored []filter.Position) error {
	files, err := source.NewFiles(source.FilesOptions{Positions: stored, Logger: d.log, Now: d.opts.Now})
	if err != nil {
		return err
	}
	d.sources = &sources{
		log: d.log, now: d.opts.Now, files: files, emit: d.handle, group: group, ctx: ctx, stored: stored,
		journals: map[string]*followedJournal{},
	}
	return nil
}

// stopActions ends all runners, all at once; a firewall is left as it is with
// onstop = "keep".
func (d *Daemon) stopActions() {
	d.mu.Lock()
	cells := d.sortedLocked()
	d.mu.Unlock()
	var group errgroup.Group
	for _, c := range cells {
		for _, r := range c.runners {
			group.Go(func() error {
				r.stop(d.onStop != config.Keep)
				return nil
			})
		}
	}
	_ = group.Wait()
}
