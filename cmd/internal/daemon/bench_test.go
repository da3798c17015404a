package daemon_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/cmd/internal/control"
)

func BenchmarkBanNFTables(b *testing.B) { benchmarkBan(b, "nftables", "", "") }
func BenchmarkBanIPTables(b *testing.B) { benchmarkBan(b, "iptables", "iptables-nft", "ip6tables-nft") }
func BenchmarkBanLegacyIPTables(b *testing.B) {
	benchmarkBan(b, "iptables", "iptables-legacy", "ip6tables-legacy")
}

// benchmarkBan measures from the writing of the fifth line to the news that the kernel holds the
// ban, all of the daemon and its socket included. Run with -benchtime=200x.
func benchmarkBan(b *testing.B, backend, iptables, ip6tables string) {
	actiontest.IsolateBenchmark(b)
	s := newSite(b, oneJail("app", fmt.Sprintf("banaction = %q", backend)))
	path := os.Getenv("PATH")
	if iptables != "" {
		path = only(b, iptables, ip6tables) + ":" + path
	}
	s.start("PATH=" + path)
	held := make(chan string, 1)
	listening := make(chan struct{})
	go s.client.Events(b.Context(), func() { close(listening) }, func(e control.Event) error {
		if e.Enforced {
			held <- e.Prefix
		}
		return nil
	})
	<-listening
	var took []time.Duration
	for b.Loop() {
		n := len(took)
		address := fmt.Sprintf("100.64.%d.%d", n/250, n%250)
		s.append("app.log", failures(4, address))
		// It waits for nothing: the four may be read together with the fifth.
		begin := time.Now()
		s.append("app.log", failures(1, address))
		if got := <-held; got != address+"/32" {
			b.Fatalf("held is %s, not %s", got, address)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
