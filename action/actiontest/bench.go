package actiontest

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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

// BenchmarkLoad measures how long an action takes to start, to take Load bans, as gaol does when it is
// started, and to lift them; by the clock and of this process's processor time.
func BenchmarkLoad(b *testing.B, a action.Action) {
	now := time.Now()
	bans := make([]jail.Ban, 0, Load)
	for _, p := range LoadPrefixes() {
		bans = append(bans, jail.Ban{Prefix: p, Start: now, End: now.Add(time.Hour)})
	}
	var starting, banning, unbanning stopwatch
	for b.Loop() {
		starting.time(b, func() error { return a.Start(b.Context()) })
		banning.time(b, func() error { return a.Ban(b.Context(), bans, now) })
		b.StopTimer()
		unbanning.time(b, func() error { return a.Unban(b.Context(), bans) })
		if err := a.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	starting.report(b, "start")
	banning.report(b, "load")
	unbanning.report(b, "unload")
}

// stopwatch sums up what is timed.
type stopwatch struct{ wall, cpu time.Duration }

func (s *stopwatch) time(b *testing.B, do func() error) {
	b.Helper()
	cpu, began := cpuUsed(b), time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	s.wall += time.Since(began)
	s.cpu += cpuUsed(b) - cpu
}

func (s *stopwatch) report(b *testing.B, what string) {
	b.ReportMetric(float64(s.wall.Microseconds())/float64(b.N)/1000, "ms/"+what)
	b.ReportMetric(float64(s.cpu.Microseconds())/float64(b.N)/1000, "cpu-ms/"+what)
}

// cpuUsed is the processor time of this process so far, user and system.
func cpuUsed(b *testing.B) time.Duration {
	b.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
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
