package nftables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// families are IPv4 and IPv6, told by whether they are the latter.
var families = []bool{false, true}

// setName is list4-JAIL/24/0 for generation 0 of entries of 24 bits.
func (l *List) setName(k kind) string {
	return fmt.Sprintf("list%d-%s/%d/%d", version(k.v6), l.set.name, k.bits, l.generation)
}

// spareName is spare4-JAIL/0.
func (l *List) spareName(v6 bool) string {
	return fmt.Sprintf("spare%d-%s/%d", version(v6), l.set.name, l.generation)
}

func version(v6 bool) int {
	if v6 {
		return 6
	}
	return 4
}

// setNames are those of all sets, in the order of makeSets.
func (l *List) setNames() []string {
	var names []string
	for _, k := range l.kinds {
		names = append(names, l.setName(k))
	}
	return append(names, l.spareName(false), l.spareName(true))
}

// isOurs says whether a set of that name is one of the list's.
func (l *List) isOurs(name string) bool {
	name, _, _ = strings.Cut(name, "/")
	what, jail, _ := strings.Cut(name, "-")
	return jail == l.set.name && slices.Contains([]string{"list4", "list6", "spare4", "spare6"}, what)
}

// addRules has the next transaction add the rules that refuse what is in the sets, which are as makeSets has made them.
func (l *List) addRules(chain *nftables.Chain, sets []*nftables.Set) {
	s := l.set
	add := func(exprs ...expr.Any) { s.conn.AddRule(&nftables.Rule{Table: table(), Chain: chain, Exprs: exprs}) }
	s.addPortRules(chain)
	byKind, spared := sets[:len(l.kinds)], sets[len(l.kinds):]
	leave := &expr.Verdict{Kind: expr.VerdictReturn}
	for i, v6 := range families {
		unlisted := loadSource(v6)
		for j, k := range l.kinds {
			if k.v6 == v6 {
				unlisted = append(unlisted, isNoMember(k, byKind[j])...)
			}
		}
		add(append(unlisted, leave)...)
		add(append(loadSource(v6), &expr.Lookup{SourceRegister: 1, SetName: spared[i].Name, SetID: spared[i].ID}, leave)...)
	}
	for _, before := range s.arrivals() {
		for _, v := range s.verdicts() {
			add(slices.Concat(before, v.match, []expr.Any{&expr.Counter{}}, v.verdict)...)
		}
	}
}

// ruleCount is how many rules addRules adds.
func (l *List) ruleCount() int {
	return len(l.set.portRules()) + 2*len(families) + len(l.set.arrivals())*len(l.set.verdicts())
}

// isNoMember is: ip saddr & MASK != @set, of the address in register 1.
func isNoMember(k kind, set *nftables.Set) []expr.Any {
	lookup := &expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID, Invert: true}
	if k.bits == k.length() {
		return []expr.Any{lookup}
	}
	lookup.SourceRegister = 2
	size := uint32(k.length() / 8)
	return []expr.Any{&expr.Bitwise{SourceRegister: 1, DestRegister: 2, Len: size, Mask: mask(k), Xor: make([]byte, size)}, lookup}
}

// loadSource puts the source of a family's packets into register 1.
func loadSource(v6 bool) []expr.Any {
	family, offset, size := byte(unix.NFPROTO_IPV4), uint32(12), uint32(4)
	if v6 {
		family, offset, size = unix.NFPROTO_IPV6, 8, 16
	}
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{family}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size},
	}
}
