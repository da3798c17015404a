package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sync/errgroup"

	"gaol/action/established"
	"gaol/action/notice"
	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/source"
	"gaol/jail/store"
)

// startWait is how long a start waits for the logs and the firewall before it says that gaol is
// running. A new log that is opened later than that has lost what was written meanwhile, and a busy machine is slow.
const startWait = 5 * time.Second

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
	// Lookup resolves the host names of usedns and ignoreip; nil: net.DefaultResolver.
	Lookup func(ctx context.Context, name string) ([]netip.Addr, error)
	// Ready is called once all is running; nil: not.
	Ready func(control.Status)
}

// Daemon is gaol at work.
type Daemon struct {
	*engine
	opts    Options
	started time.Time
	sources *sources
	store   *store.Store // nil: there is none
	// memory and operators outlive the run beside the store.
	memory    *jail.IgnoreMemory
	operators *jail.Operators
	// storePath is a setting that only a start reads.
	storePath string
	web       *web

	// applying is held while the configuration changes: one change at a time.
	applying sync.Mutex

	// The engine's lock guards these.

	// leftOut are jails that can't run.
	leftOut   []config.Jail
	onStop    config.OnStop
	reloaders reloaders
	// purgeAge is how long history is kept.
	purgeAge time.Duration
	// unclaimed are notices whose action is not there, or not yet; toldOf is by queue whom others were
	// told of before.
	unclaimed []store.Notice
	toldOf    map[string][]notice.Told

	// background runs what outlives the sources: writer, listeners. Actions end with bgCtx at
	// the latest.
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
	saveMemory()
	conf := config.Load(config.Options{File: opts.ConfigFile, Stock: opts.Stock})
	if err := unreadable(conf); err != nil {
		return err
	}
	listener, err := listenControl(opts.Socket)
	if err != nil {
		return err
	}
	d, positions, err := open(conf, opts)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	// Three circles, left from the inside out: sources stop first, then the
	// store has all that they led to, then actions and listeners end.
	outer, stopOuter := context.WithCancel(context.WithoutCancel(ctx))
	defer stopOuter()
	d.background, d.bgCtx = errgroup.WithContext(outer)
	written, stopWriter := context.WithCancel(d.bgCtx)
	defer stopWriter()
	d.background.Go(func() error { return d.writer.Run(written) })

	err = d.work(ctx, conf, positions, listener)
	d.log.Info("stopping")
	d.stopPosts()
	stopWriter()
	<-d.writer.ended
	d.stopActions()
	d.saveMemory()
	stopOuter()
	err = errors.Join(err, d.background.Wait(), d.closeStore())
	d.log.Info("stopped")
	return err
}

// work runs the inner circle, that which reads and counts, until ctx or the background ends.
// The listener is served until the background ends.
func (d *Daemon) work(ctx context.Context, conf *config.Config, positions []filter.Position, listener *controlSocket) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// A fault of the background ends the run as well; whoever waits for it returns it.
	defer context.AfterFunc(d.bgCtx, stop)()
	running, ctx := errgroup.WithContext(ctx)
	if err := d.openSources(ctx, running, positions); err != nil {
		return errors.Join(err, listener.Close())
	}
	resolver := newResolver(d.opts, d.observe, func(jail, text string) { d.problems.set(jail, "names", text) })
	d.resolve = resolver.ask
	running.Go(func() error { return resolver.Run(ctx) })
	inquirer := newInquirer(d.opts.Now, func(q *inquiry, addr netip.Addr) { d.decide(q, addr, d.opts.Now()) },
		func(jail, text string) { d.problems.set(jail, "inquiry", text) })
	d.inquire = inquirer.ask
	running.Go(func() error { return d.ender.Run(ctx) })
	for range inquiriesAtOnce {
		running.Go(func() error { return inquirer.Run(ctx) })
	}
	d.applying.Lock()
	d.apply(ctx, conf, true)
	d.applying.Unlock()
	d.background.Go(func() error {
		return serve(d.bgCtx, listener, newServer(d.bgCtx, control.Handler(d), d.log))
	})
	running.Go(func() error { return d.sources.files.Run(ctx, d.handle) })
	running.Go(func() error { return d.housekeep(ctx) })
	running.Go(func() error { return d.watchLeaks(ctx) })
	running.Go(func() error { return d.keepFiles(ctx) })
	running.Go(func() error { return d.keepAnswers(ctx) })
	notify := notifier{d.log}
	running.Go(func() error { return notify.watchdog(ctx, d.alive) })

	if err := d.announceStart(ctx, listener, notify); err != nil {
		stop()
		return errors.Join(err, running.Wait())
	}
	// What the start alone has needed goes back to the system.
	debug.FreeOSMemory()
	<-ctx.Done()
	notify.send(systemd.SdNotifyStopping)
	d.refuseChanges()
	return running.Wait()
}

// refuseChanges waits for a reload that is under way, and lets nobody change anything any more.
func (d *Daemon) refuseChanges() {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopping = true
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
// problem, not the end: bans are made all the same. The error is that another daemon has it:
// that one makes them, and two would take each other's out of the firewall.
func open(conf *config.Config, opts Options) (*Daemon, []filter.Position, error) {
	d := &Daemon{opts: opts, started: opts.Now(), storePath: conf.Store.Path, reloaders: reloaders{}}
	d.web = newWeb(d)
	events := newHub()
	d.engine = &engine{log: opts.Logger, events: events, cells: map[string]*cell{}, posts: map[string]*post{}, clouds: cloudflareLists{}}
	d.problems = newProblems(opts.Logger, func(jail, text string) {
		events.publish(func() control.Event {
			return control.Event{Time: opts.Now(), What: "problem", Jail: jail, Text: text}
		})
	})
	d.ender = established.New(func(r established.Report) { d.noteEnded(r, opts.Now()) })
	report := func(text string) {
		d.problems.set("", "store", text)
		if text != "" {
			d.noteBroken()
		}
	}
	s, positions, err := openStore(conf, opts)
	if errors.Is(err, store.ErrInUse) {
		return nil, nil, err
	}
	if s == nil {
		report(fmt.Sprintf("%v: bans and positions do not outlive this run", err))
		d.writer = newWriter(forgetful{}, func(string) {}, d.inForce)
		d.openMemory(conf)
		return d, nil, nil
	}
	if err != nil {
		d.problems.set("", "store:opening", err.Error())
	}
	d.store = s
	d.loadNotices()
	d.writer = newWriter(s, report, d.inForce)
	d.openMemory(conf)
	return d, positions, nil
}

// announceStart tells everybody that gaol is running: it can be asked once the logs are open and
// it is stored where they were begun, so that no line that is written after that is missed; it is
// ready once the actions have been started as well. It waits for neither longer than startWait.
func (d *Daemon) announceStart(ctx context.Context, socket *controlSocket, notify notifier) error {
	runners, _ := d.runners()
	waiting, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	// What is late or wrong shows among the problems.
	_ = d.sources.files.Looked(waiting)
	_ = d.writer.flush(waiting)
	if err := socket.publish(); err != nil {
		return err
	}
	for _, r := range runners {
		_ = r.Sync(waiting, r.Told())
	}
	if ctx.Err() != nil {
		return nil
	}
	d.watchProblems()
	d.mu.Lock()
	jails := len(d.cells)
	d.mu.Unlock()
	notify.send(systemd.SdNotifyReady)
	d.log.Info("started", "version", d.opts.Version, "jails", jails, "observe", d.opts.Observe,
		"took", d.opts.Now().Sub(d.started).Round(time.Millisecond))
	if d.opts.Ready == nil {
		return nil
	}
	status, err := d.Status(ctx, "")
	if err == nil {
		d.opts.Ready(status)
	}
	return err
}

// openSources makes the followers; apply tells them what to follow.
func (d *Daemon) openSources(ctx context.Context, group *errgroup.Group, stored []filter.Position) error {
	files, err := source.NewFiles(source.FilesOptions{Positions: stored, Logger: d.log, Now: d.opts.Now})
	if err != nil {
		return err
	}
	d.sources = &sources{
		log: d.log, now: d.opts.Now, files: files, emit: d.handle, group: group, ctx: ctx, place: d.place,
		journals: map[string]*followedJournal{},
	}
	d.places.add(stored)
	return nil
}

// stopActions ends all runners, all at once; a firewall is left as it is with
// onstop = "keep".
func (d *Daemon) stopActions() {
	runners, flush := d.runners()
	var all sync.WaitGroup
	for _, r := range runners {
		all.Go(func() { r.stop(flush) })
	}
	for _, l := range d.listings() {
		all.Go(func() { l.stop(flush) })
	}
	all.Wait()
}

// listings are those of all jails that have lists.
func (d *Daemon) listings() (all []*listing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.sortedLocked() {
		if c.listing != nil {
			all = append(all, c.listing)
		}
	}
	return all
}

// runners are those of all jails, and whether a stop undoes what they did.
func (d *Daemon) runners() (all []*runner, flush bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.sortedLocked() {
		all = append(all, c.runners...)
	}
	return all, d.onStop != config.Keep
}
