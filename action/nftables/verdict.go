package nftables

import (
	"strings"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"gaol/action"
)

// verdict is what becomes of the packets of the banned that match.
type verdict struct {
	match, verdict []expr.Any
}

// verdicts are in the order in which packets meet them; the last matches all.
func (s *Set) verdicts() []verdict {
	reject := verdict{verdict: []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_PORT_UNREACH}}}
	switch s.rule.Block {
	case action.Drop, action.Tarpit:
		return []verdict{{verdict: []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}}}
	case action.Reset:
		// meta l4proto tcp … reject with tcp reset
		return []verdict{{
			match: []expr.Any{
				&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
			},
			verdict: []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}},
		}, reject}
	default:
		return []verdict{reject}
	}
}

// Notes implements action.Noter.
func (s *Set) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rule.Block == action.Tarpit {
		return []string{"packets are dropped instead of held in a tarpit, which nftables has not: see docs/firewall.md"}
	}
	return nil
}

// arrivals select the packets that come in through the rule's interfaces, one after the other; of all, if it names none.
func (s *Set) arrivals() [][]expr.Any {
	if len(s.rule.Interfaces) == 0 {
		return [][]expr.Any{nil}
	}
	var arrivals [][]expr.Any
	for _, name := range s.rule.Interfaces {
		arrivals = append(arrivals, []expr.Any{
			&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: nameBytes(name)},
		})
	}
	return arrivals
}

// nameBytes is what the name of an interface is compared with: all of its IFNAMSIZ bytes, or those that
// stand before a "+".
func nameBytes(name string) []byte {
	if before, ok := strings.CutSuffix(name, "+"); ok {
		return []byte(before)
	}
	data := make([]byte, unix.IFNAMSIZ)
	copy(data, name)
	return data
}
