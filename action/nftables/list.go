package nftables

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// List is the list of a jail: a chain list-JAIL in table inet gaol, with the hook and the rules of a [Set]'s, and a hash
// set for each prefix length in use, list4-JAIL/24/N. Use NewList.
//
// A transaction holds no more than fits into the socket, and keeps all other changes waiting. So a new list is put into sets
// of another N in many small ones, while packets meet the old one; a last one has the chain look
// into the new sets and removes the old. An interval set would take all lengths at once, but each transaction costs
// as much as the set is large (Linux 6.18: 60 ms at half a million entries).
type List struct {
	// set has rule and connection; its members are not used.
	set *Set

	mu sync.Mutex // guards all below, and one use of the connection at a time
	// held is what the sets hold, nil: not known; kinds are those that have a set, generation is their N.
	held       []netip.Prefix
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

func (l *List) setName(k kind, generation int) string {
	family := "4"
	if k.v6 {
		family = "6"
	}
	return fmt.Sprintf("list%s-%s/%d/%d", family, l.set.name, k.bits, generation)
}

// kindsOf are those that prefixes are of, IPv4 first and the longest first, which most entries are of.
func kindsOf(prefixes []netip.Prefix) []kind {
	var seen [2][129]bool
	for _, p := range prefixes {
		k := kindOf(p)
		seen[family(k)][k.bits] = true
	}
	var kinds []kind
	for f, lengths := range seen {
		for bits, is := range slices.Backward(lengths[:]) {
			if is {
				kinds = append(kinds, kind{v6: f == 1, bits: bits})
			}
		}
	}
	return kinds
}

func family(k kind) int {
	if k.v6 {
		return 1
	}
	return 0
}

// isOurs says whether a set of that name is one of the list's.
func (l *List) isOurs(name string) bool {
	name, _, _ = strings.Cut(name, "/")
	return name == "list4-"+l.set.name || name == "list6-"+l.set.name
}

// Replace implements action.Blocker.
func (l *List) Replace(ctx context.Context, prefixes []netip.Prefix) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.set.dial(ctx); err != nil {
		return err
	}
	if l.held != nil {
		// What is changed at once must fit into one transaction: in between, an address could be on neither list.
		gone, fresh, ok := action.ListDifference(l.held, prefixes, listBatch)
		if ok && !slices.ContainsFunc(fresh, func(p netip.Prefix) bool { return !slices.Contains(l.kinds, kindOf(p)) }) {
			return l.change(gone, fresh, prefixes)
		}
	}
	l.held = nil
	found, err := l.found()
	if err != nil {
		return l.set.failed("reading table inet gaol", err)
	}
	generation, kinds := freeGeneration(found), kindsOf(prefixes)
	made, err := l.makeSets(kinds, generation)
	if err == nil {
		err = l.fill(ctx, kinds, generation, prefixes)
	}
	if err == nil {
		err = l.takePlace(found, kinds, made)
	}
	if err != nil {
		return errors.Join(l.set.failed(fmt.Sprintf("putting %d entries into the list of jail %s", len(prefixes), l.set.rule.Jail), err),
			l.discard(ctx, kinds, generation))
	}
	l.kinds, l.generation = kinds, generation
	l.keep(prefixes)
	return nil
}

func (l *List) keep(prefixes []netip.Prefix) {
	if l.held = prefixes; prefixes == nil {
		l.held = []netip.Prefix{}
	}
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
func (l *List) makeSets(kinds []kind, generation int) (made []*nftables.Set, err error) {
	for _, k := range kinds {
		set := &nftables.Set{Table: table(), ID: l.set.nextID(), Name: l.setName(k, generation), KeyType: nftables.TypeIPAddr}
		if k.v6 {
			set.KeyType = nftables.TypeIP6Addr
		}
		_ = l.set.conn.AddSet(set, nil) // see buildSet
		made = append(made, set)
	}
	return made, l.set.conn.Flush()
}

// fill puts prefixes into the sets of a generation, one transaction after the other.
func (l *List) fill(ctx context.Context, kinds []kind, generation int, prefixes []netip.Prefix) error {
	for _, k := range kinds {
		var elements []byte
		put := func() error {
			if len(elements) == 0 {
				return nil
			}
			if err := l.set.dial(ctx); err != nil {
				return err
			}
			err := l.set.conn.changeElements(l.message(unix.NFT_MSG_NEWSETELEM, k, generation, elements))
			elements = elements[:0]
			return err
		}
		for _, p := range prefixes {
			if kindOf(p) != k {
				continue
			}
			if elements = appendElement(elements, p); len(elements) < maxElements {
				continue
			}
			if err := put(); err != nil {
				return err
			}
		}
		if err := put(); err != nil {
			return err
		}
	}
	return nil
}

// takePlace has the chain look into the made sets alone, and removes those found, in one transaction.
func (l *List) takePlace(found []*nftables.Set, kinds []kind, made []*nftables.Set) error {
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
	l.set.addPortRules(chain)
	for i, set := range made {
		l.set.addRefusals(chain, kinds[i], set)
	}
	for _, set := range found {
		conn.DelSet(set)
	}
	return conn.Flush()
}

// discard removes sets that were not completed. Nobody looks into them.
func (l *List) discard(ctx context.Context, kinds []kind, generation int) error {
	if err := l.set.dial(ctx); err != nil {
		return nil // it goes at the next Replace
	}
	for _, k := range kinds {
		l.set.conn.DelSet(&nftables.Set{Table: table(), Name: l.setName(k, generation)})
	}
	if err := l.set.conn.Flush(); err != nil {
		l.set.hangUp() // it goes at the next Replace
	}
	return nil
}

// change brings the sets from one list to another, in one transaction.
func (l *List) change(gone, fresh, prefixes []netip.Prefix) error {
	l.held = nil // unless all goes well
	messages := append(l.messages(unix.NFT_MSG_DELSETELEM, gone), l.messages(unix.NFT_MSG_NEWSETELEM, fresh)...)
	if len(messages) > 0 {
		if err := l.set.conn.changeElements(messages...); err != nil {
			return l.set.failed("changing the list of jail "+l.set.rule.Jail, err)
		}
	}
	l.keep(prefixes)
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
	rules, err := s.conn.GetRules(table(), l.chain())
	if err != nil {
		return s.failed("reading chain "+l.chain().Name+" of table inet gaol", err)
	}
	if want := s.ruleCount(len(l.kinds)); len(rules) < want {
		return fmt.Errorf("checking nftables: chain %s of table inet gaol has %d rules instead of %d: %w", l.chain().Name, len(rules), want, action.ErrLost)
	}
	for _, p := range action.ListSample(l.held) {
		set := l.setName(kindOf(p), l.generation)
		_, err := s.conn.element(set, p.Addr().AsSlice())
		switch {
		case errors.Is(err, unix.ENOENT):
			return fmt.Errorf("checking nftables: set %s has lost %s: %w", set, p, action.ErrLost)
		case err != nil:
			return s.failed("asking set "+set+" for "+p.String(), err)
		}
	}
	return nil
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

// maxElements is how many bytes of elements go into one message, and of a whole list into one transaction: few enough for a ban to
// wait a few milliseconds at most. 16 bits would hold the length of an attribute.
const maxElements = 16 << 10

// messages add prefixes to the sets in use, or take them out.
func (l *List) messages(what netlink.HeaderType, prefixes []netip.Prefix) []netlink.Message {
	var messages []netlink.Message
	for _, k := range kindsOf(prefixes) {
		var elements []byte
		for _, p := range prefixes {
			if kindOf(p) != k {
				continue
			}
			if elements = appendElement(elements, p); len(elements) >= maxElements {
				messages = append(messages, l.message(what, k, l.generation, elements))
				elements = nil
			}
		}
		if len(elements) > 0 {
			messages = append(messages, l.message(what, k, l.generation, elements))
		}
	}
	return messages
}

// message changes one set. The library's way to do that takes a thousand bytes of memory for each element.
func (l *List) message(what netlink.HeaderType, k kind, generation int, elements []byte) netlink.Message {
	data := nfgenmsg(unix.NFPROTO_INET, 0)
	data = appendAttribute(data, unix.NFTA_SET_ELEM_LIST_TABLE, append([]byte(tableName), 0))
	data = appendAttribute(data, unix.NFTA_SET_ELEM_LIST_SET, append([]byte(l.setName(k, generation)), 0))
	data = appendAttribute(data, unix.NFTA_SET_ELEM_LIST_ELEMENTS|unix.NLA_F_NESTED, elements)
	flags := netlink.Request
	if what == unix.NFT_MSG_NEWSETELEM {
		flags |= netlink.Create
	}
	return netlink.Message{Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | what, Flags: flags}, Data: data}
}

// appendElement appends: element { key { value } }.
func appendElement(to []byte, p netip.Prefix) []byte {
	size := len(p.Addr().AsSlice())
	to = appendHeader(to, unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, 8+size)
	to = appendHeader(to, unix.NFTA_SET_ELEM_KEY|unix.NLA_F_NESTED, 4+size)
	return appendAttribute(to, unix.NFTA_DATA_VALUE, p.Addr().AsSlice())
}

// appendAttribute appends length, type and padded value (struct nlattr in linux/netlink.h).
func appendAttribute(to []byte, kind uint16, value []byte) []byte {
	to = append(appendHeader(to, kind, len(value)), value...)
	return append(to, make([]byte, (4-len(value)%4)%4)...)
}

func appendHeader(to []byte, kind uint16, size int) []byte {
	return binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(to, uint16(4+size)), kind)
}

// changeElements sends one transaction. The kernel answers the messages that fail, and the last one of those.
func (c *connection) changeElements(messages ...netlink.Message) error {
	batch := append([]netlink.Message{batchMessage(unix.NFNL_MSG_BATCH_BEGIN)}, messages...)
	batch[len(batch)-1].Header.Flags |= netlink.Acknowledge
	batch = append(batch, batchMessage(unix.NFNL_MSG_BATCH_END))
	if _, err := c.raw.SendMessages(batch); err != nil {
		return err
	}
	_, err := c.raw.Receive()
	return err
}
