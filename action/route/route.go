// Package route bans with routes, by netlink alone: what the host would answer
// a banned address is thrown away instead of sent. It works where there is
// neither iptables nor nftables, and costs a packet one look-up however many
// are banned. Gaol's routes stand in a table of their own, which a rule has the
// kernel ask before the host's:
//
//	# ip rule
//	0:      from all lookup local
//	147:    from all lookup 47147 proto 147
//	32766:  from all lookup main
//	# ip route show table 47147
//	throw default proto 147 metric 2712344091
//	blackhole 192.0.2.7 proto 147 metric 2712344091
//
// Five things are not obvious.
//
// A route stops answers, not packets: no TCP connection comes about, but what
// is sent without one (UDP, ICMP) reaches its program, unless the interface has
// reverse path filtering (rp_filter 1 or 2, IPv4 only), which discards packets
// from where no answer would go. It closes all ports, to connections from this
// host as well; and the banned host sees silence, whatever the blocktype.
//
// The table of local addresses is asked first: no ban can cut the host
// off from an address of its own. A table of its own also lets a banned network win over
// narrower routes of the host. A gateway whose address is banned still passes on packets: no route is
// looked up for it.
//
// Several jails may ban one address. Each has a metric of its own, the hash of its name, so
// that the kernel keeps a route for each, and the last to go opens.
//
// The throw route, which sends a look-up on to the next rule, is a jail's sign that it is
// started. The last jail to go removes the rule.
//
// Routes have no timeouts (those of IPv6 are not for IPv4): gaol lifts them, and
// where it is not there to do it they stay, until its next start.
package route

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/jail"
)

// Options say for which jail a Set bans.
type Options struct {
	// Rule names the jail, required, and says how routes refuse: as blackhole (drop and
	// tarpit) or as unreachable. Routes know neither ports nor protocols nor interfaces; see Notes.
	Rule action.Rule
	// Logger is told what was found and replaced; nil: nobody is.
	Logger *slog.Logger
}

// Set is the action of one jail. Use New. Its methods may be called from several
// goroutines.
type Set struct {
	rule   action.Rule
	kind   byte   // of its routes, RTN_BLACKHOLE or RTN_UNREACHABLE
	metric uint32 // of its routes
	log    *slog.Logger

	mu   sync.Mutex // guards all below, and one use of the connection at a time
	conn *connection
	// families are those that it was started for.
	families []byte
	// held is what it banned since, and until when; the zero time: for ever.
	held map[netip.Prefix]time.Time
	// lengths are the prefix lengths of all that it ever held since, by family: all that Holds need look for.
	lengths map[byte]map[int]bool
}

var (
	_ action.Action   = (*Set)(nil)
	_ action.Adjuster = (*Set)(nil)
	_ action.Checker  = (*Set)(nil)
	_ action.Holder   = (*Set)(nil)
	_ action.Noter    = (*Set)(nil)
	_ action.Prober   = (*Set)(nil)
)

// errAll is why nobody can ban everybody: nothing would leave the host any more, no answer to its
// administrator, and no query of its own.
var errAll = errors.New("a route for every address would cut off the whole host: ban narrower prefixes, or use banaction nftables or iptables")

// New checks opts. It starts nothing and does not touch the kernel.
func New(opts Options) (*Set, error) {
	rule, err := opts.Rule.Checked()
	if err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	s := &Set{rule: rule, kind: kindOf(rule.Block), metric: metricOf(rule.Jail), log: opts.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

func kindOf(block action.Block) byte {
	if block == action.Drop || block == action.Tarpit {
		return unix.RTN_BLACKHOLE
	}
	return unix.RTN_UNREACHABLE
}

// metricOf tells the routes of jails apart. Of a hundred jails, two have the same with a
// probability of one in a million. 0 is left out: IPv6 takes it for 1024.
func metricOf(name string) uint32 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint32(sum[:]) | 1
}

// Notes implements action.Noter.
func (s *Set) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var notes []string
	if len(s.rule.Ports) > 0 && s.rule.Protocol != "all" {
		notes = append(notes, "routes know no ports: a banned host gets no answer from any")
	}
	if len(s.rule.Interfaces) > 0 {
		notes = append(notes, "routes know no interfaces: a banned host gets no answer on any")
	}
	if len(s.families) == 1 {
		notes = append(notes, "this kernel routes no IPv6: IPv6 addresses are not banned")
	}
	return notes
}

// Start implements action.Action. Routes that an earlier run of the jail left are removed.
func (s *Set) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.dial(ctx); err != nil {
		return err
	}
	s.families, s.held, s.lengths = nil, map[netip.Prefix]time.Time{}, map[byte]map[int]bool{}
	found := 0
	var started []byte
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		n, err := s.startFamily(family)
		if family == unix.AF_INET6 && isNoFamily(err) {
			break
		}
		if err != nil {
			return s.failed("starting routes of jail "+s.rule.Jail, err)
		}
		found += n
		started = append(started, family)
		s.lengths[family] = map[int]bool{}
	}
	s.families = started
	if found > 0 {
		s.log.Info("replaced what an earlier run left among the routes", "jail", s.rule.Jail, "count", found)
	}
	return nil
}

// startFamily puts up the sign before the rule, so that whoever stops meanwhile leaves one of them; see
// stopFamily.
func (s *Set) startFamily(family byte) (found int, err error) {
	if found, err = s.conn.clear(family, s.metric); err != nil {
		return 0, err
	}
	if err := s.conn.change(addRoute, s.sign(family)); err != nil {
		return 0, err
	}
	return found, s.conn.addRule(family)
}

// Stop implements action.Action. The last jail to stop removes the rule.
func (s *Set) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.dial(ctx); err != nil {
		return err
	}
	s.families, s.held = nil, nil
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if err := s.stopFamily(family); err != nil && !isNoFamily(err) {
			return s.failed("removing the routes of jail "+s.rule.Jail, err)
		}
	}
	s.hangUp()
	return nil
}

// stopFamily looks a second time once the rule is gone: a jail may have started in between.
func (s *Set) stopFamily(family byte) error {
	if _, err := s.conn.clear(family, s.metric); err != nil {
		return err
	}
	left, err := s.conn.routes(family)
	if err != nil || len(left) > 0 {
		return err
	}
	if err := s.conn.deleteRule(family); err != nil {
		return err
	}
	left, err = s.conn.routes(family)
	if err != nil || len(left) == 0 {
		return err
	}
	return s.conn.addRule(family)
}

// sign is the route that says that the jail is started.
func (s *Set) sign(family byte) entry {
	any := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if family == unix.AF_INET6 {
		any = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return entry{prefix: any, kind: unix.RTN_THROW, metric: s.metric}
}

// Adjust implements action.Adjuster. Of a rule only the way to refuse is of interest: each route is replaced by one of the other
// kind in its place.
func (s *Set) Adjust(ctx context.Context, rule action.Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rule, err := rule.Succeeding(s.rule)
	if err != nil {
		return fmt.Errorf("route: %w", err)
	}
	before := s.kind
	s.rule, s.kind = rule, kindOf(rule.Block)
	if s.families == nil || s.kind == before {
		return nil
	}
	families := s.families
	s.families = nil // unless all goes well
	if err := s.dial(ctx); err != nil {
		return err
	}
	entries := make([]entry, 0, len(s.held))
	for p := range s.held {
		entries = append(entries, s.entry(p))
	}
	for part := range slices.Chunk(entries, batch) {
		if err := s.conn.change(addRoute, part...); err != nil {
			return s.failed("changing the routes of jail "+s.rule.Jail, err)
		}
	}
	s.families = families
	return nil
}

func (s *Set) entry(p netip.Prefix) entry { return entry{prefix: p, kind: s.kind, metric: s.metric} }

// Ban implements action.Action. Bans of every address fail, by themselves.
func (s *Set) Ban(ctx context.Context, bans []jail.Ban, now time.Time) error {
	v4, v6 := action.Members(bans, now)
	return s.change(ctx, addRoute, append(v4, v6...), bans, "banning", func(m action.Member) {
		var end time.Time
		if m.Timeout > 0 {
			end = now.Add(m.Timeout)
		}
		s.held[m.Prefix] = end
	})
}

// Unban implements action.Action.
func (s *Set) Unban(ctx context.Context, bans []jail.Ban) error {
	v4, v6 := action.Members(bans, time.Time{})
	return s.change(ctx, deleteRoute, append(v4, v6...), bans, "unbanning", func(m action.Member) { delete(s.held, m.Prefix) })
}

// change sends messages by the batch, and notes each member. Of a batch that fails, each is sent alone, to learn which
// one it was.
func (s *Set) change(ctx context.Context, do verb, members []action.Member, bans []jail.Ban, doing string, note func(action.Member)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.families == nil {
		return fmt.Errorf("%s by route: jail %s is not started", doing, s.rule.Jail)
	}
	failed := failures{bans: bans}
	entries := make([]entry, 0, len(members))
	for _, m := range members {
		e := s.entry(m.Prefix)
		switch known, ok := s.lengths[e.family()]; {
		case !ok: // no IPv6; see Notes
		case m.Prefix.Bits() == 0 && do == addRoute:
			failed.add(m.Prefix, errAll)
		case m.Prefix.Bits() == 0: // never banned, and the sign is not to go
		default:
			known[m.Prefix.Bits()] = true
			note(m)
			entries = append(entries, e)
		}
	}
	if err := s.dial(ctx); err != nil {
		return err
	}
	for start := 0; start < len(entries); start += batch {
		if err := s.changeBatch(ctx, do, entries[start:min(start+batch, len(entries))], &failed); err != nil {
			return s.failed(fmt.Sprintf("%s %d addresses of jail %s by route", doing, len(entries), s.rule.Jail), err)
		}
	}
	return failed.error()
}

func (s *Set) changeBatch(ctx context.Context, do verb, entries []entry, failed *failures) error {
	err := s.conn.carryOut(do, entries)
	if err == nil || isWhole(err) {
		return err
	}
	for _, e := range entries {
		if err := s.dial(ctx); err != nil {
			return err
		}
		switch err := s.conn.carryOut(do, []entry{e}); {
		case err != nil && isWhole(err):
			return err
		case err != nil:
			delete(s.held, e.prefix)
			failed.add(e.prefix, explain("the kernel refuses the route", err))
		}
	}
	return nil
}

// failures collects the bans that failed by themselves.
type failures struct {
	bans  []jail.Ban // all that were asked for
	which []jail.Ban
	err   error // of the first
}

func (f *failures) add(p netip.Prefix, err error) {
	for _, b := range f.bans {
		if n, ok := action.Normal(b.Prefix); ok && b.ID == "" && n == p {
			f.which = append(f.which, b)
		}
	}
	if f.err == nil {
		f.err = err
	}
}

func (f *failures) error() error {
	if f.err == nil {
		return nil
	}
	return &action.FailedError{Bans: f.which, Err: f.err}
}
