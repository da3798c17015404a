package nftables

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

const (
	tableName = "gaol"
	// beforeNAT is after connection tracking (-200), so that rules of the user's may
	// look at it first, and before destination NAT (-100): enum
	// nf_ip_hook_priorities in linux/netfilter_ipv4.h.
	beforeNAT = -110
)

func table() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyINet, Name: tableName}
}

func (s *Set) chain() *nftables.Chain {
	return &nftables.Chain{Table: table(), Name: "jail-" + s.name}
}

// kind is what one set holds: prefixes of one length, of one family.
type kind struct {
	v6   bool
	bits int
}

func kindOf(p netip.Prefix) kind { return kind{v6: p.Addr().Is6(), bits: p.Bits()} }

// length is the number of bits of an address.
func (k kind) length() int {
	if k.v6 {
		return 128
	}
	return 32
}

// setName is addr4-JAIL for single addresses and addr4-JAIL/24 for prefixes of
// 24 bits; no jail's name has a slash.
func (s *Set) setName(k kind) string {
	name := "addr4-" + s.name
	if k.v6 {
		name = "addr6-" + s.name
	}
	if k.bits < k.length() {
		name += "/" + strconv.Itoa(k.bits)
	}
	return name
}

// isOurs says whether a set of that name is one of the jail's.
func (s *Set) isOurs(name string) bool {
	name, _, _ = strings.Cut(name, "/")
	return name == "addr4-"+s.name || name == "addr6-"+s.name
}

// remove has the next transaction remove the jail's chain and sets, and says
// how many sets there are. It makes table and chain first, so that neither is
// ever missing: the library's errors don't tell "not there" from others.
func (s *Set) remove() (int, error) {
	s.conn.AddTable(table())
	s.conn.AddChain(s.chain())
	if err := s.conn.Flush(); err != nil {
		return 0, err
	}
	sets, err := s.conn.GetSets(table())
	if err != nil {
		return 0, err
	}
	s.conn.DelChain(s.chain())
	found := 0
	for _, set := range sets {
		if s.isOurs(set.Name) {
			s.conn.DelSet(set)
			found++
		}
	}
	return found, nil
}

// build has the next transaction make the jail's chain and the sets that nearly
// every jail needs.
func (s *Set) build() map[kind]*nftables.Set {
	s.conn.AddTable(table())
	chain := s.chain()
	chain.Type = nftables.ChainTypeFilter
	chain.Hooknum = nftables.ChainHookPrerouting
	chain.Priority = nftables.ChainPriorityRef(beforeNAT)
	accept := nftables.ChainPolicyAccept
	chain.Policy = &accept
	s.conn.AddChain(chain)
	s.addPortRules(chain)
	made := make(map[kind]*nftables.Set)
	for _, k := range []kind{{v6: false, bits: 32}, {v6: true, bits: 64}} {
		made[k] = s.buildSet(k)
	}
	return made
}

// addPortRules has the next transaction add the rules that let go what the jail does not close.
func (s *Set) addPortRules(chain *nftables.Chain) {
	for _, exprs := range s.portRules() {
		s.conn.AddRule(&nftables.Rule{Table: table(), Chain: chain, Exprs: exprs()})
	}
}

// buildSet has the next transaction make the set of k and the rule that refuses
// its members.
func (s *Set) buildSet(k kind) *nftables.Set {
	set := &nftables.Set{
		Table:      table(),
		ID:         s.nextID(),
		Name:       s.setName(k),
		KeyType:    nftables.TypeIPAddr,
		HasTimeout: true,
		Counter:    true,
	}
	if k.v6 {
		set.KeyType = nftables.TypeIP6Addr
	}
	// The only error is that of an anonymous set that is not constant.
	_ = s.conn.AddSet(set, nil)
	s.addRefusals(s.chain(), k, set)
	return set
}

// nextID returns what a rule names a set by that is made in the same
// transaction. The library would count in a variable that all connections
// share, without a lock.
func (s *Set) nextID() uint32 {
	s.lastID++
	return s.lastID
}

// addRefusals has the next transaction add to a chain the rules that refuse the members of the set of k.
func (s *Set) addRefusals(chain *nftables.Chain, k kind, set *nftables.Set) {
	for _, before := range s.arrivals() {
		for _, v := range s.verdicts() {
			s.conn.AddRule(&nftables.Rule{Table: table(), Chain: chain, Exprs: slices.Concat(before, v.match, s.isMember(k, set), v.verdict)})
		}
	}
}

// ruleCount is how many rules a chain has that refuses the members of so many sets.
func (s *Set) ruleCount(sets int) int {
	return len(s.portRules()) + sets*len(s.arrivals())*len(s.verdicts())
}

// isMember is: ip saddr @set counter.
func (s *Set) isMember(k kind, set *nftables.Set) []expr.Any {
	family, offset := byte(unix.NFPROTO_IPV4), uint32(12)
	if k.v6 {
		family, offset = unix.NFPROTO_IPV6, 8
	}
	size := uint32(k.length() / 8)
	exprs := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{family}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size},
	}
	if k.bits < k.length() {
		exprs = append(exprs, &expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: size,
			Mask: mask(k), Xor: make([]byte, size),
		})
	}
	return append(exprs, &expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID}, &expr.Counter{})
}

func mask(k kind) []byte {
	m := make([]byte, k.length()/8)
	for i := range k.bits {
		m[i/8] |= 0x80 >> (i % 8)
	}
	return m
}

// portRules leave packets for other ports alone, before any set is searched. They are
// functions because the set of ports has to be made in the transaction of the
// rule.
func (s *Set) portRules() []func() []expr.Any {
	if s.rule.Protocol == "all" || len(s.rule.Ports) == 0 {
		return nil
	}
	protocol := byte(unix.IPPROTO_TCP)
	if s.rule.Protocol == "udp" {
		protocol = unix.IPPROTO_UDP
	}
	loadProtocol := &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}
	leave := &expr.Verdict{Kind: expr.VerdictReturn}
	return []func() []expr.Any{
		func() []expr.Any { // meta l4proto != tcp return
			return []expr.Any{loadProtocol, &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: []byte{protocol}}, leave}
		},
		func() []expr.Any { // tcp dport != { 22, 8000-8010 } return
			set := s.portSet()
			return []expr.Any{
				loadProtocol, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
				&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
				&expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID, Invert: true},
				leave,
			}
		},
	}
}

// portSet has the next transaction make an anonymous set of the rule's ports.
func (s *Set) portSet() *nftables.Set {
	set := &nftables.Set{
		Table: table(), ID: s.nextID(), Name: "__set%d", // which the kernel fills in
		Anonymous: true, Constant: true, Interval: true,
		KeyType: nftables.TypeInetService, KeyByteOrder: binaryutil.BigEndian,
	}
	var elements []nftables.SetElement
	for _, p := range s.rule.Ports {
		elements = append(elements, nftables.SetElement{Key: binaryutil.BigEndian.PutUint16(p.First)})
		if p.Last < 65535 { // else the range ends with the ports
			elements = append(elements, nftables.SetElement{Key: binaryutil.BigEndian.PutUint16(p.Last + 1), IntervalEnd: true})
		}
	}
	_ = s.conn.AddSet(set, elements) // see buildSet
	return set
}
