package jail

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"gaol/jail/fetch"
	"gaol/jail/resolve"
)

// Ignore is who is never banned: ignoreip, ignoreself, trusted proxies, and operators. Use
// [NewIgnore]; a nil Ignore ignores nobody. Match, Overlaps, Proxy, Trusts and Protected look into memory
// and never block; RefreshFiles and RefreshAnswers may run beside them and beside each other.
type Ignore struct {
	opts IgnoreOptions
	// fixed are the prefixes that are written in the configuration.
	fixed [2][]rule
	// files are read on this host; answers come from who may take long to give them: name servers, programs, web
	// servers. Both stay the same, their contents don't.
	files, answers []*list

	// refreshing is held while files are read, asking while answers are asked for.
	refreshing, asking sync.Mutex
	// selfFault is why the host's own addresses could not be listed. refreshing guards it.
	selfFault error

	// mu guards what the lists hold, and self.
	mu   sync.Mutex
	self []netip.Prefix

	current atomic.Pointer[[2]*ranges]
}

// purpose is which of the keys a list is for.
type purpose int

const (
	ignored purpose = iota // ignoreip
	trusted                // trusted
)

func (p purpose) String() string { return [...]string{"ignoreip", "trusted"}[p] }

// IgnoreOptions say who else is never banned, and where an Ignore learns what it cannot read
// from its entries.
type IgnoreOptions struct {
	// Trusted are one's own proxies, in the forms of NewIgnore's entries. Like those of ignoreip
	// their addresses are never banned; beyond that, see [Ignore.Proxy].
	Trusted []string
	// Self ignores the host's own addresses (ignoreself).
	Self bool
	// Operators are never banned either; nil: there are none.
	Operators *Operators
	// Every is how often commands and https endpoints are asked; 0: every 5 minutes.
	Every time.Duration
	// Memory knows what was answered before a restart; nil: nothing does.
	Memory *IgnoreMemory
	// Lookup resolves a host name and says how long the answer holds (0: that is not
	// known). Several calls may run at a time. nil: [resolve.Resolver].
	Lookup func(ctx context.Context, name string) ([]netip.Addr, time.Duration, error)
	// Interfaces lists the host's own addresses; nil: those of its interfaces.
	Interfaces func() ([]netip.Addr, error)
	// Open opens a file of addresses; nil: the file system.
	Open OpenFunc
	// Transport carries the requests to https endpoints; nil: one of its own.
	Transport http.RoundTripper
}

// NewIgnore reads entries: addresses, prefixes ("10.0.0.0/8", "10.0.0.0/255.0.0.0"), host
// names, files ("file:/etc/gaol/allow.txt"), programs that print a list
// ("command:/usr/local/bin/office --all") and lists on the web ("https://…"). Files and the
// host's own addresses are read at once, all others are asked first by RefreshAnswers; until then, and where a file
// can't be read, what Memory has of them holds.
//
// The Ignore is never nil: what is wrong with an entry or file is in the error, and all others
// hold.
func NewIgnore(entries []string, opts IgnoreOptions) (*Ignore, error) {
	opts.setDefaults()
	ig := &Ignore{opts: opts}
	var errs []error
	add := func(entries []string, to purpose) {
		for _, entry := range entries {
			if err := ig.add(entry, to); err != nil {
				errs = append(errs, fmt.Errorf("reading %s: %w", to, err))
			}
		}
	}
	add(entries, ignored)
	add(opts.Trusted, trusted)
	errs = append(errs, ig.RefreshFiles(time.Time{})...)
	ig.build()
	return ig, errors.Join(errs...)
}

func (o *IgnoreOptions) setDefaults() {
	if o.Lookup == nil {
		o.Lookup = resolve.Resolver{}.Lookup
	}
	if o.Interfaces == nil {
		o.Interfaces = interfaceAddrs
	}
	if o.Open == nil {
		o.Open = openFile
	}
	if o.Every == 0 {
		o.Every = 5 * time.Minute
	}
	if o.Transport == nil {
		o.Transport = fetch.NewTransport()
	}
}

func (ig *Ignore) add(text string, to purpose) error {
	entry, err := parseEntry(text)
	if err != nil {
		return err
	}
	l := &list{purpose: to, key: text, rule: text}
	switch {
	case entry.prefix.IsValid():
		ig.fixed[to] = append(ig.fixed[to], rule{entry.prefix, to.String() + " " + text})
		return nil
	case entry.file != "":
		l.origin = &ignoreFile{path: entry.file, open: ig.opts.Open}
	case entry.host != "":
		l.rule = ignored.String() + " " + text
		l.origin = ignoreHost{name: entry.host, lookup: ig.opts.Lookup}
	case entry.command != nil:
		l.origin = ignoreCommand{argv: entry.command, every: ig.opts.Every}
	default:
		l.key, l.rule = entry.url.Redacted(), entry.url.Redacted()
		l.origin = newIgnoreURL(entry.url, ig.opts)
	}
	if to == trusted {
		l.rule = trusted.String() + " " + l.key
	}
	l.prefixes, l.known = ig.opts.Memory.recall(l.key)
	if entry.file != "" {
		ig.files = append(ig.files, l)
	} else {
		ig.answers = append(ig.answers, l)
	}
	return nil
}

// Match says whether addr is ignored, and by which rule.
func (ig *Ignore) Match(addr netip.Addr) (rule string, ok bool) {
	return ig.Overlaps(single(addr))
}

// Overlaps says whether p holds or is held by anything that is ignored, and by which rule.
func (ig *Ignore) Overlaps(p netip.Prefix) (rule string, ok bool) {
	if ig == nil {
		return "", false
	}
	q, lists := about(p), ig.current.Load()
	if rule, ok = lists[trusted].overlaps(q); ok {
		return rule, ok
	}
	if rule, ok = lists[ignored].overlaps(q); ok {
		return rule, ok
	}
	return ig.opts.Operators.overlaps(q)
}

// Holds says whether all of p is ignored, and by which rule.
func (ig *Ignore) Holds(p netip.Prefix) (rule string, ok bool) {
	if ig == nil {
		return "", false
	}
	q, lists := about(p), ig.current.Load()
	if rule, ok = lists[trusted].holds(q); ok {
		return rule, ok
	}
	if rule, ok = lists[ignored].holds(q); ok || !unmap(p).IsSingleIP() {
		return rule, ok
	}
	return ig.opts.Operators.overlaps(q)
}

// Proxy says whether p holds or is held by a trusted proxy, and by which rule. A failure that is charged to one
// tells that its log doesn't know the clients behind it.
func (ig *Ignore) Proxy(p netip.Prefix) (rule string, ok bool) {
	if ig == nil {
		return "", false
	}
	return ig.current.Load()[trusted].overlaps(about(p))
}

// Trusts says whether addr is that of a trusted proxy.
func (ig *Ignore) Trusts(addr netip.Addr) bool {
	_, ok := ig.Proxy(single(addr))
	return ok
}

// Protected says whether a ban of p would lock out a trusted proxy or an operator, and by
// which rule: who bans by hand must be sure of that.
func (ig *Ignore) Protected(p netip.Prefix) (rule string, ok bool) {
	if rule, ok = ig.Proxy(p); ok || ig == nil {
		return rule, ok
	}
	return ig.opts.Operators.overlaps(about(p))
}

// single is the prefix of an address alone.
func single(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen())
}
