package jail_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// failureOf is a failure of host number n at that time.
func failureOf(n int, at time.Time) filter.Failure {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], uint32(0x0b000000+n))
	return filter.Failure{
		Prefix: netip.PrefixFrom(netip.AddrFrom4(a), 32), Time: at, Read: at, User: "root",
		Lines: []string{"Mar 10 21:31:23 host sshd[1234]: Failed password for root from 203.0.113.77 port 51234 ssh2"},
	}
}

func benchOptions() jail.Options {
	return jail.Options{Name: "bench", MaxRetry: 5, FindTime: 10 * time.Minute, BanTime: time.Second}
}

func BenchmarkObserve(b *testing.B) {
	for _, hosts := range []int{10, 1_000_000} {
		b.Run(strconv.Itoa(hosts), func(b *testing.B) {
			j := newJail(b, benchOptions())
			now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
			for n := range hosts {
				j.Observe(failureOf(n, now))
			}
			// Each host fails every third minute, and so is never banned.
			failures := make([]filter.Failure, min(hosts, 10_000))
			for i := range failures {
				failures[i] = failureOf(i*7919%hosts, now)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i++; i == len(failures) {
					i = 0
					now = now.Add(3 * time.Minute)
				}
				f := failures[i]
				f.Time, f.Read = now, now
				j.Observe(f)
			}
		})
	}
}

// BenchmarkCrowd is a failure of a host that is not known while the table is full: another one leaves.
func BenchmarkCrowd(b *testing.B) {
	for _, full := range []int{100, 1_000_000} {
		b.Run(strconv.Itoa(full), func(b *testing.B) {
			opts := benchOptions()
			opts.MaxHosts = full
			j := newJail(b, opts)
			now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
			n := 0
			for ; n < full; n++ {
				j.Observe(failureOf(n, now))
			}
			b.ReportAllocs()
			for b.Loop() {
				j.Observe(failureOf(n, now))
				n++
			}
		})
	}
}

// BenchmarkMemory measures what a million hosts with one failure each take.
func BenchmarkMemory(b *testing.B) {
	for name, host := range map[string]func(int) netip.Prefix{
		"IPv4": func(n int) netip.Prefix { return failureOf(n, time.Time{}).Prefix },
		"IPv6": func(n int) netip.Prefix {
			var a [16]byte
			binary.BigEndian.PutUint64(a[:], 0x20010db8_00000000+uint64(n)*4099)
			return netip.PrefixFrom(netip.AddrFrom16(a), 64)
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				before := heapInUse()
				j := newJail(b, benchOptions())
				now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
				for n := range 1_000_000 {
					f := failureOf(n, now)
					f.Prefix = host(n)
					j.Observe(f)
				}
				b.ReportMetric(float64(heapInUse()-before)/1e6, "B/host")
				runtime.KeepAlive(j)
			}
		})
	}
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkHotHost is one host that fails at each line and is never banned.
func BenchmarkHotHost(b *testing.B) {
	opts := benchOptions()
	opts.MaxRetry, opts.BanTime = 1000, time.Nanosecond
	j := newJail(b, opts)
	now := time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		j.Observe(failureOf(0, now))
	}
}

// BenchmarkIgnore asks for a different address each time, so that no guess of the processor
// about the next one is right.
func BenchmarkIgnore(b *testing.B) {
	for _, family := range []string{"IPv4", "IPv6"} {
		for _, entries := range []int{10, 1000, 100_000, 1_000_000} {
			b.Run(family+"/"+strconv.Itoa(entries), func(b *testing.B) {
				random := rand.New(rand.NewPCG(1, 2))
				list := make([]string, entries)
				for i := range list {
					list[i] = randomAddr(random, family).String()
				}
				ig, err := jail.NewIgnore(list, jail.IgnoreOptions{})
				if err != nil {
					b.Fatal(err)
				}
				asked := make([]netip.Prefix, 1<<13)
				for i := range asked {
					a := randomAddr(random, family)
					asked[i] = netip.PrefixFrom(a, a.BitLen())
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					ig.Overlaps(asked[i%len(asked)])
				}
			})
		}
	}
}

// randomAddr is one of 2^28 addresses, or of 2000::/3.
func randomAddr(random *rand.Rand, family string) netip.Addr {
	if family == "IPv4" {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 0x10000000|random.Uint32()>>4)
		return netip.AddrFrom4(a)
	}
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], 1<<61|random.Uint64()>>3)
	return netip.AddrFrom16(a)
}
