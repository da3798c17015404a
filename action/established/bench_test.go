package established_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/established"
	"gaol/jail"
)

// BenchmarkEnd bans clients of a host that has many connections: 10,000 or 100,000 tracked ones and as many sockets. cpu-ms is
// what a look costs, and End what it costs whoever bans.
func BenchmarkEnd(b *testing.B) {
	for _, open := range []int{10_000, 100_000} {
		for _, bans := range []int{1, 100, 5000} {
			b.Run(fmt.Sprintf("open=%d/bans=%d", open, bans), func(b *testing.B) { benchmarkEnd(b, open, bans) })
		}
	}
}

func benchmarkEnd(b *testing.B, open, bans int) {
	actiontest.IsolateBenchmark(b)
	clients := actiontest.Clients(open, server)
	actiontest.Track(b, clients)
	actiontest.Crowd(b, open/2)
	reports := make(chan established.Report)
	e := established.New(func(r established.Report) { reports <- r })
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	var banned []jail.Ban
	for _, c := range clients[:bans] {
		banned = append(banned, jail.Ban{Prefix: netip.PrefixFrom(c.Client.Addr(), 32)})
	}
	rule := action.Rule{Jail: "web", Protocol: "all"}
	var used, blocked time.Duration
	for b.Loop() {
		before, began := cpu(), time.Now()
		e.End(rule, banned)
		blocked += time.Since(began)
		r := <-reports
		used += cpu() - before
		if r.Err != nil || ended(r) != bans {
			b.Fatalf("%d ended, %v", ended(r), r.Err)
		}
		actiontest.Track(b, clients[:bans])
	}
	b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "cpu-ms/look")
	b.ReportMetric(float64(blocked.Microseconds())/float64(b.N), "µs/End")
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// cpu is what this process has used of processors, the kernel's part included.
func cpu() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
