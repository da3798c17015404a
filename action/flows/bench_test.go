package flows_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gaol/action/actiontest"
	"gaol/action/flows"
)

// BenchmarkTracked lists 100,000 tracked connections, of all or of one address.
func BenchmarkTracked(b *testing.B) {
	actiontest.IsolateBenchmark(b)
	actiontest.Track(b, actiontest.Clients(100_000, netip.MustParseAddrPort("192.0.2.1:443")))
	compare(b, []int{0, 1}, func(k int) (n int, err error) {
		var t flows.Tables
		err = t.Tracked(context.Background(), prefixes("10.0.1.0", k), func(flows.Flow) { n++ })
		return n, err
	})
}

// BenchmarkConnected lists 100,000 sockets, of all or of some addresses.
func BenchmarkConnected(b *testing.B) {
	actiontest.IsolateBenchmark(b)
	actiontest.Crowd(b, 50_000)
	compare(b, []int{0, 1, 8}, func(k int) (n int, err error) {
		var t flows.Tables
		err = t.Connected(context.Background(), prefixes("127.1.0.0", k), func(flows.Socket) { n++ })
		return n, err
	})
}

// compare measures lists of k addresses, 0: of all, one after the other in each round.
func compare(b *testing.B, sizes []int, list func(k int) (int, error)) {
	used := make([]time.Duration, len(sizes))
	b.ReportAllocs()
	for b.Loop() {
		for i, k := range sizes {
			began := cpu()
			if n, err := list(k); err != nil || n != k && k > 0 {
				b.Fatalf("of %d addresses: found %d, %v", k, n, err)
			}
			used[i] += cpu() - began
		}
	}
	names := map[int]string{0: "cpu-ms/all", 1: "cpu-ms/one", 8: "cpu-ms/eight"}
	for i, k := range sizes {
		b.ReportMetric(float64(used[i].Microseconds())/1000/float64(b.N), names[k])
	}
}

func prefixes(first string, n int) []netip.Prefix {
	var list []netip.Prefix
	for addr := netip.MustParseAddr(first); len(list) < n; addr = addr.Next() {
		list = append(list, netip.PrefixFrom(addr, 32))
	}
	return list
}

// cpu is what this process has used of processors, the kernel's part included.
func cpu() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
