package jail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Ignore is who is never banned: ignoreip and ignoreself. Use [NewIgnore]; a nil Ignore
// ignores nobody. Match and Overlaps look into a sorted list and never block; Refresh may
// run beside them.
type Ignore struct {
	opts  IgnoreOptions
	fixed []rule
	// mu guards the sources below, which Refresh brings up to date.
	mu    sync.Mutex
	files []*ignoreFile
	names []*ignoreName
	self  []netip.Prefix
	// changed says that current is not what the sources say.
	changed bool

	current atomic.Pointer[ranges]
}

// IgnoreOptions say where an Ignore learns what it cannot read from its entries.
type IgnoreOptions struct {
	// Self ignores the host's own addresses (ignoreself).
	Self bool
	// Lookup resolves a host name, into a slice that is Ignore's from then on; several
	// calls may run at a time. nil: net.DefaultResolver.
	Lookup func(ctx context.Context, name string) ([]netip.Addr, error)
	// Interfaces lists the host's own addresses; nil: those of its interfaces.
	Interfaces func() ([]netip.Addr, error)
	// Open opens a file of addresses; nil: the file system.
	Open OpenFunc
}

// NewIgnore reads entries: addresses, prefixes ("10.0.0.0/8", "10.0.0.0/255.0.0.0"), host
// names, and files ("file:/etc/gaol/allow.txt"). Files and the host's own addresses are
// read at once, names are first looked up by Refresh.
//
// The Ignore is never nil: what is wrong with an entry or file is in the error, and all others
// hold.
func NewIgnore(entries []string, opts IgnoreOptions) (*Ignore, error) {
	opts.setDefaults()
	ig := &Ignore{opts: opts}
	var errs []error
	for _, entry := range entries {
		if err := ig.add(entry); err != nil {
			errs = append(errs, fmt.Errorf("reading ignoreip: %w", err))
		}
	}
	errs = append(errs, ig.refreshSelf())
	errs = append(errs, ig.refreshFiles()...)
	ig.build()
	return ig, errors.Join(errs...)
}

func (o *IgnoreOptions) setDefaults() {
	if o.Lookup == nil {
		o.Lookup = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	if o.Interfaces == nil {
		o.Interfaces = interfaceAddrs
	}
	if o.Open == nil {
		o.Open = openFile
	}
}

func (ig *Ignore) add(text string) error {
	entry, err := parseEntry(text)
	switch {
	case err != nil:
		return err
	case entry.file != "":
		ig.files = append(ig.files, &ignoreFile{path: entry.file})
	case entry.name != "":
		ig.names = append(ig.names, &ignoreName{name: entry.name})
	default:
		ig.fixed = append(ig.fixed, rule{entry.prefix, "ignoreip " + text})
	}
	return nil
}

// Match says whether addr is ignored, and by which rule.
func (ig *Ignore) Match(addr netip.Addr) (rule string, ok bool) {
	if ig == nil {
		return "", false
	}
	return ig.current.Load().match(addr.Unmap().WithZone(""))
}

// Overlaps says whether p holds or is held by anything that is ignored, and by which rule.
func (ig *Ignore) Overlaps(p netip.Prefix) (rule string, ok bool) {
	if ig == nil {
		return "", false
	}
	return ig.current.Load().overlaps(unmap(p).Masked())
}

// Refresh reads files that have changed, looks names up whose answers are five minutes old
// (a minute, where there was none), and asks for the host's own addresses. It may block,
// as long as look-ups do, and belongs off the path. What cannot be learned keeps its last
// known state and is reported.
func (ig *Ignore) Refresh(ctx context.Context, now time.Time) []error {
	if ig == nil {
		return nil
	}
	ig.mu.Lock()
	defer ig.mu.Unlock()
	var errs []error
	if err := ig.refreshSelf(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, ig.refreshFiles()...)
	errs = append(errs, ig.refreshNames(ctx, now)...)
	if ig.changed {
		ig.build()
	}
	return errs
}

// build publishes what is known now. The first rule given wins where two are the same.
func (ig *Ignore) build() {
	var rules []rule
	for _, p := range ig.self {
		rules = append(rules, rule{p, "ignoreself"})
	}
	rules = append(rules, ig.fixed...)
	for _, n := range ig.names {
		for _, a := range n.addrs {
			rules = append(rules, rule{netip.PrefixFrom(a, a.BitLen()), "ignoreip " + n.name})
		}
	}
	for _, f := range ig.files {
		for _, p := range f.prefixes {
			rules = append(rules, rule{p, "file:" + f.path})
		}
	}
	ig.current.Store(newRanges(rules))
	ig.changed = false
}

func (ig *Ignore) refreshSelf() error {
	if !ig.opts.Self {
		return nil
	}
	addrs, err := ig.opts.Interfaces()
	if err != nil {
		return fmt.Errorf("listing this host's own addresses for ignoreself: %w", err)
	}
	// All of 127.0.0.0/8 is this host, though only one address of it is listed (RFC 1122
	// section 3.2.1.3).
	self := []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8), netip.PrefixFrom(netip.IPv6Loopback(), 128)}
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		self = append(self, netip.PrefixFrom(a, a.BitLen()))
	}
	ig.changed = ig.changed || !slices.Equal(ig.self, self)
	ig.self = self
	return nil
}

func interfaceAddrs() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			addrs = append(addrs, p.Addr())
		}
	}
	return addrs, nil
}
