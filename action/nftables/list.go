package nftables

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// List is the list of a jail called web: a chain in table inet gaol with the hook of a [Set]'s, a hash set for each prefix
// length in use, and an interval set of each family with who is spared. Use NewList.
//
//	chain list-web {
//		type filter hook prerouting priority -110; policy accept;
//		ip saddr != @list4-web/32/0 ip saddr & 255.255.255.0 != @list4-web/24/0 return
//		ip saddr @spare4-web/0 return
//		ip6 saddr & ffff:ffff:ffff:: != @list6-web/48/0 return
//		ip6 saddr @spare6-web/0 return
//		counter reject
//	}
//
// A transaction holds no more than fits into the socket, and keeps all other changes waiting. So a new list is put into sets
// of another generation (the number at the end) in many small ones, while packets meet the old one; a last one has the chain look
// into the new sets and removes the old.
//
// An interval set would take all lengths at once, but each transaction costs as much as the set is large (Linux 6.18: 60 ms at
// half a million entries, which nft takes 22 s to load), and it needs twice the memory. For the few who are spared it is right.
type List struct {
	// set has rule and connection; its members are not used.
	set *Set

	mu sync.Mutex // guards all below, and one use of the connection at a time
	// held is what the sets hold, nil: not known; kinds are those that have a set, generation is their number.
	held       *action.Refusals
	kinds      []kind
	generation int
}

var _ action.Blocker = (*List)(nil)

// NewList checks opts. It starts nothing and does not touch the kernel.
func NewList(opts Options) (*List, error) {
	s, err := New(opts)
	if err != nil {
		return nil, err
	}
	return &List{set: s}, nil
}

// listBatch is how many entries are changed in one transaction, where a list differs in no more.
const listBatch = 1000

func (l *List) chain() *nftables.Chain {
	return &nftables.Chain{Table: table(), Name: "list-" + l.set.name}
}

// Notes implements action.Noter.
func (l *List) Notes() []string { return l.set.Notes() }

// Replace implements action.Blocker.
func (l *List) Replace(ctx context.Context, list action.Refusals) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	list.Prefixes = fewerLengths(list.Prefixes)
	if err := l.set.dial(ctx); err != nil {
		return err
	}
	if l.held != nil {
		if messages, ok := l.difference(list); ok {
			return l.change(messages, list)
		}
		// What the rules have counted goes with them. If that can't be read, some of it is missing.
		_, _ = l.set.readRules(l.chain())
	}
	l.held = nil
	if err := l.set.dial(ctx); err != nil {
		return err
	}
	found, err := l.found()
	if err != nil {
		return l.set.failed("reading table inet gaol", err)
	}
	next := &List{set: l.set, kinds: kindsOf(list.Prefixes), generation: freeGeneration(found)}
	sets, err := next.makeSets()
	if err == nil {
		err = next.fill(ctx, list)
	}
	if err == nil {
		err = next.takePlace(found, sets)
	}
	if err != nil {
		return errors.Join(l.set.failed(fmt.Sprintf("putting %d entries into the list of jail %s", len(list.Prefixes), l.set.rule.Jail), err),
			next.discard(ctx))
	}
	l.held, l.kinds, l.generation = &list, next.kinds, next.generation
	l.set.refused.Restart()
	return nil
}

// difference is what brings the sets to another list; ok is false if that needs other sets, or more than one transaction:
// in between, an address could be on neither list.
func (l *List) difference(list action.Refusals) (messages []message, ok bool) {
	gone, fresh, ok := action.ListDifference(l.held.Prefixes, list.Prefixes, listBatch)
	if !ok || len(list.Spared) > listBatch || slices.ContainsFunc(fresh, func(p netip.Prefix) bool { return !slices.Contains(l.kinds, kindOf(p)) }) {
		return nil, false
	}
	messages = append(l.elements(unix.NFT_MSG_DELSETELEM, gone), l.elements(unix.NFT_MSG_NEWSETELEM, fresh)...)
	if !slices.Equal(l.held.Spared, list.Spared) {
		messages = append(messages, l.emptySpared()...)
		messages = append(messages, l.spared(list.Spared)...)
	}
	return messages, true
}

// found are the list's sets in the kernel. It makes the table.
func (l *List) found() ([]*nftables.Set, error) {
	l.set.conn.AddTable(table())
	if err := l.set.conn.Flush(); err != nil {
		return nil, err
	}
	sets, err := l.set.conn.GetSets(table())
	return slices.DeleteFunc(sets, func(s *nftables.Set) bool { return !l.isOurs(s.Name) }), err
}

// freeGeneration is one that no set is of.
func freeGeneration(found []*nftables.Set) int {
	for generation := 0; ; generation++ {
		ending := "/" + strconv.Itoa(generation)
		if !slices.ContainsFunc(found, func(s *nftables.Set) bool { return strings.HasSuffix(s.Name, ending) }) {
			return generation
		}
	}
}

// makeSets makes empty sets.
func (l *List) makeSets() (made []*nftables.Set, err error) {
	add := func(name string, v6, interval bool) {
		set := &nftables.Set{Table: table(), ID: l.set.nextID(), Name: name, KeyType: nftables.TypeIPAddr, Interval: interval}
		if v6 {
			set.KeyType = nftables.TypeIP6Addr
		}
		_ = l.set.conn.AddSet(set, nil) // see buildSet
		made = append(made, set)
	}
	for _, k := range l.kinds {
		add(l.setName(k), k.v6, false)
	}
	for _, v6 := range families {
		add(l.spareName(v6), v6, true)
	}
	return made, l.set.conn.Flush()
}

// fill puts a list into the sets, one transaction after the other.
func (l *List) fill(ctx context.Context, list action.Refusals) error {
	put := func(m message) error {
		if err := l.set.dial(ctx); err != nil {
			return err
		}
		return l.set.conn.changeElements(m)
	}
	if err := l.eachMessage(unix.NFT_MSG_NEWSETELEM, list.Prefixes, put); err != nil {
		return err
	}
	for _, m := range l.spared(list.Spared) {
		if err := put(m); err != nil {
			return err
		}
	}
	return nil
}

// takePlace has the chain look into the made sets alone, and removes those found, in one transaction.
func (l *List) takePlace(found, made []*nftables.Set) error {
	conn := l.set.conn
	chain := l.chain()
	conn.AddChain(chain)
	conn.DelChain(chain) // whatever it is
	chain.Type = nftables.ChainTypeFilter
	chain.Hooknum = nftables.ChainHookPrerouting
	chain.Priority = nftables.ChainPriorityRef(beforeNAT)
	accept := nftables.ChainPolicyAccept
	chain.Policy = &accept
	conn.AddChain(chain)
	l.addRules(chain, made)
	for _, set := range found {
		conn.DelSet(set)
	}
	return conn.Flush()
}

// discard removes sets that were not completed. Nobody looks into them.
func (l *List) discard(ctx context.Context) error {
	if err := l.set.dial(ctx); err != nil {
		return nil // it goes at the next Replace
	}
	for _, name := range l.setNames() {
		l.set.conn.DelSet(&nftables.Set{Table: table(), Name: name})
	}
	if err := l.set.conn.Flush(); err != nil {
		l.set.hangUp() // it goes at the next Replace
	}
	return nil
}

// change brings the sets to another list, in one transaction.
func (l *List) change(messages []message, list action.Refusals) error {
	l.held = nil // unless all goes well
	if len(messages) > 0 {
		if err := l.set.conn.changeElements(messages...); err != nil {
			return l.set.failed("changing the list of jail "+l.set.rule.Jail, err)
		}
	}
	l.held = &list
	return nil
}

// Check implements action.Blocker: it counts the rules of the chain, and looks for some of the entries.
func (l *List) Check(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		return errors.New("checking nftables: the list of jail " + l.set.rule.Jail + " is not complete")
	}
	err := l.probe(ctx)
	if err != nil {
		l.held = nil
	}
	return err
}

func (l *List) probe(ctx context.Context) error {
	s := l.set
	if err := s.dial(ctx); err != nil {
		return err
	}
	rules, err := s.readRules(l.chain())
	if err != nil {
		return err
	}
	if want := l.ruleCount(); len(rules) < want {
		return fmt.Errorf("checking nftables: chain %s of table inet gaol has %d rules instead of %d: %w", l.chain().Name, len(rules), want, action.ErrLost)
	}
	holds := func(set string, p netip.Prefix) error {
		_, err := s.conn.element(set, p.Addr().AsSlice())
		switch {
		case errors.Is(err, unix.ENOENT):
			return fmt.Errorf("checking nftables: set %s has lost %s: %w", set, p, action.ErrLost)
		case err != nil:
			return s.failed("asking set "+set+" for "+p.String(), err)
		}
		return nil
	}
	for _, p := range action.ListSample(l.held.Prefixes) {
		if err := holds(l.setName(kindOf(p)), p); err != nil {
			return err
		}
	}
	for _, p := range action.ListSample(l.held.Spared) {
		if err := holds(l.spareName(p.Addr().Is6()), p); err != nil {
			return err
		}
	}
	return nil
}

// Counted implements action.Counter.
func (l *List) Counted(ctx context.Context) (action.Counts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		return action.Counts{}, errors.New("counting in nftables: the list of jail " + l.set.rule.Jail + " is not complete")
	}
	if err := l.set.dial(ctx); err != nil {
		return action.Counts{}, err
	}
	_, err := l.set.readRules(l.chain())
	return l.set.refused.Total(), err
}

// Stop implements action.Blocker. The last to stop removes the table.
func (l *List) Stop(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = nil
	s := l.set
	if err := s.dial(ctx); err != nil {
		return err
	}
	found, err := l.found()
	if err != nil {
		return s.failed("reading table inet gaol", err)
	}
	s.conn.AddChain(l.chain())
	s.conn.DelChain(l.chain())
	for _, set := range found {
		s.conn.DelSet(set)
	}
	if err := s.conn.Flush(); err != nil {
		return s.failed("removing the list of jail "+s.rule.Jail, err)
	}
	if err := s.conn.deleteEmptyTable(); err != nil {
		return s.failed("removing table inet gaol", err)
	}
	s.hangUp()
	return nil
}
