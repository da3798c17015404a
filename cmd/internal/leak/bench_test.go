package leak_test

import (
	"net/netip"
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/flows"
	"gaol/cmd/internal/leak"
)

// BenchmarkCollect looks for connections of three addresses among 100,000 sockets and as many tracked connections.
func BenchmarkCollect(b *testing.B) {
	actiontest.IsolateBenchmark(b)
	actiontest.Crowd(b, 50_000)
	actiontest.Track(b, actiontest.Clients(100_000, netip.MustParseAddrPort("192.0.2.1:443")))
	var questions []leak.Question
	for _, addr := range []string{"127.1.0.1/32", "10.0.1.0/32", "203.0.113.7/32"} {
		questions = append(questions, leak.Question{
			Prefix: netip.MustParsePrefix(addr), Rule: action.Rule{Jail: "web", Ports: []action.Port{{First: 443, Last: 443}}},
			Trusts: func(netip.Addr) bool { return false },
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		facts := leak.Collect(b.Context(), &flows.Tables{}, questions)
		if facts[0].Blind != nil || len(facts[0].Conns) == 0 || len(facts[1].Conns) != 1 || len(facts[2].Conns) != 0 {
			b.Fatalf("got %+v", facts)
		}
	}
}
