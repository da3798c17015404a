package actiontest

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// ListSize is how many entries the benchmarks of lists have.
const ListSize = 500_000

// BenchmarkList loads a list, and meanwhile bans one address after the other with bans, the same firewall's
// action. It reports the memory that the kernel needs for the list, and how long the bans took.
func BenchmarkList(b *testing.B, l action.Blocker, bans action.Action) {
	prefixes := RandomPrefixes(ListSize, 3)
	ctx := context.Background()
	if err := bans.Start(ctx); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		before := kernelMemory(b)
		stop, took := make(chan struct{}), make(chan []time.Duration)
		go func() { took <- banUntil(stop, bans) }()
		b.StartTimer()
		if err := l.Replace(ctx, action.Refusals{Prefixes: prefixes}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		close(stop)
		times := <-took
		b.ReportMetric(float64(kernelMemory(b)-before)/1024, "kernel-MiB")
		b.ReportMetric(float64(Quantile(times, 0.99).Microseconds())/1000, "ban-p99-ms")
		b.ReportMetric(float64(Quantile(times, 1).Microseconds())/1000, "ban-max-ms")
		if err := l.Stop(ctx); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	if err := bans.Stop(ctx); err != nil {
		b.Fatal(err)
	}
}

// banUntil bans an address every 5 ms, and returns how long each took.
func banUntil(stop chan struct{}, bans action.Action) (times []time.Duration) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return times
		case <-ticker.C:
		}
		ban := Ban("198.51.100."+strconv.Itoa(i%256), time.Hour)
		began := time.Now()
		if err := bans.Ban(context.Background(), []jail.Ban{ban}, began); err == nil {
			times = append(times, time.Since(began))
		}
	}
}

// BenchmarkListTool is a list's rival: program fed script in the namespace, and then reset.
func BenchmarkListTool(b *testing.B, script string, program []string, reset []string) {
	for b.Loop() {
		b.StopTimer()
		before := kernelMemory(b)
		b.StartTimer()
		cmd := exec.Command(program[0], program[1:]...)
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %v: %.500s", program, err, out)
		}
		b.StopTimer()
		b.ReportMetric(float64(kernelMemory(b)-before)/1024, "kernel-MiB")
		if out, err := exec.Command(reset[0], reset[1:]...).CombinedOutput(); err != nil {
			b.Fatalf("%v: %v: %.500s", reset, err, out)
		}
		b.StartTimer()
	}
}

// Quantile is the time that the part q of times does not exceed; 0 of none. It sorts times.
func Quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(int(q*float64(len(times))), len(times)-1)]
}

// kernelMemory is what the kernel has for itself, in KiB: slabs, and what vmalloc has given out (proc_meminfo(5)).
func kernelMemory(b *testing.B) (kib int) {
	b.Helper()
	time.Sleep(300 * time.Millisecond) // what was removed is given back by a worker
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if fields[0] == "Slab:" || fields[0] == "VmallocUsed:" {
			n, err := strconv.Atoi(fields[1])
			if err != nil {
				b.Fatal(err)
			}
			kib += n
		}
	}
	return kib
}
