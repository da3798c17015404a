package actiontest

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Load is how many bans BenchmarkLoad hands to an action at once.
const Load = 50_000

// LoadPrefixes are the prefixes of those bans: two of three are IPv4 addresses, the others
// IPv6 networks.
func LoadPrefixes() []netip.Prefix {
	prefixes := make([]netip.Prefix, 0, Load)
	for i := range Load {
		high, low := byte(i>>8), byte(i)
		if i%3 == 2 {
			addr := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 0, high, low})
			prefixes = append(prefixes, netip.PrefixFrom(addr, 64))
			continue
		}
		prefixes = append(prefixes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, high, low}), 32))
	}
	return prefixes
}

// BenchmarkLoad measures how long an action takes to start and to take Load
// bans, as gaol does when it is started.
func BenchmarkLoad(b *testing.B, a action.Action) {
	now := time.Now()
	bans := make([]jail.Ban, 0, Load)
	for _, p := range LoadPrefixes() {
		bans = append(bans, jail.Ban{Prefix: p, Start: now, End: now.Add(time.Hour)})
	}
	var starting, banning time.Duration
	for b.Loop() {
		began := time.Now()
		if err := a.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		started := time.Now()
		if err := a.Ban(b.Context(), bans, now); err != nil {
			b.Fatal(err)
		}
		starting += started.Sub(began)
		banning += time.Since(started)
		b.StopTimer()
		if err := a.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(starting.Microseconds())/float64(b.N)/1000, "ms/start")
	b.ReportMetric(float64(banning.Microseconds())/float64(b.N)/1000, "ms/load")
}

// BenchmarkBan measures one ban at a time, beside 10,000 that are in force, and
// reports the median and the 99th percentile.
func BenchmarkBan(b *testing.B, a action.Action) {
	now := time.Now()
	if err := a.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = a.Stop(b.Context()) }) // the namespace ends anyway
	var bans []jail.Ban
	for _, p := range LoadPrefixes() {
		bans = append(bans, jail.Ban{Prefix: p, Start: now, End: now.Add(time.Hour)})
	}
	if err := a.Ban(b.Context(), bans[:10_000], now); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		ban := bans[10_000+i%40_000]
		began := time.Now()
		if err := a.Ban(b.Context(), []jail.Ban{ban}, now); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "µs/p50")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "µs/p99")
}

// BenchmarkCheck measures what the Runner does twice a second for each jail: a check, and a
// look for a sample of 8 bans among 10,000.
func BenchmarkCheck(b *testing.B, a action.Action) {
	now := time.Now()
	var bans []jail.Ban
	for _, p := range LoadPrefixes()[:10_000] {
		bans = append(bans, jail.Ban{Prefix: p, Start: now, End: now.Add(time.Hour)})
	}
	if err := errors.Join(a.Start(b.Context()), a.Ban(b.Context(), bans, now)); err != nil {
		b.Fatal(err)
	}
	sample := LoadPrefixes()[100:108]
	for b.Loop() {
		if err := a.(action.Checker).Check(b.Context()); err != nil {
			b.Fatal(err)
		}
		if missing, err := a.(action.Prober).Missing(b.Context(), sample); err != nil || len(missing) > 0 {
			b.Fatal(missing, err)
		}
	}
}
